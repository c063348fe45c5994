package diffsvc.evaluate.signal;

import diffsvc.conds.F0Track;
import diffsvc.conds.praat.PraatPitch;
import java.util.Arrays;

/**
 * Harmonics-to-noise ratio by P. Boersma, "Accurate short-term analysis of the fundamental frequency and the
 * harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993, eq. 4: 10 log10 (r / (1 - r)) of the height r
 * of the autocorrelation's peak at the period. A glide or a deep vibrato changes the period within the window of 40 ms
 * and counts as noise.
 */
final class Harmonicity {
    private static final double LOWEST_HZ = 75, HIGHEST_HZ = 1100, MOST = 1 - 1e-6; // Praat's default floor; 60 dB

    private static final PraatPitch PITCH = new PraatPitch(PraatPitch.Settings.of(LOWEST_HZ, HIGHEST_HZ));

    private Harmonicity() {}

    /**
     * Mean over the voiced frames of at least {@value #LOWEST_HZ} Hz, dB within -60 and 60; NaN without one.
     *
     * @param x [N]
     * @param f0 of the same recording
     */
    static double db(float[] x, int rateHz, F0Track f0) {
        return Arrays.stream(PITCH.strengths(x, rateHz, f0))
                .filter(r -> !Double.isNaN(r))
                .map(r -> Math.max(1 - MOST, Math.min(MOST, r)))
                .map(r -> 10 * Math.log10(r / (1 - r)))
                .average()
                .orElse(Double.NaN);
    }
}
