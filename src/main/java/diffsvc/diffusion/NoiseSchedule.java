package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.hparams.Hparams;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.Table;

/**
 * The noise schedule: how much noise each of the S diffusion steps holds (Ho et al., arXiv:2006.11239, sections 2 and
 * 3; cosine betas of Nichol and Dhariwal, arXiv:2102.09672). Computed in float64 and rounded once to float32, as the
 * buffers of a checkpoint. The betas of a trained file win over any configuration.
 */
public final class NoiseSchedule {
    private static final String STAGE = "schedule";
    /** The largest S. */
    public static final int MOST_STEPS = 100_000;

    /** Below it the root of alphaBar comes near the smallest float32, and a division by it loses its digits. */
    private static final double LEAST_ALPHA_BAR = 1e-30;

    private static final double FIRST_BETA = 1e-4, COSINE_S = 0.008, COSINE_TOP = 0.999, TINIEST_VARIANCE = 1e-20;
    private final double[] betas;
    private final double[] alphaBar;

    private NoiseSchedule(double[] betas) {
        this.betas = betas;
        Bound.whole(STAGE, "noise.steps", betas.length, 1, MOST_STEPS);
        alphaBar = new double[betas.length];
        double product = 1;
        for (int t = 0; t < betas.length; t++) {
            if (!(betas[t] >= 0 && betas[t] < 1)) {
                throw Problem.in(
                        STAGE,
                        "betas from 0 to below 1",
                        betas[t] + " at step " + t,
                        "take a checkpoint or noise.max_beta with such");
            }
            alphaBar[t] = product *= 1 - betas[t];
        }
        if (product < LEAST_ALPHA_BAR) {
            throw Problem.in(
                    STAGE,
                    "a schedule that leaves " + LEAST_ALPHA_BAR + " of the mel's power at its last step",
                    String.valueOf(product),
                    "lower noise.steps or noise.max_beta");
        }
    }

    /** The schedule of noise.schedule: "linear" from 1e-4 to noise.max_beta, or "cosine". */
    public static NoiseSchedule of(Hparams.Noise noise) {
        return switch (noise.schedule()) {
            case "linear" -> linear(noise.steps(), noise.maxBeta());
            case "cosine" -> cosine(noise.steps());
            default -> throw Problem.in(STAGE, "linear or cosine", noise.schedule(), "correct noise.schedule");
        };
    }

    /**
     * Betas linspace(1e-4, maxBeta, steps).
     *
     * @param steps S, 1 to 100000
     * @param maxBeta the last beta, 0 to below 1
     */
    public static NoiseSchedule linear(int steps, double maxBeta) {
        Bound.whole(STAGE, "noise.steps", steps, 1, MOST_STEPS);
        Bound.number(STAGE, "noise.max_beta", maxBeta, 0, 1);
        double[] betas = new double[steps];
        double step = steps > 1 ? (maxBeta - FIRST_BETA) / (steps - 1) : 0;
        for (int t = 0; t < steps; t++) {
            betas[t] = t == steps - 1 && steps > 1 ? maxBeta : FIRST_BETA + t * step;
        }
        return new NoiseSchedule(betas);
    }

    /**
     * Squared cosine with offset 0.008, betas clipped to [0, 0.999]. As in the reference, the steps + 1 points are
     * spread over steps + 1.
     *
     * @param steps S, 1 to 100000
     */
    public static NoiseSchedule cosine(int steps) {
        Bound.whole(STAGE, "noise.steps", steps, 1, MOST_STEPS);
        double[] f = new double[steps + 1];
        for (int i = 0; i <= steps; i++) {
            double c = Math.cos((i * (steps + 1.0) / steps / (steps + 1) + COSINE_S) / (1 + COSINE_S) * Math.PI / 2);
            f[i] = c * c;
        }
        double[] betas = new double[steps];
        for (int t = 0; t < steps; t++) {
            betas[t] = Math.min(COSINE_TOP, Math.max(0, 1 - f[t + 1] / f[0] / (f[t] / f[0])));
        }
        return new NoiseSchedule(betas);
    }

    /** The schedule of a trained file: its buffer {@code betas}. */
    public static NoiseSchedule ofBuffers(StateDict state) {
        TorchTensor there = state.tensors().get("betas");
        if (there == null) {
            throw Problem.in(
                    STAGE,
                    "the buffer betas in the checkpoint",
                    "none",
                    "take the denoiser's file, or the whole checkpoint");
        }
        float[] b = there.toFloats();
        double[] betas = new double[b.length];
        for (int t = 0; t < b.length; t++) {
            betas[t] = b[t];
        }
        return new NoiseSchedule(betas);
    }

    /**
     * This schedule as a checkpoint holds it, with betas in float32, so that a run resumed from the file does not
     * differ from one that never stopped.
     */
    public NoiseSchedule asSaved() {
        return ofBuffers(new StateDict(null, buffers()));
    }

    @Override
    public String toString() {
        return steps() + " diffusion steps, beta " + shown(beta(0)) + " to " + shown(beta(steps() - 1))
                + "; table() lists them";
    }

    private static String shown(double beta) {
        return new BigDecimal(beta)
                .round(new MathContext(3))
                .stripTrailingZeros()
                .toPlainString();
    }

    /** S, the number of diffusion steps: 1000 in published voices. */
    public int steps() {
        return betas.length;
    }

    /**
     * Variance of the noise that diffusion step t adds.
     *
     * @param t diffusion step, 0 to S - 1
     * @return 0 to 1
     */
    public double beta(int t) {
        return betas[within(t, 0)];
    }

    /**
     * Product of 1 - beta up to t.
     *
     * @param t diffusion step, 0 to S - 1; below 0 is the clean mel, for which the product is 1
     * @return 0 to 1
     */
    public double alphaBar(int t) {
        return t < 0 ? 1 : alphaBar[within(t, -1)];
    }

    private int within(int t, int least) {
        return (int) Bound.whole(STAGE, "the diffusion step", t, least, betas.length - 1L);
    }

    /**
     * Share of the clean signal at t: sqrt(alphaBar).
     *
     * @param t diffusion step, 0 to S - 1
     * @return 0 to 1
     */
    public double alpha(int t) {
        return Math.sqrt(alphaBar(t));
    }

    /**
     * Share of the noise at t: sqrt(1 - alphaBar).
     *
     * @param t diffusion step, 0 to S - 1
     * @return 0 to 1
     */
    public double sigma(int t) {
        return Math.sqrt(1 - alphaBar(t));
    }

    /**
     * Logarithm of {@link #alpha}, interpolated linearly between two steps, as the authors of the solvers do.
     *
     * @param t from -1, the clean mel, to S - 1; may lie between two steps
     * @return 0 or less, 0 for the clean mel
     * @throws Problem for a time outside of these
     */
    public double logAlpha(double t) {
        Bound.number(STAGE, "the diffusion step", t, -1, betas.length - 1.0);
        if (t <= 0) {
            return t < 0 ? 0 : 0.5 * Math.log(alphaBar[0]);
        }
        int low = Math.min((int) t, alphaBar.length - 1), high = Math.min(low + 1, alphaBar.length - 1);
        double share = t - low, here = 0.5 * Math.log(alphaBar[low]), there = 0.5 * Math.log(alphaBar[high]);
        return here + share * (there - here);
    }

    /**
     * Share of the noise, sqrt(1 - alpha^2), with alpha from {@link #logAlpha}.
     *
     * @param t from -1, the clean mel, to S - 1; may lie between two steps
     * @return 0 to 1
     */
    public double sigmaBetween(double t) {
        return Math.sqrt(-Math.expm1(2 * logAlpha(t)));
    }

    /** Share of the clean signal; t may lie between two steps. */
    double alphaBetween(double t) {
        return Math.exp(logAlpha(t));
    }

    /** The clean signal in x at t, given its noise {@code eps}. */
    NDArray clean(NDArray x, NDArray eps, double t) {
        return x.sub(eps.mul((float) sigmaBetween(t))).div((float) alphaBetween(t));
    }

    /**
     * Half the logarithm of the signal-to-noise ratio, log(alpha / sigma): the time in which the solvers step.
     *
     * @param t from -1, the clean mel, to S - 1; may lie between two steps
     * @return infinite for the clean mel
     */
    public double lambda(double t) {
        return logAlpha(t) - Math.log(sigmaBetween(t));
    }

    /** The beta of one step that adds the noise of the steps s + 1 to t. */
    private double betaBetween(int t, int s) {
        return s == t - 1 ? betas[t] : 1 - alphaBar(t) / alphaBar(s);
    }

    /**
     * Variance of q(x_s | x_t, x_0), s below t, eq. 7 of arXiv:2006.11239; s = -1 is the clean signal.
     *
     * @param t diffusion step, 0 to S - 1
     * @param s earlier step, -1 = the clean signal
     * @return above 0, or 0 for s = -1
     */
    public double posteriorVariance(int t, int s) {
        return betaBetween(t, s) * (1 - alphaBar(s)) / (1 - alphaBar[t]);
    }

    /**
     * Natural logarithm of {@link #posteriorVariance}, whose zero before the clean signal is replaced by 1e-20.
     *
     * @param t diffusion step, 0 to S - 1
     * @param s earlier step, -1 = the clean signal
     */
    public double posteriorLogVariance(int t, int s) {
        return Math.log(Math.max(posteriorVariance(t, s), TINIEST_VARIANCE));
    }

    /**
     * Weight of x_0 in the posterior's mean.
     *
     * @param t diffusion step, 0 to S - 1
     * @param s earlier step, -1 = the clean signal
     */
    public double posteriorMeanX0(int t, int s) {
        return betaBetween(t, s) * Math.sqrt(alphaBar(s)) / (1 - alphaBar[t]);
    }

    /**
     * Weight of x_t in the posterior's mean.
     *
     * @param t diffusion step, 0 to S - 1
     * @param s earlier step, -1 = the clean signal
     */
    public double posteriorMeanXt(int t, int s) {
        return (1 - alphaBar(s)) * Math.sqrt(1 - betaBetween(t, s)) / (1 - alphaBar[t]);
    }

    /** One row per diffusion step: t, beta, alpha_bar, alpha, sigma, lambda. */
    public Table table() {
        DoubleColumn t = DoubleColumn.create("t"),
                beta = DoubleColumn.create("beta"),
                alphaBar = DoubleColumn.create("alpha_bar"),
                alpha = DoubleColumn.create("alpha"),
                sigma = DoubleColumn.create("sigma"),
                lambda = DoubleColumn.create("lambda");
        for (int i = 0; i < steps(); i++) {
            t.append(i);
            beta.append(beta(i));
            alphaBar.append(alphaBar(i));
            alpha.append(alpha(i));
            sigma.append(sigma(i));
            lambda.append(lambda(i));
        }
        return Table.create("schedule", t, beta, alphaBar, alpha, sigma, lambda);
    }

    /** The twelve buffers of a checkpoint, float32, in the reference's order. */
    public Map<String, TorchTensor> buffers() {
        Map<String, TorchTensor> buffers = new LinkedHashMap<>();
        put(buffers, "betas", this::beta);
        put(buffers, "alphas_cumprod", this::alphaBar);
        put(buffers, "alphas_cumprod_prev", t -> alphaBar(t - 1));
        put(buffers, "sqrt_alphas_cumprod", this::alpha);
        put(buffers, "sqrt_one_minus_alphas_cumprod", this::sigma);
        put(buffers, "log_one_minus_alphas_cumprod", t -> Math.log(1 - alphaBar(t)));
        put(buffers, "sqrt_recip_alphas_cumprod", t -> Math.sqrt(1 / alphaBar(t)));
        put(buffers, "sqrt_recipm1_alphas_cumprod", t -> Math.sqrt(1 / alphaBar(t) - 1));
        put(buffers, "posterior_variance", t -> posteriorVariance(t, t - 1));
        put(buffers, "posterior_log_variance_clipped", t -> posteriorLogVariance(t, t - 1));
        put(buffers, "posterior_mean_coef1", t -> posteriorMeanX0(t, t - 1));
        put(buffers, "posterior_mean_coef2", t -> posteriorMeanXt(t, t - 1));
        return buffers;
    }

    private void put(Map<String, TorchTensor> buffers, String name, IntToDoubleFunction f) {
        float[] values = new float[steps()];
        for (int t = 0; t < values.length; t++) {
            values[t] = (float) f.applyAsDouble(t);
        }
        buffers.put(name, TorchTensor.of(values, values.length));
    }

    /**
     * A sample of q(x_t | x_0): x0 with noise mixed in (eq. 4).
     *
     * @param x0 [B, 1, M, T]
     * @param t [B] int64, diffusion steps, each 0 to S - 1
     * @param noise [B, 1, M, T]
     * @return [B, 1, M, T]
     * @throws Problem for a step that the schedule does not have
     */
    public NDArray noised(NDArray x0, NDArray t, NDArray noise) {
        long b = x0.getShape().get(0);
        long[] steps = t.toLongArray();
        if (steps.length != b) {
            throw Problem.in(
                    STAGE, "a diffusion step for each of " + b + " clips", String.valueOf(steps.length), "pass t [B]");
        }
        float[] alpha = new float[steps.length], sigma = new float[steps.length];
        for (int i = 0; i < steps.length; i++) {
            int step = (int) Bound.whole(STAGE, "the diffusion step", steps[i], 0, steps() - 1L);
            alpha[i] = (float) alpha(step);
            sigma[i] = (float) sigma(step);
        }
        NDManager m = x0.getManager();
        return x0.mul(m.create(alpha, new Shape(b, 1, 1, 1))).add(noise.mul(m.create(sigma, new Shape(b, 1, 1, 1))));
    }

    /**
     * Diffusion steps as the network and {@link #noised} take them.
     *
     * @param steps one per clip, each 0 to S - 1
     * @return [B] int64
     * @throws Problem for a step that the schedule does not have
     */
    public NDArray timesteps(NDManager manager, long... steps) {
        for (long step : steps) {
            Bound.whole(STAGE, "the diffusion step", step, 0, steps() - 1L);
        }
        return manager.create(steps);
    }
}
