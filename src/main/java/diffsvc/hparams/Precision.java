package diffsvc.hparams;

import diffsvc.platform.Processor;
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

    /**
     * {@link #FLOAT32} or {@link #BFLOAT16}: what auto is on this machine. The Python project's quirks want float32.
     */
    public Precision decided(Hparams.Quirks quirks) {
        return this != AUTO
                ? this
                : Processor.multipliesBfloat16() && quirks == Hparams.Quirks.FIXED ? BFLOAT16 : FLOAT32;
    }

    /** All names, in the order of the constants. */
    public static List<String> names() {
        return Registry.names(values());
    }
}
