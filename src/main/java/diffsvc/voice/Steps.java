package diffsvc.voice;

import diffsvc.check.Bound;

/**
 * Some steps of the sampler, counted from 0. An evaluation of the denoiser belongs to the step that begins at its time,
 * though some samplers make it at the end of the step before. What runs once for a song, an encoder for instance,
 * belongs to all steps.
 *
 * @param from first step
 * @param to the step behind the last
 */
public record Steps(int from, int to) {
    /** All steps. */
    public static final Steps ALL = new Steps(0, Integer.MAX_VALUE);

    /**
     * Some steps.
     *
     * @throws diffsvc.check.Problem for a negative step, or an end before the start
     */
    public Steps {
        Bound.whole("steps", "the first step", from, 0, Integer.MAX_VALUE);
        Bound.whole("steps", "the end of the steps", to, from, Integer.MAX_VALUE);
    }

    /**
     * Steps {@code from} to {@code to - 1}.
     *
     * <pre>{@code c.tap("wavenet.block7.skip", steps(0, 10))}</pre>
     */
    public static Steps steps(int from, int to) {
        return new Steps(from, to);
    }

    /** One step. */
    public static Steps step(int step) {
        return new Steps(step, step + 1);
    }

    /** Whether a step is among these; -1 is outside of sampling, and among all. */
    boolean hold(int step) {
        return step < 0 || from <= step && step < to;
    }

    @Override
    public String toString() {
        return equals(ALL)
                ? "all steps"
                : to - from == 1
                        ? "step " + from
                        : "steps " + from + (to == Integer.MAX_VALUE ? " on" : " to " + (to - 1));
    }
}
