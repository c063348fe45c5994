package diffsvc.conds.mel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.VocoderKind;

/** What a voice hears the song through; its vocoder must have been trained on the same. */
public sealed interface FrontEnd permits MelSpectrogram, CentredMel {
    /** The front end of a voice: that of the vocoder its hparams name, whichever vocoder is in use. */
    static FrontEnd of(Hparams hparams) {
        return of(hparams.vocoder().type(), hparams.audio(), hparams.quirks());
    }

    /** The front end that goes with a vocoder: the 24 kHz HiFiGAN has its own. */
    static FrontEnd of(VocoderKind vocoder, Hparams.Audio audio, Hparams.Quirks quirks) {
        return vocoder.centred() ? new CentredMel(audio, quirks) : new MelSpectrogram(audio, quirks);
    }

    /** Where in its hop the moment lies that a frame stands for, in hops: 0 its beginning, 0.5 its middle. */
    double leadHops();

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
     * The mel of a signal.
     *
     * @param manager owner of the result
     * @param signal [N], one channel at the voice's rate
     * @return [1, T, M], log10
     * @throws Problem when the signal is too short for one frame
     */
    NDArray of(NDManager manager, float[] signal);

    /**
     * The mel of the same song sung so many semitones higher, formants included, on the same frames: every window is
     * read from the signal played faster, around the moment it stands for.
     *
     * @param manager owner of the result
     * @param signal [N], one channel at the voice's rate
     * @param semitones up, or down below 0
     * @return [1, T, M], log10
     */
    NDArray shifted(NDManager manager, float[] signal, double semitones);
}
