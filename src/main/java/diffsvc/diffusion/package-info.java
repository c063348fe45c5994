/**
 * Noise in, singing out, one small step at a time. In: cond [B, H, T] from {@link diffsvc.diffusion.embedding}. Out:
 * mel [B, T, M], log10. Read {@link diffsvc.diffusion.wavenet}, then {@link diffsvc.diffusion.NoiseSchedule}, one
 * sampler ({@link diffsvc.diffusion.Plms}, {@link diffsvc.diffusion.Ddpm}), then {@link diffsvc.diffusion.Denoising},
 * the one loop that serves them all.
 */
package diffsvc.diffusion;
