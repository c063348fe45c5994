/**
 * How the voices come to be. {@link diffsvc.training.JointTraining} trains embedding and denoiser by one backward pass,
 * {@link diffsvc.training.ContentTraining} the demo's content encoder; {@link diffsvc.training.AdamW} serves both.
 * {@link diffsvc.training.TrainingRun} goes from update to update, {@link diffsvc.training.Checkpoints} keep what it
 * needs to go on, {@link diffsvc.training.Ledger} what it did, {@link diffsvc.training.Voice} saves the pair.
 */
package diffsvc.training;
