package diffsvc.infer;

import diffsvc.audio.Wave;

/** What sings one part of a song. */
@FunctionalInterface
public interface SliceConverter {
    /**
     * The part in another voice.
     *
     * @param index of the part
     * @param heard the part with what lies around it, at the song's rate
     * @param samples wanted, at the voice's rate
     * @return [samples]
     */
    float[] sing(int index, Wave heard, int samples);
}
