package diffsvc.audio;

import diffsvc.check.Problem;
import diffsvc.platform.EngineThreads;

/**
 * The reference's "kaiser_best" resampler: a sinc under a Kaiser window, 50 zero crossings of 8192 table steps each,
 * read by linear interpolation (J. O. Smith, "Digital Audio Resampling Home Page"; roll-off and beta as resampy ships
 * them).
 */
public final class Resampler {
    private static final int ZERO_CROSSINGS = 50, STEPS = 8192, BLOCK = 4096;
    private static final double ROLL_OFF = 0.9173473712608761, BETA = 12.984585247040012;
    private static final double[] RIGHT_WING = rightWing();

    private Resampler() {}

    /**
     * Resamples every channel to {@code rateHz}, ceil(N rate / old rate) samples long; the same wave when the rate is
     * already right.
     */
    public static Wave to(int rateHz, Wave wave) {
        if (wave.sampleRateHz() == rateHz) {
            return wave;
        }
        float[][] channels = new float[wave.channels().length][];
        for (int c = 0; c < channels.length; c++) {
            channels[c] = resample(wave.channels()[c], wave.sampleRateHz(), rateHz);
        }
        return new Wave(channels, rateHz);
    }

    /** Resamples one channel, [N] to [ceil(N to/from)]; returns the very array when the rate is already right. */
    public static float[] resampleIfNeeded(float[] x, int fromHz, int toHz) {
        return fromHz == toHz ? x : resample(x, fromHz, toHz);
    }

    /**
     * Resamples one channel, [N] to [ceil(N to/from)]: the kernel gives floor(N to/from) samples, a missing last one is
     * 0 (as librosa pads).
     */
    public static float[] resample(float[] x, int fromHz, int toHz) {
        long exact = ((long) x.length * toHz + fromHz - 1) / fromHz;
        if (exact > Integer.MAX_VALUE - 8) {
            throw Problem.in(
                    "audio",
                    "fewer than 2^31 samples at " + toHz + " Hz",
                    String.valueOf(exact),
                    "cut the song into parts");
        }
        int kernel = (int) ((long) x.length * toHz / fromHz), length = (int) exact;
        float[] y = new float[length];
        double ratio = toHz / (double) fromHz, scale = Math.min(1, ratio), gain = Math.min(1, ratio);
        int step = (int) (scale * STEPS);
        int blocks = (kernel + BLOCK - 1) / BLOCK;
        EngineThreads.forEach(blocks, block -> {
            for (int t = block * BLOCK, end = Math.min(kernel - t, BLOCK) + t; t < end; t++) {
                y[t] = (float) (gain * sample(x, t * (fromHz / (double) toHz), scale, step));
            }
        });
        return y;
    }

    /** The sum of both wings of the filter around a time, in samples of x. */
    private static double sample(float[] x, double time, double scale, int step) {
        double[] wing = RIGHT_WING;
        double sum = 0;
        int n = (int) time;
        double place = scale * (time - n) * STEPS; // left wing, the sample at or before this time first
        int offset = (int) place;
        double eta = place - offset;
        int count = Math.min(n + 1, (wing.length - offset) / step);
        for (int i = 0, w = offset; i < count; i++, w += step) {
            sum += (wing[w] + eta * delta(wing, w)) * x[n - i];
        }
        place = scale * STEPS - place; // right wing
        offset = (int) place;
        eta = place - offset;
        count = Math.min(x.length - n - 1, (wing.length - offset) / step);
        for (int i = 0, w = offset; i < count; i++, w += step) {
            sum += (wing[w] + eta * delta(wing, w)) * x[n + i + 1];
        }
        return sum;
    }

    private static double delta(double[] wing, int w) {
        return w + 1 < wing.length ? wing[w + 1] - wing[w] : 0;
    }

    /** The right half of the filter, 409,601 taps; golden resample.npz holds every 1024th. */
    static double[] rightWing() {
        int n = ZERO_CROSSINGS * STEPS;
        double[] wing = new double[n + 1];
        double norm = bessel0(BETA);
        for (int i = 0; i <= n; i++) {
            double x = i / (double) STEPS, r = i / (double) n;
            double sinc = i == 0 ? 1 : Math.sin(Math.PI * ROLL_OFF * x) / (Math.PI * ROLL_OFF * x);
            wing[i] = ROLL_OFF * sinc * bessel0(BETA * Math.sqrt(1 - r * r)) / norm;
        }
        return wing;
    }

    /** Modified Bessel function of order zero by its power series. */
    private static double bessel0(double x) {
        double sum = 1, term = 1, q = x * x / 4;
        for (int k = 1; term > 1e-17 * sum; k++) {
            term *= q / ((double) k * k);
            sum += term;
        }
        return sum;
    }
}
