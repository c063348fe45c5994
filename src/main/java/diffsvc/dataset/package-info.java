/**
 * From a folder of recordings to what training reads. In: wave files. Out: a folder with safetensors shards (mel [T, M]
 * log10, f0Hz [T], units [P, H] of every clip), {@code index.json}, {@code report.csv} and {@code hparams.yaml} with
 * the mel range and the F0 that were met. Read {@link diffsvc.dataset.Preprocessing}, then
 * {@link diffsvc.dataset.Dataset}, then {@link diffsvc.dataset.Batches}.
 */
package diffsvc.dataset;
