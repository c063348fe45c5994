/**
 * Judges whose networks learned from listeners' opinions of speech. In: the output alone, at 16 kHz. Out: mean opinion
 * scores, 1 to 5. Read {@link diffsvc.evaluate.quality.DnsMosJudge} and
 * {@link diffsvc.evaluate.quality.DistillMosJudge} (which parts of a song are scored), then {@code DnsMos} and
 * {@link diffsvc.evaluate.quality.DistillMos} (the networks).
 */
package diffsvc.evaluate.quality;
