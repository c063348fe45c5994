/**
 * A workbench for diffusion singing voice conversion: a song goes in, the same song comes out in another voice.
 *
 * <p>Letters used everywhere: B batch, N samples, P content frames (50 per second), T mel frames, M mel bins, H
 * condition width, C channels of the denoiser, S diffusion steps.
 *
 * <p>The data flows from {@link diffsvc.audio} (file to wave) through {@link diffsvc.conds} (wave to mel, F0 and units,
 * then tensors on the mel's clock), {@link diffsvc.diffusion.embedding} (tensors to condition) and
 * {@link diffsvc.diffusion} (noise and condition to mel) to {@link diffsvc.vocoder} (mel and F0 to wave).
 * {@link diffsvc.voice} holds one voice's networks and offers each of these stages as one call.
 */
package diffsvc;
