/**
 * Mel and F0 to a wave. In: a mel [1, T, M], log10, f0Hz [T], voiced [T]. Out: a {@link diffsvc.audio.Wave} of N
 * samples. Read {@link diffsvc.vocoder.Vocoder}, then {@link diffsvc.vocoder.SourceFilter}, which needs no weights, and
 * {@link diffsvc.vocoder.HifiGan}.
 */
package diffsvc.vocoder;
