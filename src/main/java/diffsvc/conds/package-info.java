/**
 * Content, F0 and loudness of a recording, without its speaker (the drawing's conds_before_embedding). In: a
 * {@link diffsvc.audio.Wave}. Out: {@link diffsvc.conds.Conds2Tensor.Conds} on the mel's frames. Each model has a
 * folder: {@link diffsvc.conds.mel} (wave to mel), {@link diffsvc.conds.praat} and {@link diffsvc.conds.crepe} (wave to
 * F0 and voicing, both a {@link diffsvc.conds.PitchExtractor}), {@link diffsvc.conds.hubert} (wave to units, a
 * {@link diffsvc.conds.ContentEncoder}), {@link diffsvc.conds.pitchextractor} (sampled mel to the vocoder's F0). Read
 * the two interfaces, then {@link diffsvc.conds.Conds2Tensor}, which aligns units and F0 with the mel and opens no
 * file.
 */
package diffsvc.conds;
