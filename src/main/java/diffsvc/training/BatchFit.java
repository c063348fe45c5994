package diffsvc.training;

import diffsvc.dataset.Dataset;
import diffsvc.hparams.Hparams;
import diffsvc.memory.Plan;
import diffsvc.memory.TrainingCost;
import diffsvc.platform.ComputeDevice;
import diffsvc.tensor.Cost;

/**
 * The batch of a run, fitted to the memory of the device or to a limit. A batch that is set and does not fit a given
 * limit is split into several that are accumulated.
 *
 * @param hparams training.batch and training.accumulate as fitted
 * @param frames length of a clip in the batch, at most
 * @param baseline bytes of the process without networks
 * @param networks bytes of both networks with their optimizer
 * @param peak bytes of the whole process, expected at most
 * @param limit bytes that the process may take; negative = unknown
 */
public record BatchFit(Hparams hparams, int frames, long baseline, long networks, long peak, long limit) {
    /**
     * Fits to the memory of the machine, or of its GPU: only a batch of 0 is chosen, one that is set stays.
     *
     * @param asked settings in force
     * @param baseline bytes of the process without networks, {@link Plan#baseline}
     * @throws diffsvc.check.Problem when not even one clip fits
     */
    public static BatchFit ofMachine(Hparams asked, Dataset data, long baseline, ComputeDevice device) {
        long limit = Plan.available(device);
        boolean stays = limit < 0 || asked.training().batch() > 0;
        return of(asked, data, baseline, limit, stays);
    }

    /**
     * Fits to a limit.
     *
     * @param asked settings in force
     * @param baseline bytes of the process without networks, {@link Plan#baseline}
     * @param limit bytes that the process may take, above 0
     * @throws diffsvc.check.Problem when not even one clip fits
     */
    public static BatchFit within(Hparams asked, Dataset data, long baseline, long limit) {
        return of(asked, data, baseline, limit, false);
    }

    private static BatchFit of(Hparams asked, Dataset data, long baseline, long limit, boolean stays) {
        int crop = asked.training().cropFrames(), frames = crop > 0 ? crop : data.longest();
        Hparams hparams =
                stays ? asked : Plan.fitted(asked, frames, data.training().size(), limit, baseline);
        Cost pair = TrainingCost.of(hparams);
        return new BatchFit(
                hparams,
                frames,
                baseline,
                pair.peak(1, 1),
                baseline + pair.peak(Math.max(1, hparams.training().batch()), frames),
                limit);
    }

    /** Whether the batch is expected to take more than the limit. */
    public boolean exceeds() {
        return limit >= 0 && peak > limit;
    }
}
