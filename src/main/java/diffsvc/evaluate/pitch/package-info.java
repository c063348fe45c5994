/**
 * Pitch of an output against the song and the melody. In: {@link diffsvc.conds.F0Track}s. Out: accuracies, errors,
 * vibrato, drift. Read {@link diffsvc.evaluate.pitch.PitchJudge}; {@link diffsvc.evaluate.pitch.Deviation} is the error
 * over time.
 */
package diffsvc.evaluate.pitch;
