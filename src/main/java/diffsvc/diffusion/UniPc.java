package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import diffsvc.check.Bound;
import java.util.Arrays;

/**
 * UniPC, predictor and corrector of one family (Zhao et al., arXiv:2302.04867, Algorithms 1 and 2, B(h) = e^h - 1, data
 * prediction). The network's prediction at the predicted point corrects that point and serves the next step, so a step
 * costs one call; the first costs two and the last none. The order is lower at both ends, and the last step is not
 * corrected. No clamp.
 *
 * @param order 2 or 3
 */
public record UniPc(NoiseSchedule schedule, int order) implements Sampler {
    /** Checks the order. */
    public UniPc {
        Bound.whole("sampling", "UniPC's order", order, 2, 3);
    }

    @Override
    public Spacing spacing() {
        return Spacing.LINSPACE;
    }

    @Override
    public Step step(Eps model, NDArray x, double[] times, int i, Past past) {
        double s = times[i], t = times[i + 1];
        Past known = past.size() > 0
                ? past
                : past.and(0, schedule.clean(x, model.at(x, s), s), s); // x0 at s, and at times before it
        int left = times.length - 1 - i, p = Math.min(order, Math.min(known.size(), left)), newest = known.size() - 1;
        double lambda = schedule.lambda(s), h = schedule.lambda(t) - lambda, b = Math.expm1(-h);
        NDArray m = known.values().get(newest);
        double[] r = new double[p];
        NDArray[] slopes = new NDArray[p - 1];
        for (int k = 1; k < p; k++) {
            r[k - 1] = (schedule.lambda(known.times().get(newest - k)) - lambda) / h;
            slopes[k - 1] = known.values().get(newest - k).sub(m).div((float) r[k - 1]);
        }
        r[p - 1] = 1;
        double alpha = schedule.alphaBetween(t);
        NDArray base = x.mul((float) (schedule.sigmaBetween(t) / schedule.sigmaBetween(s)))
                .sub(m.mul((float) (alpha * b))); // first order
        double[] predictor = p < 3 ? new double[] {0.5} : solve(r, p - 1, -h); // without a slope none is used
        NDArray predicted = base;
        for (int k = 0; k < p - 1; k++) {
            predicted = predicted.sub(slopes[k].mul((float) (alpha * b * predictor[k])));
        }
        NDArray eps = x.sub(m.mul((float) schedule.alphaBetween(s))).div((float) schedule.sigmaBetween(s));
        if (left == 1) {
            return new Step(predicted, m, eps, known);
        }
        NDArray ahead = schedule.clean(predicted, model.at(predicted, t), t), corrected = base;
        double[] corrector = p == 1 ? new double[] {0.5} : solve(r, p, -h);
        for (int k = 0; k < p - 1; k++) {
            corrected = corrected.sub(slopes[k].mul((float) (alpha * b * corrector[k])));
        }
        corrected = corrected.sub(ahead.sub(m).mul((float) (alpha * b * corrector[p - 1])));
        return new Step(corrected, m, eps, known.and(order - 1, ahead, t));
    }

    /**
     * The first n weights: sum_k r_k^(j - 1) rho_k = j! phi_(j + 1)(hh) / B for j = 1 .. n (section 3.1 of the paper),
     * hh = -h for data prediction.
     */
    private static double[] solve(double[] r, int n, double hh) {
        double[] moments = new double[n];
        double phi = Math.expm1(hh) / hh - 1, factorial = 1;
        for (int j = 0; j < n; j++) {
            factorial *= j + 1;
            moments[j] = phi * factorial / Math.expm1(hh);
            phi = phi / hh - 1 / (factorial * (j + 2));
        }
        return Moments.weights(Arrays.copyOf(r, n), moments);
    }
}
