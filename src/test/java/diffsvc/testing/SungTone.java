package diffsvc.testing;

import diffsvc.audio.Wave;
import java.util.Random;

/** A sound to time code with: phrases of a second, a gliding tone with overtones and breath, then a short pause. */
public final class SungTone {
    /** Rate of the voices, Hz. */
    public static final int RATE_HZ = 44100;

    private static final double PHRASE_SECONDS = 1.0, PAUSE_SECONDS = 0.4;

    private SungTone() {}

    /** So many seconds of it, one channel. */
    public static Wave wave(double seconds) {
        Random random = new Random(1);
        float[] x = new float[(int) Math.round(seconds * RATE_HZ)];
        double phase = 0;
        for (int i = 0; i < x.length; i++) {
            double t = i / (double) RATE_HZ;
            phase += 2 * Math.PI * f0Hz(t) / RATE_HZ;
            double loud = f0Hz(t) > 0 ? 1 : 0.003;
            x[i] = (float) (loud * (0.2 * Math.sin(phase) + 0.1 * Math.sin(2 * phase) + 0.01 * random.nextGaussian()));
        }
        return Wave.mono(x, RATE_HZ);
    }

    /** Its F0 at a moment, Hz; 0 in a pause. */
    public static double f0Hz(double seconds) {
        double in = seconds % (PHRASE_SECONDS + PAUSE_SECONDS);
        return in < PHRASE_SECONDS ? 220 * Math.pow(2, 0.5 * in) : 0;
    }

    /** Its F0 on mel frames, Hz; 0 in pauses. */
    public static float[] f0Hz(int frames, double frameSeconds) {
        float[] f0 = new float[frames];
        for (int t = 0; t < frames; t++) {
            f0[t] = (float) f0Hz(t * frameSeconds);
        }
        return f0;
    }
}
