package diffsvc.evaluate.signal;

import diffsvc.audio.Wave;
import java.util.Arrays;

/**
 * The peak of the curve through the samples, by ITU-R BS.1770-5, annex 2: the wave at {@value #TIMES} times its rate,
 * the samples themselves among the points. The filter is a sinc under a Hann window, {@value #TAPS} samples to a point.
 */
final class TruePeak {
    private static final int TIMES = 4, TAPS = 32, BLOCK = 128;
    private static final double[][] PHASES = phases();
    private static final double GAIN = Arrays.stream(PHASES)
            .mapToDouble(taps -> Arrays.stream(taps).map(Math::abs).sum())
            .max()
            .getAsDouble();

    private TruePeak() {}

    /** dB of full scale over all channels; NaN where every sample is 0. */
    static double dbtp(Wave wave) {
        double peak = 0;
        for (float[] x : wave.channels()) {
            peak = Math.max(peak, peak(x));
        }
        return peak > 0 ? 20 * Math.log10(peak) : Double.NaN;
    }

    /** Blocks that cannot reach the peak so far are passed over: a point is at most the gain times its samples. */
    private static double peak(float[] x) {
        float[] padded = new float[x.length + 2 * TAPS];
        System.arraycopy(x, 0, padded, TAPS, x.length);
        double peak = largest(x, 0, x.length);
        for (int from = 0; from < x.length + TAPS; from += BLOCK) {
            int to = Math.min(x.length + TAPS, from + BLOCK);
            if (GAIN * largest(padded, from, to + TAPS) > peak) {
                for (double[] taps : PHASES) {
                    for (int i = from; i < to; i++) {
                        double y = 0;
                        for (int k = 0; k < TAPS; k++) {
                            y += taps[k] * padded[i + k];
                        }
                        peak = Math.max(peak, Math.abs(y));
                    }
                }
            }
        }
        return peak;
    }

    private static double largest(float[] x, int from, int to) {
        float largest = 0;
        for (int i = from; i < to; i++) {
            largest = Math.max(largest, Math.abs(x[i]));
        }
        return largest;
    }

    /** The filters of the points between two samples [TIMES - 1][TAPS], each with a gain of 1 at 0 Hz. */
    private static double[][] phases() {
        double[][] phases = new double[TIMES - 1][TAPS];
        for (int p = 0; p < phases.length; p++) {
            double sum = 0;
            for (int k = 0; k < TAPS; k++) {
                double t = k - (TAPS / 2 - 1) - (p + 1.0) / TIMES; // never 0
                phases[p][k] = Math.sin(Math.PI * t) / (Math.PI * t) * (0.5 + 0.5 * Math.cos(2 * Math.PI * t / TAPS));
                sum += phases[p][k];
            }
            for (int k = 0; k < TAPS; k++) {
                phases[p][k] /= sum;
            }
        }
        return phases;
    }
}
