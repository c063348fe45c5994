/**
 * Formats that need a decoder: {@link diffsvc.audio.codec.Codec} starts {@link diffsvc.audio.codec.Transcoder} in a Java process of its own, where FFmpeg's native
 * code meets files that nobody here has made. Between the two lie WAV files.
 */
package diffsvc.audio.codec;
