package diffsvc.hparams;

import diffsvc.check.Problem;
import java.util.Locale;

/**
 * What a denoiser predicts, of x = alpha x0 + sigma eps. The check of noise.prediction and the errors read this list;
 * {@code diffsvc.diffusion.Prediction} has the formulas.
 */
public enum PredictionKind implements Registry {
    /** The noise eps (Ho et al., arXiv:2006.11239): every voice of the Python project. */
    EPS(""),
    /** The velocity alpha eps - sigma x0 (Salimans and Ho, arXiv:2202.00512). */
    V("v_prediction"),
    /** The preconditioned F of Karras et al., arXiv:2206.00364. */
    EDM("edm_prediction");

    private final String buffer;

    PredictionKind(String buffer) {
        this.buffer = buffer;
    }

    /**
     * The value of noise.prediction.
     *
     * @return the constant in lower case
     */
    @Override
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The buffer by which a checkpoint says so; empty for eps, which is what a checkpoint without one predicts. */
    public String buffer() {
        return buffer;
    }

    /**
     * The kind that noise.prediction names.
     *
     * @param text eps, v or edm
     * @throws Problem that lists all names
     */
    public static PredictionKind named(String text) {
        return Registry.named(values(), "hparams", "noise.prediction", text);
    }

    /** All names as a sentence lists them, "eps, v or edm". */
    public static String all() {
        return Registry.listed(values());
    }
}
