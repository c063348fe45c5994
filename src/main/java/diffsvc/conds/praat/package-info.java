/**
 * F0 by autocorrelation, without weights. In: a signal at the voice's rate. Out: {@link diffsvc.conds.F0Track}, Hz and
 * voicing on the mel's frames. Read {@link diffsvc.conds.praat.PraatPitch}.
 */
package diffsvc.conds.praat;
