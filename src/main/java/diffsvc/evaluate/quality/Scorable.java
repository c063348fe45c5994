package diffsvc.evaluate.quality;

import diffsvc.audio.Wave;
import diffsvc.check.Finite;
import diffsvc.evaluate.Sound;

/**
 * What the networks may score. They give a number to anything, silence included (digital silence: DNSMOS 2.5 for the
 * signal), so what has no quality is kept from them.
 */
final class Scorable {
    /** Shortest sound that is scored, seconds: the networks learned from sentences. */
    static final double LEAST_SECONDS = 0.5;

    private Scorable() {}

    /** Whether a sound has a quality: long enough, every sample a number, not silent. */
    static boolean is(Sound sound) {
        return Finite.all(sound.samples())
                && sound.seconds() >= LEAST_SECONDS
                && !sound.wave().isSilent();
    }

    /** Whether a part [N] at 16 kHz is sound: its peak is at or above {@link Wave#isSilent}'s. */
    static boolean isSound(float[] part) {
        return !Wave.mono(part, Sound.RATE_HZ).isSilent();
    }
}
