package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Pseudo linear multi-step: up to fourth order for one network call a step, two in the first (Liu et al.,
 * arXiv:2202.09778, eq. 9, 12 and appendix; the Adams-Bashforth weights 55, -59, 37, -9 over 24). No clamp.
 *
 * @param interval steps skipped at once; the Python project's pndm_speedup
 */
public record Plms(NoiseSchedule noise, int interval) implements Sampler {
    /**
     * Checks the interval, 1 to S.
     *
     * @param noise the voice's schedule
     * @param interval 1 to S
     */
    public Plms {
        noise.interval(interval);
    }

    /**
     * Multiples of the interval below {@code top}, downwards: 980, 960 .. 0 for 20 (quirk 2: not 999, although x is
     * pure noise there); the last step stays at 0.
     */
    @Override
    public double[] times(int top, int evaluations) {
        return multiples(noise, top, interval);
    }

    static double[] multiples(NoiseSchedule noise, int top, int interval) {
        noise.top(top);
        int count = (int) (((long) top + interval - 1) / interval);
        double[] times = new double[count + 1];
        for (int i = 0; i < count; i++) {
            times[i] = (count - 1 - i) * interval;
        }
        return times;
    }

    @Override
    public Step step(Eps network, Draw draw, NDArray x, double[] times, int i, Past past) {
        int t = (int) times[i], there = (int) times[i + 1], n = past.size();
        NDArray eps = network.at(x, t), used;
        if (n == 0) { // average of here and of the point one step would reach
            used = eps.add(network.at(move(x, eps, t, there), there)).div(2f);
        } else if (n == 1) {
            used = eps.mul(3f).sub(past.values().get(0)).div(2f);
        } else if (n == 2) {
            used = eps.mul(23f)
                    .sub(past.values().get(1).mul(16f))
                    .add(past.values().get(0).mul(5f))
                    .div(12f);
        } else {
            used = eps.mul(55f)
                    .sub(past.values().get(n - 1).mul(59f))
                    .add(past.values().get(n - 2).mul(37f))
                    .sub(past.values().get(n - 3).mul(9f))
                    .div(24f);
        }
        NDArray x0 = x.sub(used.mul((float) noise.sigma(t))).div((float) noise.alpha(t));
        return new Step(move(x, used, t, there), x0, used, past.and(2, eps, t));
    }

    /** Eq. 11 of the paper, from step t down to another, in the form that stays exact for small steps. */
    private NDArray move(NDArray x, NDArray eps, int t, int to) {
        double here = noise.alphaBar(t), there = noise.alphaBar(to);
        double scale = 1 / (Math.sqrt(here) * (Math.sqrt(here) + Math.sqrt(there)));
        double weight = 1 / (Math.sqrt(here) * (Math.sqrt((1 - there) * here) + Math.sqrt((1 - here) * there)));
        return x.add(x.mul((float) scale).sub(eps.mul((float) weight)).mul((float) (there - here)));
    }
}
