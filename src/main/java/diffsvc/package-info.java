/**
 * A workbench for diffusion singing voice conversion: a song goes in, the same song comes out in another voice.
 *
 * <p>Letters used everywhere: B batch, N samples, P content frames (50 a second), T mel frames, M mel bins, H condition width, C channels of
 * the denoiser, S diffusion steps.
 *
 * <p>The way the data flows: {@link diffsvc.audio} (file to wave) - {@link diffsvc.conds} (wave to mel, F0, units; then tensors on the mel's clock) -
 * {@link diffsvc.diffusion.embedding} (tensors to condition) - {@link diffsvc.diffusion} (noise and condition to mel) - {@link diffsvc.vocoder} (mel and
 * F0 to wave). {@link diffsvc.DiffSvc} is the session that holds one voice's models and offers each of these as one call.
 */
package diffsvc;
