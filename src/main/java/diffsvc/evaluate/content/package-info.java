/**
 * Are the words still there? In: an output, and the song or the lyrics. Out: word, character and phone error rates.
 * {@link diffsvc.evaluate.content.TranscriptJudge} asks an independent {@link diffsvc.evaluate.content.Recognizer},
 * {@link diffsvc.evaluate.content.PhoneJudge} this project's own content encoder. Read
 * {@link diffsvc.evaluate.content.ErrorRate} first.
 */
package diffsvc.evaluate.content;
