package diffsvc.hparams;

import diffsvc.check.Problem;
import java.util.List;
import java.util.Locale;

/**
 * The samplers by name. The check of infer.sampler, the help of the command line and the errors read this list, and
 * {@code diffsvc.diffusion.Samplers} turns a constant into the sampler.
 */
public enum SamplerKind implements Registry {
    /** Ancestral sampling: fresh noise in each step. */
    DDPM,
    /** Pseudo linear multistep. */
    PLMS,
    /** Deterministic, first order. */
    DDIM,
    /** DPM-Solver++(2M). */
    DPMPP,
    /** UniPC of order 2. */
    UNIPC2,
    /** UniPC of order 3. */
    UNIPC3;

    /**
     * The value of infer.sampler and of {@code --sampler}.
     *
     * @return the constant in lower case
     */
    @Override
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The kind that infer.sampler names.
     *
     * @param text ddpm, plms, ...
     * @throws Problem that lists all names
     */
    public static SamplerKind named(String text) {
        return Registry.named(values(), "hparams", "infer.sampler", text);
    }

    /**
     * All names as a sentence lists them.
     *
     * @return "ddpm, plms, ... or unipc3"
     */
    public static String all() {
        return Registry.listed(values());
    }

    /** All names, in the order of the constants. */
    public static List<String> names() {
        return Registry.names(values());
    }
}
