package diffsvc.hparams;

import diffsvc.check.Problem;
import diffsvc.check.Shown;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The samplers by name. The check of infer.sampler, the help of the command line and the errors read this list, and
 * {@code diffsvc.diffusion.Samplers} turns a constant into the sampler.
 */
public enum SamplerKind {
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
        for (SamplerKind kind : values()) {
            if (kind.text().equals(text)) {
                return kind;
            }
        }
        throw Problem.in("hparams", "infer.sampler " + all(), Shown.of(text), "correct infer.sampler");
    }

    /**
     * All names as a sentence lists them.
     *
     * @return "ddpm, plms, ... or unipc3"
     */
    public static String all() {
        List<String> names = names();
        return String.join(", ", names.subList(0, names.size() - 1)) + " or " + names.get(names.size() - 1);
    }

    /** All names, in the order of the constants. */
    public static List<String> names() {
        return Arrays.stream(values()).map(SamplerKind::text).toList();
    }
}
