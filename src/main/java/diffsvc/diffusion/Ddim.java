package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Deterministic steps of first order (Song et al., arXiv:2010.02502, eq. 12 with eta 0), at the times of {@link Plms}.
 * No clamp.
 *
 * @param interval steps skipped at once
 */
public record Ddim(NoiseSchedule noise, int interval) implements Sampler {
    /**
     * Checks the interval, 1 to S.
     *
     * @param noise the voice's schedule
     * @param interval 1 to S
     */
    public Ddim {
        noise.interval(interval);
    }

    @Override
    public double[] times(int top, int evaluations) {
        return Plms.multiples(noise, top, interval);
    }

    @Override
    public Step step(Eps network, Draw draw, NDArray x, double[] times, int i, Past past) {
        int s = (int) times[i], t = (int) times[i + 1];
        NDArray eps = network.at(x, s);
        NDArray x0 = x.sub(eps.mul((float) noise.sigma(s))).div((float) noise.alpha(s));
        NDArray next = x0.mul((float) noise.alpha(t)).add(eps.mul((float) noise.sigma(t)));
        return new Step(next, x0, eps, Past.NONE);
    }
}
