/**
 * From a folder of recordings to what training reads. In: recordings (WAV, FLAC, MP3 ...). Out: a folder with
 * safetensors shards (mel [T, M] log10, f0Hz [T], units [P, H] of every clip), {@code index.json}, {@code report.csv},
 * {@code hparams.yaml} and {@code mel_range.yaml} with the mel range and the distribution of F0 of the training part.
 * Read {@link diffsvc.dataset.Preprocessing}, then {@link diffsvc.dataset.Dataset}, then
 * {@link diffsvc.dataset.Batches}.
 */
package diffsvc.dataset;
