/**
 * What the samples alone say: loudness, clipping, clicks, harmonics-to-noise; and distances of spectrum, level and time
 * from the song. In: {@link diffsvc.audio.Wave} or {@link diffsvc.evaluate.Sound}. Read
 * {@link diffsvc.evaluate.signal.SignalJudge} and {@link diffsvc.evaluate.signal.SpectrumJudge}, then the class of a
 * figure.
 */
package diffsvc.evaluate.signal;
