/**
 * An open voice and what it makes of a song. {@link diffsvc.voice.Voice} holds networks and settings and offers each
 * stage as one call; {@link diffsvc.voice.Conversion} runs the stages in order, each when it is first asked for, and
 * {@link diffsvc.voice.Stages} are its values by name, for {@code numpy.load} and for {@link diffsvc.voice.Compare}.
 * {@link diffsvc.voice.ModelFiles} finds a voice's files, {@link diffsvc.voice.Pairing} checks that they fit together.
 */
package diffsvc.voice;
