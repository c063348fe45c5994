package diffsvc.evaluate.content;

import diffsvc.check.Problem;
import diffsvc.evaluate.Sound;

/** Whether a recording holds anything that could be a word. Recognizers invent words where there is nothing. */
final class Audible {
    /** Shorter than any syllable, seconds. */
    private static final double SHORT = 0.05;

    private Audible() {}

    /**
     * Whether it is neither silent nor shorter than a syllable.
     *
     * @throws Problem for NaN or infinity, which a network would take for some sound
     */
    static boolean is(Sound sound) {
        for (float v : sound.samples()) {
            if (!Float.isFinite(v)) {
                throw Problem.in(
                        "evaluate",
                        "finite samples in " + sound.name(),
                        "NaN or infinity",
                        "make the recording again, or leave it out");
            }
        }
        return sound.seconds() >= SHORT && !sound.wave().isSilent();
    }
}
