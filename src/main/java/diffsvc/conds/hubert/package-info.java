/**
 * Content by HuBERT-soft. In: a {@link diffsvc.audio.Wave}, or a file of another encoder's units
 * ({@link diffsvc.conds.hubert.UnitsFile}). Out: units [1, P, H], 50 per second. Read
 * {@link diffsvc.conds.hubert.HubertSoft} from top to bottom.
 */
package diffsvc.conds.hubert;
