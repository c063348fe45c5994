package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.platform.EngineLock;
import java.util.ArrayList;
import java.util.List;

/**
 * The loop of sampling: it walks a sampler's times and frees the temporaries of each step. Progress, plots and sound
 * listen from outside, through a {@link StepListener}.
 */
public final class Denoising {
    private Denoising() {}

    /**
     * Walks the times without a listener.
     *
     * @param sampler takes the steps; a {@link Stochastic} one holds its own source of noise
     * @param model predicts the noise in x at time t
     * @param x [B, 1, M, T] at the first of the times; left as it is
     * @param times diffusion steps, downwards, as {@link Sampler#times} gives them
     * @return [B, 1, M, T] at the last of the times, in x's manager
     * @throws Problem {@link Problem#isStop() stopped} when the thread is interrupted between two steps
     */
    public static NDArray run(Sampler sampler, Sampler.Eps model, NDArray x, double[] times) {
        return run(sampler, model, x, times, StepListener.NONE);
    }

    /**
     * Walks the times and reports each step.
     *
     * @param sampler takes the steps; a {@link Stochastic} one holds its own source of noise
     * @param model predicts the noise in x at time t
     * @param x [B, 1, M, T] at the first of the times; left as it is
     * @param times diffusion steps, downwards, as {@link Sampler#times} gives them
     * @param listener is called after each step, and once where the loop is stopped
     * @return [B, 1, M, T] at the last of the times, in x's manager
     * @throws Problem {@link Problem#isStop() stopped} when the thread is interrupted between two steps
     */
    public static NDArray run(Sampler sampler, Sampler.Eps model, NDArray x, double[] times, StepListener listener) {
        NDManager home = x.getManager();
        NDManager before = home.newSubManager(); // owns x and the past of the next step
        try {
            NDArray current = x.duplicate();
            current.attach(before);
            Sampler.Past past = Sampler.Past.NONE;
            NDArray guess = null;
            int steps = times.length - 1;
            for (int i = 0; i < steps; i++) {
                if (EngineLock.pressed()) {
                    listener.stopped(i, steps, current, guess);
                    throw Problem.stopped("diffusion", "after " + i + " of " + steps + " steps");
                }
                NDManager after = home.newSubManager();
                try (NDManager scratch = home.newSubManager()) {
                    scratch.tempAttachAll(current);
                    for (NDArray p : past.values()) {
                        scratch.tempAttachAll(p);
                    }
                    Sampler.Step step = sampler.step(model, current, times, i, past);
                    report(listener, i + 1, steps, times[i], step);
                    List<NDArray> kept = new ArrayList<>();
                    for (NDArray p : step.past().values()) {
                        NDArray own = p.duplicate();
                        own.attach(after);
                        kept.add(own);
                    }
                    NDArray next = step.x().duplicate();
                    next.attach(after);
                    current = next;
                    past = new Sampler.Past(kept, step.past().times());
                    guess = step.x0().duplicate();
                    guess.attach(after);
                }
                before.close();
                before = after;
            }
            NDArray result = current.duplicate();
            result.attach(home);
            return result;
        } finally {
            before.close();
        }
    }

    /**
     * A listener may fail because its thread was interrupted. Then the check at the head of the loop stops the walk and
     * reports the partial result.
     */
    private static void report(StepListener listener, int done, int of, double t, Sampler.Step step) {
        try {
            listener.after(done, of, t, step);
        } catch (RuntimeException e) {
            if (!EngineLock.pressed()) {
                throw e;
            }
        }
    }
}
