package diffsvc.evaluate;

/** A stretch of a song, from {@code start} to {@code end} in seconds. */
public record Phrase(double start, double end) {
    /** Its length in seconds. */
    public double seconds() {
        return end - start;
    }
}
