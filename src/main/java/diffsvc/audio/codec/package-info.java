/**
 * Formats that need a decoder: {@link diffsvc.audio.codec.Codec} starts {@link diffsvc.audio.codec.Transcoder} in a
 * Java process of its own, where FFmpeg's native code meets files that nobody here has made. Between the two lie WAV
 * files. {@code MpegFrames} and {@code DataChunk} look for a file's end where the decoder does not.
 */
package diffsvc.audio.codec;
