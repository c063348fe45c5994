/**
 * F0 from a mel, for 24 kHz voices with pitch.pe_enable. In: a sampled mel [B, T, M], log10. Out: F0 [B, T], Hz. Read
 * {@link diffsvc.conds.pitchextractor.XiaomaPe}.
 */
package diffsvc.conds.pitchextractor;
