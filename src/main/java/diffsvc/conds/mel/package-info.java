/**
 * Wave to mel. In: a signal [N] at the voice's rate. Out: a mel [1, T, M], log10; T = floor(N / hop) at 44.1 kHz, T = 1
 * + floor(N / hop) at 24 kHz. Read {@link diffsvc.conds.mel.FrontEnd}, then {@link diffsvc.conds.mel.MelSpectrogram}.
 */
package diffsvc.conds.mel;
