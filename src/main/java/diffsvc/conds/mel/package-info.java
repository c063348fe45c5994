/**
 * In: wave [N] at the model's rate. Out: mel [T, M], log10, T = floor(N / hop) at 44.1 kHz. Read
 * {@link diffsvc.conds.mel.MelSpectrogram}.
 */
package diffsvc.conds.mel;
