/**
 * Whose voice is it? In: recordings at 16 kHz. Out: an {@link diffsvc.evaluate.identity.Embedding} each, whose cosines
 * say how alike two voices are. Read {@link diffsvc.evaluate.identity.SpeakerEncoder}, then
 * {@link diffsvc.evaluate.identity.IdentityJudge}.
 */
package diffsvc.evaluate.identity;
