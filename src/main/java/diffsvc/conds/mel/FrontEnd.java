package diffsvc.conds.mel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.hparams.Hparams;

/** What a voice hears the song through; its vocoder must have been trained on the same. */
public sealed interface FrontEnd permits MelSpectrogram, CentredMel {
    /**
     * The front end that goes with a vocoder: the 24 kHz HiFiGAN has its own.
     *
     * @param hparams the voice's settings
     * @return the front end
     */
    static FrontEnd of(Hparams hparams) {
        return hparams.vocoder().kind().equals("hifigan")
                ? new CentredMel(hparams.audio(), hparams.quirks())
                : new MelSpectrogram(hparams.audio(), hparams.quirks());
    }

    /**
     * The signal the mel is made of: the model's rate, one channel, as long as its frames need.
     *
     * @param wave a recording
     * @return [N]
     */
    float[] signal(Wave wave);

    /**
     * The least a mel can be, log10: silence.
     *
     * @return log10
     */
    double silenceLog10();

    /**
     * A mel [T, M] or [1, T, M] as T rows of M.
     *
     * @param mel [T, M] or [1, T, M]
     * @return [T][M]
     */
    static float[][] rows(NDArray mel) {
        int bins = (int) mel.getShape().get(mel.getShape().dimension() - 1);
        float[] flat = mel.toFloatArray();
        float[][] rows = new float[flat.length / bins][];
        for (int t = 0; t < rows.length; t++) {
            rows[t] = java.util.Arrays.copyOfRange(flat, t * bins, (t + 1) * bins);
        }
        return rows;
    }

    /**
     * Frames of a signal of N samples.
     *
     * @param samples N
     * @return T
     */
    int frames(int samples);

    /**
     * The mel [T, M], log10; it belongs to {@code manager}.
     *
     * @param manager owner of what is made
     * @param signal [N], one channel at the voice's rate
     * @return [T, M], log10
     */
    NDArray of(NDManager manager, float[] signal);

    /**
     * The mel of the same song sung so many semitones higher, formants included, on the same frames: every window is
     * read from the signal played faster, around the moment it stands for. It belongs to {@code manager}.
     *
     * @param manager owner of what is made
     * @param signal [N], one channel at the voice's rate
     * @param semitones up, or down below 0
     * @return [T, M], log10
     */
    NDArray shifted(NDManager manager, float[] signal, double semitones);
}
