package diffsvc.evaluate.pitch;

import diffsvc.conds.F0Table;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import java.util.Arrays;
import java.util.Locale;

/**
 * How far an F0 track lies above a reference, over the frames that are voiced in both.
 *
 * @param seconds [n] times of these frames, rising
 * @param cents [n] 1200 per octave, below 0 where the track is lower than the reference
 */
public record Deviation(double[] seconds, double[] cents) {
    private static final double POINT_SECONDS = 1, LEAST_VOICED_SECONDS = 0.1, LEAST_SPAN_SECONDS = 5;
    private static final int MOST_POINTS = 1000; // the line's slopes are those of all pairs

    /**
     * Compares frame by frame.
     *
     * @param reference on the estimate's frames, see {@link #onFramesOf}
     * @param key semitones by which the estimate should lie above the reference
     */
    public static Deviation of(F0Track reference, F0Track estimate, double key) {
        int frames = Math.min(reference.frames(), estimate.frames()), n = 0;
        double[] seconds = new double[frames], cents = new double[frames];
        for (int t = 0; t < frames; t++) {
            float wanted = reference.f0Hz()[t], found = estimate.f0Hz()[t];
            if (reference.voiced()[t] && estimate.voiced()[t] && wanted > 0 && found > 0) {
                seconds[n] = t * estimate.frameSeconds();
                cents[n++] = 100 * (VocalRange.semitones(found, wanted) - key);
            }
        }
        return new Deviation(Arrays.copyOf(seconds, n), Arrays.copyOf(cents, n));
    }

    /** A melody on the frames of a track, time 0 at the track's first frame; unvoiced where the melody has no row. */
    public static F0Track onFramesOf(F0Track track, F0Table melody) {
        return melody.rows() == 0
                ? F0Track.of(new float[track.frames()], track.frameSeconds())
                : melody.track(track.frames(), track.frameSeconds(), 0);
    }

    /** The median, cents; NaN without a frame. */
    public double median() {
        return Median.of(cents);
    }

    /** The median of the magnitudes, cents; NaN without a frame. */
    public double medianAbsolute() {
        return Median.of(Arrays.stream(cents).map(Math::abs).toArray());
    }

    /**
     * Cents per minute by which the deviation rises: the slope of Theil and Sen, the median of the slopes of all pairs
     * of points (Sen, JASA 63, 1968), which holds while less than 29 % of the points are wrong. A point is the median
     * of {@value #POINT_SECONDS} s, so that vibrato and single notes do not count; NaN where the points span less than
     * {@value #LEAST_SPAN_SECONDS} s.
     */
    public double centsPerMinute() {
        if (seconds.length == 0 || seconds[seconds.length - 1] - seconds[0] < LEAST_SPAN_SECONDS) {
            return Double.NaN;
        }
        double step = Math.max(POINT_SECONDS, seconds[seconds.length - 1] / MOST_POINTS);
        double[] x = new double[MOST_POINTS + 2], y = new double[MOST_POINTS + 2];
        int points = 0;
        double frameSeconds = shortestStep();
        for (int from = 0, to; from < seconds.length; from = to) {
            int point = (int) (seconds[from] / step);
            to = from + 1;
            while (to < seconds.length && (int) (seconds[to] / step) == point) {
                to++;
            }
            if ((to - from) * frameSeconds >= LEAST_VOICED_SECONDS) {
                x[points] = Arrays.stream(seconds, from, to).average().getAsDouble();
                y[points++] = Median.of(Arrays.copyOfRange(cents, from, to));
            }
        }
        return points < 2 || x[points - 1] - x[0] < LEAST_SPAN_SECONDS - POINT_SECONDS
                ? Double.NaN
                : 60 * slope(x, y, points);
    }

    private double shortestStep() {
        double least = Double.POSITIVE_INFINITY;
        for (int i = 1; i < seconds.length; i++) {
            least = Math.min(least, seconds[i] - seconds[i - 1]);
        }
        return least;
    }

    private static double slope(double[] x, double[] y, int points) {
        double[] slopes = new double[points * (points - 1) / 2];
        int n = 0;
        for (int i = 0; i < points; i++) {
            for (int j = i + 1; j < points; j++) {
                slopes[n++] = (y[j] - y[i]) / (x[j] - x[i]);
            }
        }
        return Median.of(slopes);
    }

    /** "812 frames, median 3.1 cents, 9.4 cents without sign". */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%d frames, median %.1f cents, %.1f cents without sign",
                cents.length,
                median(),
                medianAbsolute());
    }
}
