package diffsvc.evaluate.pitch;

import java.util.Arrays;

/** The middle of values. */
final class Median {
    private Median() {}

    /** The middle one, or the mean of the two in the middle; NaN for none. */
    static double of(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int n = sorted.length;
        return n == 0 ? Double.NaN : (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    }
}
