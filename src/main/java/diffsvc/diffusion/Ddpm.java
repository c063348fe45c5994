package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.List;

/** Ancestral sampling, every step of S (Ho et al., arXiv:2006.11239, Algorithm 2), with x0 clamped to [-1, 1]. */
public record Ddpm(NoiseSchedule noise) implements Sampler {
    @Override public int[] times(int top, int iterations) {
        int[] times = new int[top];
        for (int i = 0; i < top; i++) {
            times[i] = top - 1 - i;
        }
        return times;
    }

    @Override public Step step(Eps network, Draw draw, NDArray x, int t, List<NDArray> past) {
        NDArray eps = network.at(x, t);
        NDArray x0 = x.mul((float) Math.sqrt(1 / noise.alphaBar(t))).sub(eps.mul((float) Math.sqrt(1 / noise.alphaBar(t) - 1))).maximum(-1f).minimum(1f);
        NDArray mean = x0.mul((float) noise.posteriorMeanX0(t)).add(x.mul((float) noise.posteriorMeanXt(t)));                 // eq. 7
        NDArray next = t == 0 ? mean : mean.add(draw.at(x, t).mul((float) Math.exp(0.5 * noise.posteriorLogVariance(t))));
        return new Step(next, x0, eps, List.of());
    }
}
