package diffsvc.bench;

import java.util.Arrays;
import java.util.List;

/**
 * Seconds that repetitions of one stage took.
 *
 * @param seconds one per repetition, at least one
 */
public record Timing(List<Double> seconds) {
    public Timing {
        seconds = List.copyOf(seconds);
    }

    /** The least. */
    public double min() {
        return seconds.stream().mapToDouble(s -> s).min().orElseThrow();
    }

    /** The middle one, or the mean of the middle two. */
    public double median() {
        double[] sorted = seconds.stream().mapToDouble(s -> s).sorted().toArray();
        int half = sorted.length / 2;
        return sorted.length % 2 == 1
                ? sorted[half]
                : Arrays.stream(sorted, half - 1, half + 1).average().orElseThrow();
    }
}
