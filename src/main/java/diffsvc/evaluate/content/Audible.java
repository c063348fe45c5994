package diffsvc.evaluate.content;

import diffsvc.audio.Wave;
import diffsvc.check.Finite;
import diffsvc.check.Problem;
import diffsvc.evaluate.Sound;

/** What a network gets of a recording: whether there is anything to hear, and at which level. */
final class Audible {
    /** Shorter than any syllable, seconds. */
    private static final double SHORT = 0.05;
    /** Level that networks get, of full scale: that of speech, in the middle of those the encoder was trained at. */
    private static final double RMS = 0.1;

    /** Samples below this share of the peak do not count for the level: silence before a song does not change it. */
    private static final double QUIET = 0.01;

    private Audible() {}

    /**
     * Whether it is neither silent nor shorter than a syllable; networks hear words where there is nothing.
     *
     * @throws Problem for NaN or infinity, which a network would take for some sound
     */
    static boolean is(Sound sound) {
        if (!Finite.all(sound.samples())) {
            throw Problem.in(
                    "evaluate",
                    "finite samples in " + sound.name(),
                    "NaN or infinity",
                    "make the recording again, or leave it out");
        }
        return sound.seconds() >= SHORT
                && !sound.wave().isSilent()
                && !Wave.mono(sound.at16kHz(), Sound.RATE_HZ).isSilent(); // a whistle above 8 kHz
    }

    /**
     * The recording at 16 kHz and at one level, since words have none: 20 dB softer, Whisper heard other words in one
     * of three songs, and the content encoder a third of the phones.
     *
     * @param sound for which {@link #is} holds
     */
    static Sound levelled(Sound sound) {
        Wave wave = Wave.mono(sound.at16kHz(), Sound.RATE_HZ);
        double gate = wave.peak() * QUIET, sum = 0;
        int loud = 0;
        for (float v : wave.first()) {
            if (Math.abs(v) >= gate) {
                sum += v * (double) v;
                loud++;
            }
        }
        return Sound.of(sound.name(), wave.times((float) (RMS / Math.sqrt(sum / loud))));
    }
}
