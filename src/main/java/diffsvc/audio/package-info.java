/**
 * Files to waves and back. In: a recording of any kind ({@link diffsvc.audio.AudioFile}), within the bounds of
 * {@link diffsvc.audio.Recording}. Out: {@link diffsvc.audio.Wave}, all channels in [-1, 1] with the rate that belongs
 * to them; a stage that wants mono or another rate says so. Read {@link diffsvc.audio.WavReader},
 * {@link diffsvc.audio.Resampler}, then {@link diffsvc.audio.WaveWriter}.
 */
package diffsvc.audio;
