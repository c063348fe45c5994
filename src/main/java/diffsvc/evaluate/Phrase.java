package diffsvc.evaluate;

import java.util.Locale;

/** A stretch of a song, from {@code start} to {@code end} in seconds. */
public record Phrase(double start, double end) {
    /** Its length in seconds. */
    public double seconds() {
        return end - start;
    }

    /** "1.20 to 3.45 s". */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.2f to %.2f s", start, end);
    }
}
