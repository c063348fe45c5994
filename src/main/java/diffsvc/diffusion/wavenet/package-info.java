/**
 * The denoiser. In: noisy mel [B, 1, M, T], diffusion step [B], cond [B, H, T]. Out: the noise in it, [B, 1, M, T], or
 * what else the voice predicts ({@link diffsvc.diffusion.Prediction}). Read {@link diffsvc.diffusion.wavenet.WaveNet}.
 */
package diffsvc.diffusion.wavenet;
