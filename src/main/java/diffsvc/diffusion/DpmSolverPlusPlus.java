package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * DPM-Solver++(2M): second order for one network call per step (Lu et al., arXiv:2211.01095, Algorithm 2). The first
 * step is of first order, and so is the last if there are fewer than ten. No clamp, and no further step from time 0 to
 * the clean mel.
 */
public record DpmSolverPlusPlus(NoiseSchedule schedule) implements Sampler {
    private static final int FEW = 10;

    @Override
    public Spacing spacing() {
        return Spacing.LINSPACE;
    }

    @Override
    public Step step(Eps model, NDArray x, double[] times, int i, Past past) {
        double s = times[i], t = times[i + 1], lambda = schedule.lambda(s), h = schedule.lambda(t) - lambda;
        NDArray eps = model.at(x, s);
        NDArray x0 = schedule.clean(x, eps, s), d = x0;
        boolean last = i + 2 == times.length;
        if (past.size() > 0 && !(last && times.length - 1 < FEW)) {
            double before = lambda - schedule.lambda(past.times().get(0));
            d = x0.add(x0.sub(past.values().get(0)).mul((float) (h / (2 * before))));
        }
        NDArray next = x.mul((float) (schedule.sigmaBetween(t) / schedule.sigmaBetween(s)))
                .sub(d.mul((float) (schedule.alphaBetween(t) * Math.expm1(-h))));
        return new Step(next, x0, eps, new Past(List.of(x0), List.of(s)));
    }
}
