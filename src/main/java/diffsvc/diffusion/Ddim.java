package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Deterministic steps of first order (Song et al., arXiv:2010.02502, eq. 12 with eta 0), at the times of {@link Plms}.
 * No clamp.
 */
public record Ddim(NoiseSchedule schedule) implements Sampler {
    @Override
    public Spacing spacing() {
        return Spacing.LEADING;
    }

    @Override
    public Step step(Eps model, NDArray x, double[] times, int i, Past past) {
        int s = (int) times[i], t = (int) times[i + 1];
        NDArray eps = model.at(x, s);
        NDArray x0 = x.sub(eps.mul((float) schedule.sigma(s))).div((float) schedule.alpha(s));
        NDArray next = x0.mul((float) schedule.alpha(t)).add(eps.mul((float) schedule.sigma(t)));
        return new Step(next, x0, eps, Past.NONE);
    }
}
