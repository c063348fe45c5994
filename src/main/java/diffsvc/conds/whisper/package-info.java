/**
 * Content by Whisper's encoder. In: a {@link diffsvc.audio.Wave}. Out: units [1, P, H], 50 per second. Read
 * {@link diffsvc.conds.whisper.WhisperEncoder} from top to bottom; {@link diffsvc.conds.whisper.WhisperFile} knows the
 * files of three programs.
 */
package diffsvc.conds.whisper;
