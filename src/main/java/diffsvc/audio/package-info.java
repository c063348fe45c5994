/**
 * Recordings to waves and back. In: a file of any container, decoded by {@link diffsvc.audio.WavReader} or FFmpeg
 * ({@link diffsvc.audio.Codec}), within the bounds of {@link diffsvc.audio.Recording}. Out: {@link diffsvc.audio.Wave},
 * all channels with their rate; WAV and FLAC files ({@link diffsvc.audio.WaveWriter}); a long recording cut at its
 * silences ({@link diffsvc.audio.Slicer}). Read {@link diffsvc.audio.AudioFile} first, then
 * {@link diffsvc.audio.Resampler}.
 */
package diffsvc.audio;
