package diffsvc.hparams;

import diffsvc.platform.Processor;
import java.util.List;
import java.util.Locale;

/**
 * Precision of the values between a network's layers, as infer.precision names it. A sampler forgives rounding, because
 * its next evaluations answer to it; the vocoder's goes into the wave as noise.
 */
public enum Precision implements Registry {
    /** {@link #MIXED} where the processor multiplies in bfloat16, else {@link #FLOAT32}. */
    AUTO,
    /** 24 bits. */
    FLOAT32,
    /** Content encoder and denoiser in bfloat16, the vocoder in float32. */
    MIXED,
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

    /** What auto is on this machine; any other stays. The Python project's quirks want float32. */
    public Precision decided(Hparams.Quirks quirks) {
        return this != AUTO ? this : Processor.multipliesBfloat16() && quirks == Hparams.Quirks.FIXED ? MIXED : FLOAT32;
    }

    /** {@link #FLOAT32} or {@link #BFLOAT16}: the precision of content encoder and denoiser under this one. */
    public Precision denoiser() {
        return this == MIXED ? BFLOAT16 : this;
    }

    /** {@link #FLOAT32} or {@link #BFLOAT16}: the precision of the vocoder under this one. */
    public Precision vocoder() {
        return this == MIXED ? FLOAT32 : this;
    }

    /** All names, in the order of the constants. */
    public static List<String> names() {
        return Registry.names(values());
    }
}
