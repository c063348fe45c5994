/**
 * What is sung, without who sings it (the drawing's conds_before_embedding). Each sub model has a folder:
 * {@link diffsvc.conds.mel} (wave to mel), {@link diffsvc.conds.praat} (wave to F0 and voicing),
 * {@link diffsvc.conds.hubert} (16 kHz wave to units). {@link diffsvc.conds.Conds2Tensor} then brings units and F0 to
 * the mel's clock; it opens no file.
 */
package diffsvc.conds;
