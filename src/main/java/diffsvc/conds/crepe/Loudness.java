package diffsvc.conds.crepe;

import org.hipparchus.transform.DftNormalization;
import org.hipparchus.transform.FastFourierTransformer;
import org.hipparchus.transform.TransformType;

/** The A-weighted loudness of each frame (IEC 61672-1), mean over the spectrum in dB: quiet frames lose CREPE's F0. */
final class Loudness {
    private static final int WINDOW = 1024;
    private static final double SMALLEST = 1e-5,
            RANGE_DB = 80,
            REFERENCE_DB = 20,
            LOWEST_DB = -100,
            LOWEST_WEIGHT_DB = -80;

    private Loudness() {}

    /** dB [F] of a wave at 16 kHz, F = N / hop + 1, frames centred and padded with silence. */
    static float[] of(float[] wave, int hop) {
        int frames = wave.length / hop + 1, bins = WINDOW / 2 + 1;
        double[][] db = new double[frames][bins];
        double loudest = Double.NEGATIVE_INFINITY;
        for (int f = 0; f < frames; f++) {
            double[][] ri = new double[2][WINDOW];
            for (int i = 0; i < WINDOW; i++) {
                int n = f * hop + i - WINDOW / 2;
                ri[0][i] = n < 0 || n >= wave.length ? 0 : wave[n] * (0.5 - 0.5 * Math.cos(2 * Math.PI * i / WINDOW));
            }
            FastFourierTransformer.transformInPlace(ri, DftNormalization.STANDARD, TransformType.FORWARD);
            for (int k = 0; k < bins; k++) {
                db[f][k] = 20 * Math.log10(Math.max(SMALLEST, Math.hypot(ri[0][k], ri[1][k])));
                loudest = Math.max(loudest, db[f][k]);
            }
        }
        float[] mean = new float[frames];
        for (int f = 0; f < frames; f++) {
            double sum = 0;
            for (int k = 0; k < bins; k++) {
                sum += Math.max(
                        LOWEST_DB,
                        Math.max(db[f][k], loudest - RANGE_DB)
                                + weight(k * (double) Crepe.RATE_HZ / WINDOW)
                                - REFERENCE_DB);
            }
            mean[f] = (float) (sum / bins);
        }
        return mean;
    }

    private static double weight(double hz) {
        double f2 = hz * hz,
                a = 12194.217 * 12194.217,
                b = 20.598997 * 20.598997,
                c = 107.65265 * 107.65265,
                d = 737.86223 * 737.86223;
        double db = 2
                + 20
                        * (Math.log10(a)
                                + 2 * Math.log10(f2)
                                - Math.log10(f2 + a)
                                - Math.log10(f2 + b)
                                - 0.5 * Math.log10(f2 + c)
                                - 0.5 * Math.log10(f2 + d));
        return Math.max(LOWEST_WEIGHT_DB, db);
    }
}
