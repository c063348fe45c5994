package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * A way from noise to a mel. A sampler is a small record with a pure {@link #step}: what it remembers comes in and goes out as a value, so a
 * cell can call it by hand and two songs may share it.
 */
public interface Sampler {
    /** What the network says: the noise in x [B, 1, M, T] at step t. */
    @FunctionalInterface interface Eps {
        NDArray at(NDArray x, int t);
    }

    /** Fresh noise of x's shape for the draw at step t; only samplers with a random posterior ask. */
    @FunctionalInterface interface Draw {
        NDArray at(NDArray x, int t);
    }

    /**
     * After a step.
     *
     * @param x where it stands now [B, 1, M, T]
     * @param x0 its guess of the clean mel, seen from before the step
     * @param eps the noise it used
     * @param past what the next step needs, newest last
     */
    record Step(NDArray x, NDArray x0, NDArray eps, List<NDArray> past) {}

    /**
     * The steps to visit, in order, from {@code top} (exclusive) down.
     *
     * @param top S for pure noise, add_noise_step for a start from the source
     * @param iterations how many over the full S
     */
    int[] times(int top, int iterations);

    /** From t to the next of {@link #times}; {@code past} is empty at first. All arrays belong to x's manager. */
    Step step(Eps eps, Draw draw, NDArray x, int t, List<NDArray> past);
}
