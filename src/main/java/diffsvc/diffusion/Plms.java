package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;

/**
 * Pseudo linear multi-step: up to fourth order for one network call a step, two in the first (Liu et al., arXiv:2202.09778, eq. 9, 12 and
 * appendix; the Adams-Bashforth weights 55, -59, 37, -9 over 24). No clamp.
 *
 * @param interval steps skipped at once; the Python project's pndm_speedup
 */
public record Plms(NoiseSchedule noise, int interval) implements Sampler {
    /** Multiples of the interval below {@code top}, downwards: 980, 960 .. 0 for 20 (quirk 2: not 999, although x is pure noise there). */
    @Override public int[] times(int top, int iterations) {
        int count = (top + interval - 1) / interval;
        int[] times = new int[count];
        for (int i = 0; i < count; i++) {
            times[i] = (count - 1 - i) * interval;
        }
        return times;
    }

    @Override public Step step(Eps network, Draw draw, NDArray x, int t, List<NDArray> past) {
        NDArray eps = network.at(x, t), used;
        int n = past.size();
        if (n == 0) {                                                // average of here and of the point one step would reach
            NDArray there = network.at(move(x, eps, t), Math.max(t - interval, 0));
            used = eps.add(there).div(2f);
        } else if (n == 1) {
            used = eps.mul(3f).sub(past.get(0)).div(2f);
        } else if (n == 2) {
            used = eps.mul(23f).sub(past.get(1).mul(16f)).add(past.get(0).mul(5f)).div(12f);
        } else {
            used = eps.mul(55f).sub(past.get(n - 1).mul(59f)).add(past.get(n - 2).mul(37f)).sub(past.get(n - 3).mul(9f)).div(24f);
        }
        List<NDArray> remembered = new ArrayList<>(past.subList(Math.max(0, n - 2), n));
        remembered.add(eps);
        NDArray x0 = x.sub(used.mul((float) noise.sigma(t))).div((float) noise.alpha(t));
        return new Step(move(x, used, t), x0, used, remembered);
    }

    /** Eq. 11 of the paper, from t to max(t - interval, 0), in the form that stays exact for small steps. */
    private NDArray move(NDArray x, NDArray eps, int t) {
        double here = noise.alphaBar(t), there = noise.alphaBar(Math.max(t - interval, 0));
        double scale = 1 / (Math.sqrt(here) * (Math.sqrt(here) + Math.sqrt(there)));
        double weight = 1 / (Math.sqrt(here) * (Math.sqrt((1 - there) * here) + Math.sqrt((1 - here) * there)));
        return x.add(x.mul((float) scale).sub(eps.mul((float) weight)).mul((float) (there - here)));
    }
}
