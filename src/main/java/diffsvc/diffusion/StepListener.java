package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import diffsvc.progress.Progress;

/** Sees each step of {@link Denoising}. The arrays live only during the call: duplicate what is to be kept. */
@FunctionalInterface
public interface StepListener {
    /** Ignores every step. */
    StepListener NONE = (done, of, t, step) -> {};

    /**
     * A step was taken.
     *
     * @param done steps so far, 1 to of
     * @param of steps in all
     * @param t diffusion step where this one began, 0 to S - 1
     * @param step x, the guess of x0 and the noise, only during the call
     */
    void after(int done, int of, double t, Sampler.Step step);

    /**
     * The walk was stopped between two steps.
     *
     * @param done steps so far, 0 to of
     * @param of steps in all
     * @param x [B, 1, M, T] at that time, only during the call
     * @param x0 the last guess of the clean mel, only during the call; null before the first step
     */
    default void stopped(int done, int of, NDArray x, NDArray x0) {}

    /** Calls this listener first, then another. */
    default StepListener and(StepListener other) {
        StepListener first = this;
        return new StepListener() {
            @Override
            public void after(int done, int of, double t, Sampler.Step step) {
                first.after(done, of, t, step);
                other.after(done, of, t, step);
            }

            @Override
            public void stopped(int done, int of, NDArray x, NDArray x0) {
                first.stopped(done, of, x, x0);
                other.stopped(done, of, x, x0);
            }
        };
    }

    /** Reports each step to {@code progress} as the stage "sampling". */
    static StepListener of(Progress progress) {
        return (done, of, t, step) -> progress.at("sampling", done, of);
    }
}
