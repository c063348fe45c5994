package diffsvc.conds;

import diffsvc.check.Problem;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.DoubleBinaryOperator;

/**
 * F0 and voicing on the mel's frames.
 *
 * @param f0Hz [T] Hz, 0 where unvoiced
 * @param voiced [T] whether the frame is voiced; kept beside F0, which the model takes interpolated
 * @param frameSeconds seconds from frame to frame
 */
public record F0Track(float[] f0Hz, boolean[] voiced, double frameSeconds) {
    private static final int HIGHEST_HZ = 20_000;

    /** Checks that F0 and voicing have one length. */
    public F0Track {
        if (f0Hz.length != voiced.length) {
            throw new IllegalArgumentException("f0Hz has " + f0Hz.length + " frames, voiced " + voiced.length);
        }
    }

    /** A track of F0 [T] in Hz whose frames are voiced where F0 is above 0. */
    public static F0Track of(float[] f0Hz, double frameSeconds) {
        boolean[] voiced = new boolean[f0Hz.length];
        for (int t = 0; t < voiced.length; t++) {
            voiced[t] = f0Hz[t] > 0;
        }
        return new F0Track(f0Hz, voiced, frameSeconds);
    }

    /**
     * Another F0 in the voiced frames; unvoiced frames stay as they are.
     *
     * <pre>{@code f0.map((seconds, hz) -> seconds < 4 ? hz : hz * 1.26)}</pre>
     *
     * @param edit from the time of a frame in seconds, 0 in the first, and its F0 in Hz to another F0 in Hz, above 0
     * @throws Problem when the result is not a number above 0
     */
    public F0Track map(DoubleBinaryOperator edit) {
        float[] other = f0Hz.clone();
        for (int t = 0; t < other.length; t++) {
            if (voiced[t] && f0Hz[t] > 0) {
                double hz = edit.applyAsDouble(t * frameSeconds, f0Hz[t]);
                if (!(hz > 0 && hz <= HIGHEST_HZ)) {
                    throw Problem.in(
                            "pitch",
                            "an F0 above 0 Hz, up to " + HIGHEST_HZ,
                            hz + " in frame " + t,
                            "correct the function; unvoiced frames are not passed to it");
                }
                other[t] = (float) hz;
            }
        }
        return new F0Track(other, voiced.clone(), frameSeconds);
    }

    /** How well this track agrees with another: median cents, voicing, octaves, over the frames that both have. */
    public F0Metrics with(F0Track other) {
        return F0Metrics.of(other, this);
    }

    /** T, the number of frames. */
    public int frames() {
        return f0Hz.length;
    }

    /** F0 of the frames that are voiced and above 0 Hz, sorted upwards, Hz. */
    public float[] voicedHz() {
        float[] hz = new float[frames()];
        int n = 0;
        for (int t = 0; t < hz.length; t++) {
            if (voiced[t] && f0Hz[t] > 0) {
                hz[n++] = f0Hz[t];
            }
        }
        float[] sorted = Arrays.copyOf(hz, n);
        Arrays.sort(sorted);
        return sorted;
    }

    /** The median of {@link #voicedHz}, the upper one of two; 0 where no frame is voiced. */
    public double medianHz() {
        float[] sorted = voicedHz();
        return sorted.length == 0 ? 0 : sorted[sorted.length / 2];
    }

    /** Share of voiced frames, 0 to 1; 0 for a track without frames. */
    public double voicedShare() {
        int n = 0;
        for (boolean v : voiced) {
            n += v ? 1 : 0;
        }
        return voiced.length == 0 ? 0 : n / (double) voiced.length;
    }

    /** Frames, range and voicing in one line. */
    @Override
    public String toString() {
        float[] sorted = voicedHz();
        return String.format(
                Locale.ROOT,
                "F0 of %d frames, %s, %.0f %% voiced, %.1f frames a second",
                frames(),
                sorted.length == 0
                        ? "none voiced"
                        : String.format(Locale.ROOT, "%.0f to %.0f Hz", sorted[0], sorted[sorted.length - 1]),
                100 * voicedShare(),
                1 / frameSeconds);
    }
}
