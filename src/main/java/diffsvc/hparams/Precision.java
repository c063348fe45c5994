package diffsvc.hparams;

import java.util.List;
import java.util.Locale;

/** Precision of the values between a network's layers, as infer.precision names it. */
public enum Precision implements Registry {
    /** {@link #BFLOAT16} where the processor multiplies in it, else {@link #FLOAT32}. */
    AUTO,
    /** 24 bits. */
    FLOAT32,
    /** 8 bits, with the exponent of float32; sums stay float32. */
    BFLOAT16;

    /** The value of infer.precision and of {@code --precision}: the constant in lower case. */
    @Override
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The precision that infer.precision names.
     *
     * @throws diffsvc.check.Problem that lists all names
     */
    public static Precision named(String text) {
        return named("hparams", "infer.precision", text);
    }

    /**
     * The precision that an option or a key names.
     *
     * @throws diffsvc.check.Problem that lists all names
     */
    public static Precision named(String stage, String key, String text) {
        return Registry.named(values(), stage, key, text);
    }

    /** All names as a sentence lists them. */
    public static String all() {
        return Registry.listed(values());
    }

    /** All names, in the order of the constants. */
    public static List<String> names() {
        return Registry.names(values());
    }
}
