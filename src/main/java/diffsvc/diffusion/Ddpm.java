package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Ancestral sampling (Ho et al., arXiv:2006.11239, Algorithm 2), with x0 clamped to [-1, 1]: every step of S, or every
 * {@code interval}-th with the variances of the steps taken together (Nichol and Dhariwal, arXiv:2102.09672, section
 * 4).
 *
 * @param interval steps gone at once; 1 is the Python project's
 */
public record Ddpm(NoiseSchedule noise, int interval) implements Sampler {
    /**
     * Checks the interval, 1 to S.
     *
     * @param noise the voice's schedule
     * @param interval 1 to S
     */
    public Ddpm {
        noise.interval(interval);
    }

    /**
     * Every step.
     *
     * @param noise the voice's schedule
     */
    public Ddpm(NoiseSchedule noise) {
        this(noise, 1);
    }

    /** From top - 1 downwards; the last step stands on interval - 1 or below and goes to the clean mel. */
    @Override
    public double[] times(int top, int evaluations) {
        noise.top(top);
        double[] times = new double[(top + interval - 1) / interval + 1];
        for (int i = 0; i < times.length; i++) {
            times[i] = Math.max(-1, top - 1 - i * interval);
        }
        return times;
    }

    @Override
    public Step step(Eps network, Draw draw, NDArray x, double[] times, int i, Past past) {
        int t = (int) times[i], s = (int) times[i + 1]; // s below 0 is the clean mel
        NDArray eps = network.at(x, t);
        NDArray x0 = x.mul((float) Math.sqrt(1 / noise.alphaBar(t)))
                .sub(eps.mul((float) Math.sqrt(1 / noise.alphaBar(t) - 1)))
                .maximum(-1f)
                .minimum(1f);
        NDArray mean =
                x0.mul((float) noise.posteriorMeanX0(t, s)).add(x.mul((float) noise.posteriorMeanXt(t, s))); // eq. 7
        NDArray next =
                s < 0 ? mean : mean.add(draw.at(x, t).mul((float) Math.exp(0.5 * noise.posteriorLogVariance(t, s))));
        return new Step(next, x0, eps, Past.NONE);
    }
}
