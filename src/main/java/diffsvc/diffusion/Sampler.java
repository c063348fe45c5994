package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import diffsvc.check.Bound;
import diffsvc.tensor.Summary;
import java.util.ArrayList;
import java.util.List;

/**
 * A method to get from noise to a mel. A sampler is a small record with a pure {@link #step}: its memory of earlier
 * steps comes in and goes out as a value, so a step can be called by hand and two songs may share a sampler.
 * {@link Samplers} lists them.
 */
public interface Sampler {
    /** The noise in x under one condition, whatever the network predicts: {@link Prediction#eps} makes it. */
    @FunctionalInterface
    interface Eps {
        /**
         * The noise in x at time t, as the network sees it.
         *
         * @param x [B, 1, M, T]
         * @param t diffusion step, 0 to S - 1; may lie between two
         * @return an array of x's shape, in x's manager
         */
        NDArray at(NDArray x, double t);
    }

    /**
     * What a multistep sampler remembers of earlier steps, newest last.
     *
     * @param values one per remembered evaluation, each of x's shape
     * @param times diffusion step of each
     */
    record Past(List<NDArray> values, List<Double> times) {
        /** Before the first step, and after a change of sampler. */
        public static final Past NONE = new Past(List.of(), List.of());

        /** How many evaluations are remembered. */
        public int size() {
            return values.size();
        }

        /** The newest {@code most} of these, and then one more. */
        Past and(int most, NDArray value, double time) {
            int from = Math.max(0, size() - most);
            List<NDArray> v = new ArrayList<>(values.subList(from, size()));
            List<Double> t = new ArrayList<>(times.subList(from, size()));
            v.add(value);
            t.add(time);
            return new Past(v, t);
        }

        /** How many evaluations are remembered, and their times. */
        @Override
        public String toString() {
            return size() == 0 ? "nothing remembered" : size() + " remembered, of t = " + times;
        }
    }

    /**
     * The result of a step.
     *
     * @param x [B, 1, M, T] at the time where the step ends
     * @param x0 [B, 1, M, T], the guess of the clean mel at the time where the step began
     * @param eps [B, 1, M, T], the noise that the step used
     * @param past for the next step
     */
    record Step(NDArray x, NDArray x0, NDArray eps, Past past) {
        /** The shape of the arrays and how much is remembered: the engine's own text is all values. */
        @Override
        public String toString() {
            return "x, x0 and eps " + Summary.shape(x) + ", " + past;
        }
    }

    /** The schedule by which steps are weighted. */
    NoiseSchedule schedule();

    /** How this sampler spreads its times. */
    Spacing spacing();

    /**
     * The times to go through, downwards; one more than there are evaluations, because the last is only where the last
     * step ends (-1 is the clean mel).
     *
     * @param top S for pure noise, add_noise_step for a start from the source; the first time is below it
     * @param evaluations network calls within [0, top), 1 to top; {@link Plms} makes one more in its first step
     * @return [evaluations + 1]
     * @throws diffsvc.check.Problem for a top outside 1 to S, or for more evaluations than there are steps below it
     */
    default double[] times(int top, int evaluations) {
        Bound.whole("schedule", "the step to start below", top, 1, schedule().steps());
        return spacing().times(top, evaluations);
    }

    /**
     * One step, from {@code times[i]} to {@code times[i + 1]}. All arrays belong to x's manager.
     *
     * @param x [B, 1, M, T]
     * @param times as {@link #times} gives them, downwards
     * @param i index of the step, 0-based
     * @param past what the step before returned, {@link Past#NONE} in the first
     */
    Step step(Eps model, NDArray x, double[] times, int i, Past past);
}
