package diffsvc.conds.mel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.VocoderKind;
import java.util.Arrays;

/** Wave to mel; a voice's vocoder must have been trained on mels of the same front end. */
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

    /** The signal [N] of which the mel is made: the voice's rate, one channel, padded to whole frames. */
    float[] signal(Wave wave);

    /** The lowest value of a mel, log10: silence. */
    double silenceLog10();

    /** A mel [T, M] or [1, T, M] as an array [T][M]. */
    static float[][] rows(NDArray mel) {
        int bins = (int) mel.getShape().get(mel.getShape().dimension() - 1);
        float[] flat = mel.toFloatArray();
        float[][] rows = new float[flat.length / bins][];
        for (int t = 0; t < rows.length; t++) {
            rows[t] = Arrays.copyOfRange(flat, t * bins, (t + 1) * bins);
        }
        return rows;
    }

    /** T, the frames of a signal of N samples. */
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
     * The mel of the same song some semitones higher, formants included, on the same frames: every window is read from
     * the signal played faster, around the moment that its frame stands for.
     *
     * @param manager owner of the result
     * @param signal [N], one channel at the voice's rate
     * @param semitones up, or down below 0
     * @return [1, T, M], log10
     */
    NDArray shifted(NDManager manager, float[] signal, double semitones);
}
