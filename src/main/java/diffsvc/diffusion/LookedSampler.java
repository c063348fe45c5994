package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Tap;
import java.util.List;

/**
 * A sampler under the eyes of an {@link Inner}: x where a step begins, and of each evaluation eps and the guess of the
 * clean mel. Another guess becomes the eps that belongs to it, (x - a x0) / s, so that every sampler goes on from it.
 */
public record LookedSampler(Sampler sampler, Inner inner) implements Sampler {
    /** The values of a sampler over mels of so many bins, in the order of the data. */
    public static List<Tap> taps(int mels) {
        String shape = "[1, 1, " + mels + ", T]";
        return List.of(
                new Tap("x", shape, "the noisy mel where a step begins"),
                new Tap("eps", shape, "the noise that the denoiser finds in it"),
                new Tap("x0", shape, "the guess of the clean mel, -1 to 1 over the voice's range"));
    }

    @Override
    public NoiseSchedule schedule() {
        return sampler.schedule();
    }

    @Override
    public Spacing spacing() {
        return sampler.spacing();
    }

    @Override
    public double[] times(int top, int evaluations) {
        return sampler.times(top, evaluations);
    }

    @Override
    public Step step(Eps model, NDArray x, double[] times, int i, Past past) {
        inner.evaluating(times[i]);
        NDArray begun = inner.at("x", x);
        return sampler.step(
                (y, t) -> {
                    inner.evaluating(t);
                    return guess(inner.at("eps", model.at(y, t)), y, t);
                },
                begun,
                times,
                i,
                past);
    }

    private NDArray guess(NDArray eps, NDArray x, double t) {
        if (!inner.asks("x0")) {
            return eps;
        }
        float a = (float) schedule().alphaBetween(t), s = (float) schedule().sigmaBetween(t);
        NDArray x0 = x.sub(eps.mul(s)).div(a), other = inner.at("x0", x0);
        return other == x0 ? eps : x.sub(other.mul(a)).div(s);
    }
}
