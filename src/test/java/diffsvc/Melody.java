package diffsvc;

import diffsvc.conds.F0Track;
import java.util.Arrays;

/** Compares two melodies frame by frame. */
final class Melody {
    /** Median of |cents| where both sound, and the share of frames on whose voicing they agree. */
    record Agreement(double medianCents, double voicing) {}

    private Melody() {}

    static Agreement agreement(F0Track a, F0Track b) {
        int frames = Math.min(a.frames(), b.frames()), agree = 0, n = 0;
        double[] cents = new double[frames];
        for (int t = 0; t < frames; t++) {
            agree += a.voiced()[t] == b.voiced()[t] ? 1 : 0;
            if (a.voiced()[t] && b.voiced()[t]) {
                cents[n++] = Math.abs(1200 * Math.log(b.f0Hz()[t] / a.f0Hz()[t]) / Math.log(2));
            }
        }
        double[] sorted = Arrays.copyOf(cents, n);
        Arrays.sort(sorted);
        return new Agreement(n == 0 ? Double.POSITIVE_INFINITY : sorted[n / 2], agree / (double) frames);
    }
}
