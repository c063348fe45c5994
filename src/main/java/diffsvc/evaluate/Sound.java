package diffsvc.evaluate;

import diffsvc.audio.Resampler;
import diffsvc.audio.Wave;
import diffsvc.check.Finite;
import diffsvc.conds.F0Track;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.platform.EngineLock;
import diffsvc.plot.HtmlParts;
import java.util.Arrays;

/**
 * A recording as judges see it: one channel, its 16 kHz copy and its F0, each made when first asked for and kept. The
 * F0 is Praat's, whatever extractor the voice uses, on frames of {@value #FRAME_SECONDS} s from {@value #LOWEST_HZ} to
 * {@value #HIGHEST_HZ} Hz.
 */
public final class Sound {
    /** Rate of the copy that the networks take, Hz. */
    public static final int RATE_HZ = 16_000;
    /** Seconds from F0 frame to F0 frame. */
    public static final double FRAME_SECONDS = 0.01;
    /** Range of the F0 search, Hz. */
    public static final double LOWEST_HZ = 50, HIGHEST_HZ = 1100;

    private static final PraatPitch PITCH = new PraatPitch(PraatPitch.Settings.of(LOWEST_HZ, HIGHEST_HZ));

    private final String name;
    private final Wave wave;
    private float[] at16kHz;
    private F0Track f0;

    private Sound(String name, Wave wave, F0Track f0) {
        this.name = name;
        this.wave = wave;
        this.f0 = f0;
    }

    /**
     * A recording; channels are averaged.
     *
     * @param name for tables and errors, a file's name for instance
     */
    public static Sound of(String name, Wave wave) {
        return new Sound(name, Wave.mono(wave.mean(), wave.sampleRateHz()), null);
    }

    /** What tables call it. */
    public String name() {
        return name;
    }

    /** One channel at the recording's own rate. */
    public Wave wave() {
        return wave;
    }

    /** Its samples [N]. */
    public float[] samples() {
        return wave.first();
    }

    /** Its length in seconds. */
    public double seconds() {
        return wave.seconds();
    }

    /** The samples at 16 kHz. */
    public synchronized float[] at16kHz() {
        if (at16kHz == null) {
            try (EngineLock lock = EngineLock.take("evaluate")) {
                at16kHz = Resampler.resampleIfNeeded(samples(), wave.sampleRateHz(), RATE_HZ);
            }
        }
        return at16kHz;
    }

    /** F0 and voicing; all unvoiced where the recording is silent or shorter than three periods of the lowest F0. */
    public synchronized F0Track f0() {
        if (f0 == null) {
            float[] samples = at16kHz();
            int hop = (int) Math.round(FRAME_SECONDS * RATE_HZ), frames = samples.length / hop + 1;
            boolean none = wave.isSilent() || !Finite.all(samples) || seconds() < 4 / LOWEST_HZ;
            f0 = none
                    ? F0Track.of(new float[frames], FRAME_SECONDS)
                    : PITCH.f0(Wave.mono(samples, RATE_HZ), hop, frames, 0);
        }
        return f0;
    }

    /**
     * A part, with its part of the F0.
     *
     * @param start seconds, 0 to below the length
     * @param end seconds, above start; one beyond the end is the end
     */
    public Sound part(double start, double end) {
        F0Track all = f0();
        int from = Math.min(all.frames(), (int) Math.round(start / all.frameSeconds())),
                to = Math.min(all.frames(), (int) Math.round(end / all.frameSeconds()));
        return new Sound(
                name,
                wave.slice(start, end),
                new F0Track(
                        Arrays.copyOfRange(all.f0Hz(), from, to),
                        Arrays.copyOfRange(all.voiced(), from, to),
                        all.frameSeconds()));
    }

    /** "song 1: 5.00 s, 16000 Hz, peak 0.31". */
    @Override
    public String toString() {
        return name + ": " + HtmlParts.caption(wave);
    }
}
