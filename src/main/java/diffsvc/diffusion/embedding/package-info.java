/**
 * The condition of the denoiser. In: {@link diffsvc.conds.Conds2Tensor.Conds}. Out: cond [B, T, H] and f0_denorm [B,
 * T]. Read {@link diffsvc.diffusion.embedding.EmbeddingModel}.
 */
package diffsvc.diffusion.embedding;
