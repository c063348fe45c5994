/**
 * Training. In: a {@link diffsvc.dataset.Dataset}. Out: a voice (embedding and denoiser), with checkpoints on the way.
 *
 * <p>{@link diffsvc.training.JointTraining} trains embedding and denoiser by one backward pass,
 * {@link diffsvc.training.TrainingRun} goes from update to update, and {@link diffsvc.training.TrainingLoop} saves,
 * validates and writes metrics on the way, in a {@link diffsvc.training.RunFolder}. {@link diffsvc.training.RunStart}
 * decides what a run begins with, {@link diffsvc.training.BatchFit} its batch. {@link diffsvc.training.Checkpoints}
 * hold what a resumed run needs, {@link diffsvc.training.MetricsCsv} the numbers of each update, and
 * {@link diffsvc.training.VoiceWriter} saves the pair. {@link diffsvc.training.ContentTraining} trains the demo's
 * content encoder; {@link diffsvc.training.AdamW} serves both. Read TrainingRun first.
 */
package diffsvc.training;
