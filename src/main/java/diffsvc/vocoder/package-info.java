/**
 * Mel and F0 to a wave. In: mel [T, M] log10, f0Hz [T], voiced [T]. Out: wave [N]. Read
 * {@link diffsvc.vocoder.SourceFilter}, which needs no weights.
 */
package diffsvc.vocoder;
