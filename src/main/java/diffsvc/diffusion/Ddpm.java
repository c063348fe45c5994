package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;

/**
 * Ancestral sampling (Ho et al., arXiv:2006.11239, Algorithm 2), with x0 clamped to [-1, 1]: every step of S, as the
 * Python project, or fewer, each with the variances of the steps that it takes together (Nichol and Dhariwal,
 * arXiv:2102.09672, section 4). The steps taken together need not be as many each time.
 *
 * @param draw gives the noise of each step but the last
 */
public record Ddpm(NoiseSchedule schedule, Draw draw) implements Stochastic {
    @Override
    public String toString() {
        return "Ddpm[schedule=" + schedule + "]";
    }

    @Override
    public Spacing spacing() {
        return Spacing.TRAILING;
    }

    @Override
    public Step step(Eps model, NDArray x, double[] times, int i, Past past) {
        int t = (int) times[i], s = (int) times[i + 1]; // s below 0 is the clean mel
        NDArray eps = model.at(x, t);
        NDArray x0 = x.mul((float) Math.sqrt(1 / schedule.alphaBar(t)))
                .sub(eps.mul((float) Math.sqrt(1 / schedule.alphaBar(t) - 1)))
                .maximum(-1f)
                .minimum(1f);
        NDArray mean = x0.mul((float) schedule.posteriorMeanX0(t, s))
                .add(x.mul((float) schedule.posteriorMeanXt(t, s))); // eq. 7
        NDArray next =
                s < 0 ? mean : mean.add(draw.at(x, t).mul((float) Math.exp(0.5 * schedule.posteriorLogVariance(t, s))));
        return new Step(next, x0, eps, Past.NONE);
    }
}
