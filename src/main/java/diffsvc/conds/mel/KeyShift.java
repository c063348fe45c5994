package diffsvc.conds.mel;

import diffsvc.audio.Resampler;

/** Windows of a song that is played faster or slower, each around its own moment of the song as it was. */
record KeyShift(float[] faster, double factor) {
    static KeyShift of(float[] signal, int sampleRateHz, double semitones) {
        double factor = Math.pow(2, semitones / 12);
        return new KeyShift(
                semitones == 0
                        ? signal
                        : Resampler.resample(signal, (int) Math.round(sampleRateHz * factor), sampleRateHz),
                factor);
    }

    /**
     * T windows of {@code size} samples side by side, window t around sample {@code first + t hop} of the song as it
     * was.
     *
     * @param mirrored whether the song is mirrored at its ends; otherwise silence surrounds it
     */
    float[] windows(int frames, int size, double first, int hop, boolean mirrored) {
        float[] out = new float[frames * size];
        for (int t = 0; t < frames; t++) {
            int from = (int) Math.round((first + (double) t * hop) / factor - size / 2.0);
            for (int i = 0; i < size; i++) {
                int at = from + i;
                if (mirrored) {
                    at = at < 0 ? -at : at >= faster.length ? 2 * faster.length - 2 - at : at;
                }
                out[t * size + i] = at >= 0 && at < faster.length ? faster[at] : 0;
            }
        }
        return out;
    }
}
