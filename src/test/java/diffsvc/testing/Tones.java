package diffsvc.testing;

import diffsvc.audio.Wave;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;

/** Sounds of which every figure is known beforehand, one channel each. */
public final class Tones {
    private static final int HARMONICS = 6;

    private Tones() {}

    /** A sine. */
    public static Wave sine(int rateHz, double seconds, double hz, double amplitude) {
        float[] x = new float[(int) Math.round(seconds * rateHz)];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (amplitude * Math.sin(2 * Math.PI * hz * i / rateHz));
        }
        return Wave.mono(x, rateHz);
    }

    /**
     * Six harmonics of amplitude 0.2 / k over an F0, silent where that is 0.
     *
     * @param f0Hz by time in seconds
     */
    public static Wave sung(int rateHz, double seconds, DoubleUnaryOperator f0Hz) {
        float[] x = new float[(int) Math.round(seconds * rateHz)];
        double phase = 0;
        for (int i = 0; i < x.length; i++) {
            double hz = f0Hz.applyAsDouble(i / (double) rateHz);
            phase += 2 * Math.PI * hz / rateHz;
            for (int k = 1; hz > 0 && k <= HARMONICS; k++) {
                x[i] += (float) (0.2 / k * Math.sin(k * phase));
            }
        }
        return Wave.mono(x, rateHz);
    }

    /** White noise, normal with this deviation. */
    public static Wave noise(int rateHz, double seconds, double deviation, long seed) {
        Random random = new Random(seed);
        float[] x = new float[(int) Math.round(seconds * rateHz)];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (deviation * random.nextGaussian());
        }
        return Wave.mono(x, rateHz);
    }

    /** The sum of two waves of one length. */
    public static Wave sum(Wave a, Wave b) {
        float[] x = a.first().clone();
        for (int i = 0; i < x.length; i++) {
            x[i] += b.first()[i];
        }
        return Wave.mono(x, a.sampleRateHz());
    }

    /** The same later: silence in front, as long as before. */
    public static Wave delayed(Wave wave, int samples) {
        float[] x = new float[wave.samples()];
        System.arraycopy(wave.first(), 0, x, samples, x.length - samples);
        return Wave.mono(x, wave.sampleRateHz());
    }

    /** An interval in cents as a factor. */
    public static double factor(double cents) {
        return Math.pow(2, cents / 1200);
    }
}
