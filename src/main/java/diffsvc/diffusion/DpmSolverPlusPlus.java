package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * DPM-Solver++(2M): second order for one network call a step (Lu et al., arXiv:2211.01095, Algorithm 2). The first step
 * is of first order, and the last too where there are fewer than ten. No clamp, and no further step from time 0 to the
 * clean mel.
 */
public record DpmSolverPlusPlus(NoiseSchedule noise) implements Sampler {
    private static final int FEW = 10;

    @Override
    public double[] times(int top, int evaluations) {
        return noise.even(top, evaluations);
    }

    @Override
    public Step step(Eps network, Draw draw, NDArray x, double[] times, int i, Past past) {
        double s = times[i], t = times[i + 1], lambda = noise.lambda(s), h = noise.lambda(t) - lambda;
        NDArray eps = network.at(x, s);
        NDArray x0 = noise.clean(x, eps, s), d = x0;
        boolean last = i + 2 == times.length;
        if (past.size() > 0 && !(last && times.length - 1 < FEW)) {
            double before = lambda - noise.lambda(past.times().get(0));
            d = x0.add(x0.sub(past.values().get(0)).mul((float) (h / (2 * before))));
        }
        NDArray next = x.mul((float) (noise.sigmaBetween(t) / noise.sigmaBetween(s)))
                .sub(d.mul((float) (noise.alphaBetween(t) * Math.expm1(-h))));
        return new Step(next, x0, eps, new Past(java.util.List.of(x0), java.util.List.of(s)));
    }
}
