/**
 * Diffusion: from noise to a mel, step by step.
 *
 * <p>In: a condition from {@link diffsvc.diffusion.embedding} as cond [B, H, T]; a start x [B, 1, M, T], which is pure
 * noise, or the normalised mel of the source with noise mixed in ({@link diffsvc.diffusion.NoiseSchedule#noised}). Out:
 * x [B, 1, M, T] at time 0 in [-1, 1], which {@link diffsvc.diffusion.MelRange#denorm} turns into a mel [B, T, M],
 * log10.
 *
 * <p>A denoiser predicts eps, v or F of x; {@link diffsvc.diffusion.Prediction} turns each into the noise, before any
 * sampler sees it. {@link diffsvc.diffusion.SamplingRange} says which of the S diffusion steps are sampled,
 * {@link diffsvc.diffusion.Spacing} how a number of evaluations is spread over them. A
 * {@link diffsvc.diffusion.Sampler} takes one step at a time ({@link diffsvc.diffusion.Samplers} lists them by name);
 * {@link diffsvc.diffusion.Denoising} is the loop for all of them, and a {@link diffsvc.diffusion.StepListener} sees
 * each step.
 *
 * <p>Read {@link diffsvc.diffusion.wavenet}, then {@link diffsvc.diffusion.NoiseSchedule}, one sampler
 * ({@link diffsvc.diffusion.Ddim}, {@link diffsvc.diffusion.Plms}, {@link diffsvc.diffusion.Ddpm}), then
 * {@link diffsvc.diffusion.Denoising}.
 */
package diffsvc.diffusion;
