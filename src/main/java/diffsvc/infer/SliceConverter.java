package diffsvc.infer;

import diffsvc.audio.Wave;

/** Converts one slice of a song. */
@FunctionalInterface
public interface SliceConverter {
    /**
     * The slice in the voice.
     *
     * @param index of the slice
     * @param source the slice with its context, at the song's rate
     * @param samples that the result must have, at the voice's rate
     */
    float[] convert(int index, Wave source, int samples);
}
