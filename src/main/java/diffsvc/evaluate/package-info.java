/**
 * Judges of a conversion that know nothing of how it was made. In: a {@link diffsvc.evaluate.Subject}, an output with
 * the song, the target's recordings and the words that it may be compared with. Out: {@link diffsvc.evaluate.Figure}s.
 * Read {@link diffsvc.evaluate.Judge}, then {@link diffsvc.evaluate.JudgeKind}, which lists the judges.
 */
package diffsvc.evaluate;
