/**
 * In: wave [1, 1, N] at 16 kHz. Out: units [1, P, H], 50 a second. Read {@link diffsvc.conds.hubert.HubertSoft} from
 * top to bottom.
 */
package diffsvc.conds.hubert;
