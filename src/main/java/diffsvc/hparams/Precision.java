package diffsvc.hparams;

import diffsvc.check.Problem;
import diffsvc.platform.ComputeDevice;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;

/**
 * Precision of the values between a network's layers, as infer.precision names it. A sampler forgives rounding, because
 * its next evaluations answer to it; the vocoder's goes into the wave as noise.
 */
public enum Precision implements Registry {
    /** {@link #MIXED} where the device was measured to gain by bfloat16, else {@link #FLOAT32}. */
    AUTO,
    /** 24 bits. */
    FLOAT32,
    /** Content encoder and denoiser in bfloat16, the vocoder in float32. */
    MIXED,
    /** 8 bits, with the exponent of float32; sums stay float32. */
    BFLOAT16,
    /** 11 bits, up to 65504; only on a GPU. */
    FLOAT16;

    /** The value of infer.precision and of {@code --precision}: the constant in lower case. */
    @Override
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The precision that infer.precision names.
     *
     * @throws Problem that lists all names
     */
    public static Precision named(String text) {
        return named("hparams", "infer.precision", text);
    }

    /**
     * The precision that an option or a key names.
     *
     * @throws Problem that lists all names
     */
    public static Precision named(String stage, String key, String text) {
        return Registry.named(values(), stage, key, text);
    }

    /**
     * This precision, with auto decided: {@link #FLOAT32} or {@link #MIXED}, by the device. The Python project's quirks
     * want float32.
     *
     * @param gains whether the processor gains by bfloat16; asked only where auto depends on it
     * @throws Problem for {@link #FLOAT16} on the CPU
     */
    public Precision decided(Hparams.Quirks quirks, ComputeDevice device, BooleanSupplier gains) {
        if (this == FLOAT16 && !device.isGpu()) {
            throw Problem.in("hparams", "a GPU for float16", "the CPU", "take mixed, bfloat16 or float32");
        }
        if (this != AUTO) {
            return this;
        }
        boolean mayGain = quirks == Hparams.Quirks.FIXED && device.mayGainByBfloat16();
        return mayGain && gains.getAsBoolean() ? MIXED : FLOAT32;
    }

    /** The precision of content encoder and denoiser under this one; not mixed. */
    public Precision denoiser() {
        return this == MIXED ? BFLOAT16 : this;
    }

    /** The precision of the vocoder under this one; not mixed. */
    public Precision vocoder() {
        return this == MIXED ? FLOAT32 : this;
    }

    /**
     * The code of its element type in TorchScript.
     *
     * @throws IllegalStateException for one that names several or none
     */
    public long elementType() {
        return switch (this) {
            case FLOAT16 -> 5;
            case FLOAT32 -> 6;
            case BFLOAT16 -> 15;
            case AUTO, MIXED -> throw new IllegalStateException(text() + " is no element type");
        };
    }

    /** All names, in the order of the constants. */
    public static List<String> names() {
        return Registry.names(values());
    }
}
