/**
 * How the voices come to be. {@link diffsvc.training.JointTraining} trains embedding and denoiser by one backward pass,
 * {@link diffsvc.training.ContentTraining} the demo's content encoder; {@link diffsvc.training.AdamW} serves both.
 * {@link diffsvc.training.Dataset} holds the clips, {@link diffsvc.training.Voice} saves and opens the pair.
 */
package diffsvc.training;
