package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * Pseudo linear multi-step: up to fourth order for one network call per step, two in the first (Liu et al.,
 * arXiv:2202.09778, eq. 9, 12 and appendix; the Adams-Bashforth weights 55, -59, 37, -9 over 24). Where the times do
 * not stand evenly, as with 30 steps of 1000, the weights are those of Adams and Bashforth for the actual times. No
 * clamp.
 */
public record Plms(NoiseSchedule schedule) implements Sampler {
    @Override
    public Spacing spacing() {
        return Spacing.LEADING;
    }

    @Override
    public Step step(Eps model, NDArray x, double[] times, int i, Past past) {
        int t = (int) times[i], next = (int) times[i + 1], n = past.size();
        NDArray eps = model.at(x, t), used;
        if (n == 0) { // average of here and of the point one step would reach
            used = eps.add(model.at(move(x, eps, t, next), next)).div(2f);
        } else if (even(past.times(), t, next)) {
            used = evenly(eps, past.values());
        } else {
            used = unevenly(eps, past, t, next);
        }
        NDArray x0 = x.sub(used.mul((float) schedule.sigma(t))).div((float) schedule.alpha(t));
        return new Step(move(x, used, t, next), x0, used, past.and(2, eps, t));
    }

    /** Whether all times stand equally far apart; a last step that stays where it is takes any weights. */
    private static boolean even(List<Double> before, double t, double next) {
        double first = before.get(before.size() - 1) - t;
        boolean even = t == next || t - next == first;
        for (int k = 1; k < before.size(); k++) {
            even &= before.get(k - 1) - before.get(k) == first;
        }
        return even;
    }

    /** Eq. 12 of the paper, and its lower orders. */
    private static NDArray evenly(NDArray eps, List<NDArray> before) {
        int n = before.size();
        if (n == 1) {
            return eps.mul(3f).sub(before.get(0)).div(2f);
        }
        if (n == 2) {
            return eps.mul(23f)
                    .sub(before.get(1).mul(16f))
                    .add(before.get(0).mul(5f))
                    .div(12f);
        }
        return eps.mul(55f)
                .sub(before.get(n - 1).mul(59f))
                .add(before.get(n - 2).mul(37f))
                .sub(before.get(n - 3).mul(9f))
                .div(24f);
    }

    /** The mean, from t to next, of the polynomial through the known predictions. */
    private static NDArray unevenly(NDArray eps, Past past, double t, double next) {
        if (t == next) {
            return eps; // the mean over no length
        }
        int n = past.size();
        double[] nodes = new double[n + 1], moments = new double[n + 1]; // 0 at t, 1 at next, newest first
        for (int k = 0; k <= n; k++) {
            nodes[k] = k == 0 ? 0 : (past.times().get(n - k) - t) / (next - t);
            moments[k] = 1.0 / (k + 1);
        }
        double[] weights = Moments.weights(nodes, moments);
        NDArray mean = eps.mul((float) weights[0]);
        for (int k = 1; k <= n; k++) {
            mean = mean.add(past.values().get(n - k).mul((float) weights[k]));
        }
        return mean;
    }

    /** Eq. 11 of the paper, from step t down to another, in the form that stays exact for small steps. */
    private NDArray move(NDArray x, NDArray eps, int t, int to) {
        double here = schedule.alphaBar(t), there = schedule.alphaBar(to);
        double scale = 1 / (Math.sqrt(here) * (Math.sqrt(here) + Math.sqrt(there)));
        double weight = 1 / (Math.sqrt(here) * (Math.sqrt((1 - there) * here) + Math.sqrt((1 - here) * there)));
        return x.add(x.mul((float) scale).sub(eps.mul((float) weight)).mul((float) (there - here)));
    }
}
