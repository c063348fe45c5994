/**
 * A song of any length, file to file. In: a recording. Out: the recording in another voice, round(seconds x rate)
 * samples, and a manifest of how it was made. {@link diffsvc.infer.Slice} cuts at silences and where a phrase is too
 * long, {@link diffsvc.infer.SliceJoiner} converts slice by slice and joins them, {@link diffsvc.infer.Join} checks the
 * joins. {@link diffsvc.infer.Inference} runs all of it and writes the {@link diffsvc.infer.Manifest}.
 */
package diffsvc.infer;
