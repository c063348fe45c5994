package diffsvc.conds.mel;

/**
 * Triangular filters on Slaney's mel scale (linear to 1 kHz, logarithmic above), each divided by its width in Hz, so
 * that a filter's sum times the bin spacing is 1 (M. Slaney, Auditory Toolbox, 1998; librosa's default).
 */
public final class MelFilters {
    private static final double HZ_A_MEL = 200.0 / 3,
            KNEE_HZ = 1000,
            KNEE_MEL = KNEE_HZ / HZ_A_MEL,
            LOG_STEP = Math.log(6.4) / 27;

    private MelFilters() {}

    /** The filter bank [M][fft / 2 + 1] for M bins between two frequencies. */
    public static float[][] bank(int sampleRateHz, int fftSize, int bins, double fminHz, double fmaxHz) {
        double[] edge = edges(bins, fminHz, fmaxHz);
        float[][] bank = new float[bins][fftSize / 2 + 1];
        for (int m = 0; m < bins; m++) {
            for (int k = 0; k <= fftSize / 2; k++) {
                double hz = k * (double) sampleRateHz / fftSize;
                double up = (hz - edge[m]) / (edge[m + 1] - edge[m]),
                        down = (edge[m + 2] - hz) / (edge[m + 2] - edge[m + 1]);
                bank[m][k] = (float) (Math.max(0, Math.min(up, down)) * 2 / (edge[m + 2] - edge[m]));
            }
        }
        return bank;
    }

    /** Lower edge, centres and upper edge of M filters, Hz: [M + 2], equally spaced in mel. */
    public static double[] edges(int bins, double fminHz, double fmaxHz) {
        double[] edge = new double[bins + 2];
        double low = mel(fminHz), high = mel(fmaxHz);
        for (int i = 0; i < edge.length; i++) {
            edge[i] = hz(low + (high - low) * i / (bins + 1));
        }
        return edge;
    }

    /** Slaney's mel of a frequency in Hz. */
    public static double mel(double hz) {
        return hz < KNEE_HZ ? hz / HZ_A_MEL : KNEE_MEL + Math.log(hz / KNEE_HZ) / LOG_STEP;
    }

    /** The frequency in Hz of a mel on Slaney's scale. */
    public static double hz(double mel) {
        return mel < KNEE_MEL ? mel * HZ_A_MEL : KNEE_HZ * Math.exp(LOG_STEP * (mel - KNEE_MEL));
    }
}
