package diffsvc.evaluate;

/** Which way a figure improves. */
public enum Better {
    /** The larger, the better. */
    HIGHER("higher"),
    /** The smaller, the better. */
    LOWER("lower"),
    /** The nearer to 0, the better. */
    NEAR_ZERO("near 0"),
    /** It describes, and ranks nothing. */
    NEITHER("");

    private final String text;

    Better(String text) {
        this.text = text;
    }

    /** For tables: higher, lower, near 0, or empty. */
    public String text() {
        return text;
    }
}
