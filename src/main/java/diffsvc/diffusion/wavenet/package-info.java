/**
 * In: noisy mel [B, 1, M, T], step [B], cond [B, H, T]. Out: the noise in it, [B, 1, M, T]. Read
 * {@link diffsvc.diffusion.wavenet.WaveNet}.
 */
package diffsvc.diffusion.wavenet;
