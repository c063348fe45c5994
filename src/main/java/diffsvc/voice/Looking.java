package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Finite;
import diffsvc.check.Problem;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Summary;
import java.util.List;

/**
 * One run of a stage with a conversion's patches and, perhaps, a tap that keeps values. A patch gets a copy of its own,
 * so that it may change it in place; what comes back equal counts as left alone. A tap sees what the patches made.
 */
final class Looking implements Inner {
    private final List<Patch> patches;
    private final Tapped kept;
    private final double[] times;
    /** The step that runs now; -1 outside of sampling. */
    private int step;

    /**
     * A run.
     *
     * @param kept takes values; null without a tap
     * @param times of the sampler's steps; none outside of sampling
     */
    Looking(List<Patch> patches, Tapped kept, double... times) {
        this.patches = patches;
        this.kept = kept;
        this.times = times;
        step = times.length == 0 ? -1 : 0;
    }

    @Override
    public boolean asks(String name) {
        return kept != null && kept.asks(name, step) || patches.stream().anyMatch(p -> p.isAt(name, step));
    }

    @Override
    public NDArray at(String name, NDArray value) {
        NDArray now = value;
        for (Patch patch : patches) {
            if (patch.isAt(name, step)) {
                now = changed(patch, name, now);
            }
        }
        if (kept != null && kept.asks(name, step)) {
            kept.keep(name, step, step < 0 ? Double.NaN : times[step], now);
        }
        return now;
    }

    private static NDArray changed(Patch patch, String name, NDArray value) {
        NDManager home = value.getManager();
        NDArray own = value.duplicate();
        own.attach(home);
        NDArray made = patch.change().apply(own);
        if (made == null || !made.getShape().equals(value.getShape())) {
            throw Problem.in(
                    "patch",
                    name + " of shape " + Summary.shape(value),
                    made == null ? "null" : Summary.shape(made),
                    "return a tensor of the shape that the patch was given");
        }
        NDArray other = Values.lent(home, made).toType(value.getDataType(), false);
        if (!Finite.all(other)) {
            throw Problem.in("patch", "finite values of " + name, Finite.count(other), "correct the patch");
        }
        return other.contentEquals(value) ? value : other;
    }

    /** The step that begins at t; some samplers evaluate it before they take it. */
    @Override
    public void evaluating(double t) {
        step = 0;
        while (step + 2 < times.length && times[step + 1] >= t) {
            step++;
        }
    }
}
