package diffsvc.dataset;

import ai.djl.ndarray.NDArray;
import diffsvc.conds.Conds2Tensor.Conds;
import java.util.List;

/**
 * What one training pass takes in.
 *
 * @param conds units, mel2ph, f0, energy
 * @param mels [B, T, M] log10
 * @param t [B] int64, diffusion step of each clip
 * @param noise [B, 1, M, T] standard normal
 * @param clips their names
 */
public record Batch(Conds conds, NDArray mels, NDArray t, NDArray noise, List<String> clips) {
    /**
     * A batch of clips without names.
     *
     * @param conds units, mel2ph, f0, energy
     * @param mels [B, T, M] log10
     * @param t [B] int64
     * @param noise [B, 1, M, T] standard normal
     */
    public Batch(Conds conds, NDArray mels, NDArray t, NDArray noise) {
        this(conds, mels, t, noise, List.of());
    }

    /**
     * The number of clips.
     *
     * @return B
     */
    public int size() {
        return (int) mels.getShape().get(0);
    }

    /**
     * The number of mel frames.
     *
     * @return T
     */
    public int frames() {
        return (int) mels.getShape().get(1);
    }

    /**
     * All tensors of the batch; the unvoiced mask may be null.
     *
     * @return in no particular order
     */
    public NDArray[] arrays() {
        return new NDArray[] {
            conds.units(), conds.mel2ph(), conds.f0(), conds.energy(), conds.unvoiced(), mels, t, noise
        };
    }
}
