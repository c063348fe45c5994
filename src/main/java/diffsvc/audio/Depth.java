package diffsvc.audio;

import diffsvc.check.Problem;
import java.util.Locale;

/** What a sample is written as. */
public enum Depth {
    /** 16-bit integers. */
    PCM16(2, 1 << 15),
    /** 24-bit integers. */
    PCM24(3, 1 << 23),
    /** 32-bit floats, which hold what goes beyond full scale; WAV only. */
    FLOAT(4, 1);

    final int bytes;
    private final int fullScale;

    Depth(int bytes, int fullScale) {
        this.bytes = bytes;
        this.fullScale = fullScale;
    }

    /** The depth named "16", "24" or "float". */
    public static Depth of(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "16" -> PCM16;
            case "24" -> PCM24;
            case "float", "32" -> FLOAT;
            default -> throw Problem.in("output", "a depth of 16, 24 or float", text, "choose one of the three");
        };
    }

    /** The text that {@link #of} reads: 16, 24 or float. */
    public String text() {
        return this == FLOAT ? "float" : String.valueOf(8 * bytes);
    }

    /** Bytes of one sample in a WAV. */
    public int bytes() {
        return bytes;
    }

    /** The integer nearest to a sample; +1 itself becomes the largest there is. */
    int integer(float v) {
        return Math.max(-fullScale, Math.min(fullScale - 1, (int) Math.round((double) v * fullScale)));
    }
}
