package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * The network under one condition, with the input and the output that it was trained with: {@link Prediction} says what
 * they are, and turns it into the {@link Sampler.Eps} that samplers call.
 */
@FunctionalInterface
public interface Denoiser {
    /**
     * What the network predicts for x at time t.
     *
     * @param x [B, 1, M, T], as {@link Prediction#input} gives it
     * @param t diffusion step, 0 to S - 1; may lie between two
     * @return an array of x's shape, in x's manager
     */
    NDArray at(NDArray x, double t);
}
