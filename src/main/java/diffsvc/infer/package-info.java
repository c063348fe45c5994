/**
 * A whole song, however long, file to file. In: a recording. Out: the recording in another voice, round(seconds x rate)
 * samples, and a manifest of what happened. {@link diffsvc.song.Part} cuts at silences and where a phrase is too long;
 * {@link diffsvc.song.Joining} has each part sung and joins them while they come; {@link diffsvc.song.Seam} listens to
 * the joins. {@link diffsvc.song.Inference} walks all of it and writes the {@link diffsvc.song.Manifest}.
 */
package diffsvc.infer;
