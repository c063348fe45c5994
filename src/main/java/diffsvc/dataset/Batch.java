package diffsvc.dataset;

import ai.djl.ndarray.NDArray;
import diffsvc.conds.Conds2Tensor.Conds;
import java.util.List;

/**
 * The input of one training pass: B clips of T mel frames.
 *
 * @param mels [B, T, M] log10
 * @param t [B] int64, diffusion step of each clip
 * @param noise [B, 1, M, T] standard normal
 * @param clips names of the clips, for error messages; empty where they have none
 */
public record Batch(Conds conds, NDArray mels, NDArray t, NDArray noise, List<String> clips) {
    /**
     * A batch of clips without names.
     *
     * @param mels [B, T, M] log10
     * @param t [B] int64, diffusion step of each clip
     * @param noise [B, 1, M, T] standard normal
     */
    public Batch(Conds conds, NDArray mels, NDArray t, NDArray noise) {
        this(conds, mels, t, noise, List.of());
    }

    /** The number of clips, B. */
    public int size() {
        return (int) mels.getShape().get(0);
    }

    /** The number of mel frames, T. */
    public int frames() {
        return (int) mels.getShape().get(1);
    }

    /** All tensors of the batch, in no particular order; the unvoiced mask may be null. */
    public NDArray[] arrays() {
        return new NDArray[] {
            conds.units(), conds.mel2ph(), conds.f0(), conds.energy(), conds.unvoiced(), mels, t, noise
        };
    }
}
