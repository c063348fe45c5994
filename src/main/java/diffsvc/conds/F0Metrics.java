package diffsvc.conds;

import java.util.Arrays;
import java.util.Locale;

/**
 * How well one F0 track agrees with another, frame by frame.
 *
 * @param medianCents median distance in cents (1200 per octave) of the frames that are voiced in both; infinite where
 *     there is none
 * @param voicing share of frames on whose voicing both agree, 0 to 1
 * @param octaves share of the frames voiced in both that lie more than half an octave apart, mostly octave errors of
 *     the pitch extractor
 */
public record F0Metrics(double medianCents, double voicing, double octaves) {
    private static final double HALF_AN_OCTAVE = 600;

    /** Compares two tracks of one frame duration; frames that only the longer one has are left out. */
    public static F0Metrics of(F0Track a, F0Track b) {
        int frames = Math.min(a.frames(), b.frames()), agree = 0, both = 0, far = 0;
        double[] cents = new double[frames];
        for (int t = 0; t < frames; t++) {
            agree += a.voiced()[t] == b.voiced()[t] ? 1 : 0;
            if (a.voiced()[t] && b.voiced()[t]) {
                cents[both] = 100 * Math.abs(VocalRange.semitones(b.f0Hz()[t], a.f0Hz()[t]));
                far += cents[both++] > HALF_AN_OCTAVE ? 1 : 0;
            }
        }
        double[] sorted = Arrays.copyOf(cents, both);
        Arrays.sort(sorted);
        return new F0Metrics(
                both == 0 ? Double.POSITIVE_INFINITY : sorted[both / 2],
                frames == 0 ? 1 : agree / (double) frames,
                both == 0 ? 0 : far / (double) both);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "median %.1f cents apart, voicing agrees in %.1f %%, %.1f %% of frames an octave off",
                medianCents,
                100 * voicing,
                100 * octaves);
    }
}
