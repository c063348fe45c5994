package diffsvc.evaluate;

/** Which way a figure improves. */
public enum Better {
    /** The larger, the better. */
    HIGHER,
    /** The smaller, the better. */
    LOWER,
    /** The nearer to 0, the better. */
    NEAR_ZERO,
    /** It describes, and ranks nothing. */
    NEITHER
}
