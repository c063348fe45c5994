package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.hparams.PredictionKind;
import java.util.function.DoubleUnaryOperator;

/**
 * What the denoiser predicts, and the one place where it becomes the noise. With x = a x0 + s eps at diffusion step t,
 * a = sqrt(alphaBar), s = sqrt(1 - alphaBar):
 *
 * <ul>
 *   <li>eps (arXiv:2006.11239): the network sees x and predicts eps.
 *   <li>v (Salimans and Ho, arXiv:2202.00512, section 4): it sees x and predicts v = a eps - s x0, so eps = s x + a v.
 *   <li>edm (Karras et al., arXiv:2206.00364, eq. 7 and table 1): with y = x / a and sigma = s / a, D = c_skip y +
 *       c_out F(c_in y) is the clean mel. In x, with d = sigma_data and w = sqrt(s^2 + a^2 d^2): the network sees c_in
 *       y = x / w and predicts F = (s x0 / d - a d eps) / w, so eps = (s x / w - a d F) / w. No step divides by s or by
 *       a, so both ends of the schedule are exact. Where the mels' standard deviation is d, input and F have variance
 *       1; for d = 1, F = -v.
 * </ul>
 *
 * <p>The embedded time stays the diffusion step t, where Karras et al. embed log(sigma) / 4: the schedule is discrete,
 * and each t has one sigma.
 *
 * @param schedule gives a and s, between two steps as the samplers do
 * @param stated kind and sigma_data
 */
public record Prediction(NoiseSchedule schedule, StatedPrediction stated) {
    /** What the denoiser predicts. */
    public PredictionKind kind() {
        return stated.kind();
    }

    @Override
    public String toString() {
        return stated.toString();
    }

    /** w at a time: the root mean square of x where the mels' is sigma_data. */
    private double width(double t) {
        return Math.hypot(schedule.sigmaBetween(t), schedule.alphaBetween(t) * stated.sigmaData());
    }

    /**
     * The noise that a denoiser finds, for samplers. Where x and the prediction are 0, as in padding, it is 0.
     *
     * <p>A sampler takes x0 = (x - s eps) / a, so the rounding of eps in float32 is multiplied by 1 / a in x0, as it is
     * for a denoiser that predicts eps.
     */
    public Sampler.Eps eps(Denoiser denoiser) {
        return switch (kind()) {
            case EPS -> denoiser::at;
            case V -> (x, t) -> sum(denoiser, x, t, 1, schedule.sigmaBetween(t), schedule.alphaBetween(t));
            case EDM ->
                (x, t) -> {
                    double w = width(t), s = schedule.sigmaBetween(t), a = schedule.alphaBetween(t);
                    return sum(denoiser, x, t, 1 / w, s / (w * w), -a * stated.sigmaData() / w);
                };
        };
    }

    /** ofX x + ofPrediction denoiser(scale x), in x's manager. */
    private static NDArray sum(Denoiser denoiser, NDArray x, double t, double scale, double ofX, double ofPrediction) {
        try (NDManager scratch = x.getManager().newSubManager()) {
            scratch.tempAttachAll(x);
            NDArray predicted = denoiser.at(scale == 1 ? x : x.mul((float) scale), t);
            return scratch.ret(x.mul((float) ofX).add(predicted.mul((float) ofPrediction)));
        }
    }

    /**
     * What the denoiser sees of noisy mels: x, or x / w for edm.
     *
     * @param x [B, 1, M, T]
     * @param t [B] int64, diffusion steps, each 0 to S - 1
     * @return [B, 1, M, T], in the manager of x
     */
    public NDArray input(NDArray x, NDArray t) {
        return kind() == PredictionKind.EDM ? x.mul(each(x, t, step -> 1 / width(step))) : x;
    }

    /**
     * What the denoiser should predict. The squared error of F is that of the clean mel with the weight lambda(sigma) =
     * 1 / c_out^2 (Karras et al., eq. 8).
     *
     * @param x0 [B, 1, M, T], clean mels
     * @param t [B] int64, diffusion steps, each 0 to S - 1
     * @param noise [B, 1, M, T], the eps that was added
     * @return [B, 1, M, T], eps, v or F
     */
    public NDArray target(NDArray x0, NDArray t, NDArray noise) {
        return switch (kind()) {
            case EPS -> noise;
            case V -> noise.mul(each(x0, t, schedule::alphaBetween)).sub(x0.mul(each(x0, t, schedule::sigmaBetween)));
            case EDM -> {
                double d = stated.sigmaData();
                yield x0.mul(each(x0, t, step -> schedule.sigmaBetween(step) / (d * width(step))))
                        .sub(noise.mul(each(x0, t, step -> schedule.alphaBetween(step) * d / width(step))));
            }
        };
    }

    /** A number for each item, [B, 1, 1, 1]. */
    private static NDArray each(NDArray like, NDArray t, DoubleUnaryOperator of) {
        long[] steps = t.toLongArray();
        float[] values = new float[steps.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) of.applyAsDouble(steps[i]);
        }
        return like.getManager().create(values, new Shape(values.length, 1, 1, 1));
    }
}
