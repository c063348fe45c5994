package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import diffsvc.check.Bound;

/**
 * UniPC, predictor and corrector of one family (Zhao et al., arXiv:2302.04867, Algorithms 1 and 2, B(h) = e^h - 1, data
 * prediction): the network's word at the predicted point corrects that point and serves the next step, so a step costs
 * one call; the first costs two and the last none. Orders fall at both ends; the last step is not corrected. No clamp.
 *
 * @param order 2 or 3
 */
public record UniPc(NoiseSchedule noise, int order) implements Sampler {
    /**
     * Checks the order.
     *
     * @param noise the voice's schedule
     * @param order 2 to 3
     */
    public UniPc {
        Bound.whole("sampling", "UniPC's order", order, 2, 3);
    }

    @Override
    public double[] times(int top, int evaluations) {
        return noise.even(top, evaluations);
    }

    @Override
    public Step step(Eps network, Draw draw, NDArray x, double[] times, int i, Past past) {
        double s = times[i], t = times[i + 1];
        Past known = past.size() > 0
                ? past
                : past.and(0, noise.clean(x, network.at(x, s), s), s); // x0 at s, and at times before it
        int left = times.length - 1 - i, p = Math.min(order, Math.min(known.size(), left)), newest = known.size() - 1;
        double lambda = noise.lambda(s), h = noise.lambda(t) - lambda, b = Math.expm1(-h);
        NDArray m = known.values().get(newest);
        double[] r = new double[p];
        NDArray[] slopes = new NDArray[p - 1];
        for (int k = 1; k < p; k++) {
            r[k - 1] = (noise.lambda(known.times().get(newest - k)) - lambda) / h;
            slopes[k - 1] = known.values().get(newest - k).sub(m).div((float) r[k - 1]);
        }
        r[p - 1] = 1;
        double alpha = noise.alphaBetween(t);
        NDArray base = x.mul((float) (noise.sigmaBetween(t) / noise.sigmaBetween(s)))
                .sub(m.mul((float) (alpha * b))); // first order
        double[] predictor = p == 2 ? new double[] {0.5} : solve(r, p - 1, -h);
        NDArray predicted = base;
        for (int k = 0; k < p - 1; k++) {
            predicted = predicted.sub(slopes[k].mul((float) (alpha * b * predictor[k])));
        }
        NDArray eps = x.sub(m.mul((float) noise.alphaBetween(s))).div((float) noise.sigmaBetween(s));
        if (left == 1) {
            return new Step(predicted, m, eps, known);
        }
        NDArray ahead = noise.clean(predicted, network.at(predicted, t), t), corrected = base;
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
        double[][] a = new double[n][n + 1];
        double phi = Math.expm1(hh) / hh - 1, factorial = 1;
        for (int j = 0; j < n; j++) {
            for (int k = 0; k < n; k++) {
                a[j][k] = Math.pow(r[k], j);
            }
            factorial *= j + 1;
            a[j][n] = phi * factorial / Math.expm1(hh);
            phi = phi / hh - 1 / (factorial * (j + 2));
        }
        for (int c = 0; c < n; c++) { // Gauss with the largest pivot
            int best = c;
            for (int j = c + 1; j < n; j++) {
                best = Math.abs(a[j][c]) > Math.abs(a[best][c]) ? j : best;
            }
            double[] row = a[best];
            a[best] = a[c];
            a[c] = row;
            for (int j = 0; j < n; j++) {
                double f = j == c ? 0 : a[j][c] / a[c][c];
                for (int k = c; k <= n; k++) {
                    a[j][k] -= f * a[c][k];
                }
            }
        }
        double[] rho = new double[n];
        for (int c = 0; c < n; c++) {
            rho[c] = a[c][n] / a[c][c];
        }
        return rho;
    }
}
