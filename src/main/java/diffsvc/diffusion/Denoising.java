package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.platform.EngineLock;
import java.util.ArrayList;
import java.util.List;

/**
 * The one loop: it walks a sampler's times and frees what a step leaves behind. Progress, plots and sound listen from
 * outside.
 */
public final class Denoising {
    /** Sees each step; x and x0 live only during the call, duplicate what is to be kept. */
    @FunctionalInterface
    public interface Listener {
        /**
         * Step {@code done} of {@code of} was taken, from time t (a diffusion step, 0 to S - 1).
         *
         * @param done so many
         * @param of of so many
         * @param t diffusion step, 0 to S - 1
         * @param step x, the guess of x0 and the noise, only during the call
         */
        void after(int done, int of, double t, Sampler.Step step);

        /**
         * Hears that the loop leaves because somebody pressed stop.
         *
         * @param done so many
         * @param of of so many
         * @param x [B, 1, M, T] where it stands, only during the call
         * @param x0 the last guess of the clean mel, null before the first step
         */
        default void stopped(int done, int of, NDArray x, NDArray x0) {}

        /**
         * This one, and then another one.
         *
         * @param other hears after this one
         * @return a listener that tells both
         */
        default Listener and(Listener other) {
            Listener first = this;
            return new Listener() {
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
    }

    private Denoising() {}

    /**
     * What a listener shows may fail because its thread was interrupted; then the loop leaves by its own look, with
     * what was made.
     */
    private static void tell(Listener listener, int done, int of, double t, Sampler.Step step) {
        try {
            listener.after(done, of, t, step);
        } catch (RuntimeException e) {
            if (!EngineLock.pressed()) {
                throw e;
            }
        }
    }

    /**
     * From x [B, 1, M, T] at the first of the times to x at the last; the answer belongs to x's manager, x itself is
     * left as it is.
     *
     * @param sampler takes the steps
     * @param network says the noise in x at time t
     * @param draw where fresh noise comes from
     * @param x [B, 1, M, T] at the first of the times
     * @param times diffusion steps to go through, downwards
     * @param listener hears of each step
     * @return [B, 1, M, T]
     * @throws Problem {@link Problem#isStop() stopped} when the thread is interrupted between two steps
     */
    public static NDArray run(
            Sampler sampler, Sampler.Eps network, Sampler.Draw draw, NDArray x, double[] times, Listener listener) {
        NDManager home = x.getManager();
        NDManager before = home.newSubManager(); // owns x and the past of the step that comes next
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
                    Sampler.Step step = sampler.step(network, draw, current, times, i, past);
                    tell(listener, i + 1, steps, times[i], step);
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
}
