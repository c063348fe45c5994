package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.VocoderKind;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Cost;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Tap;
import java.util.Arrays;
import java.util.List;

/** The last stage: mel, F0 and voicing to a wave. The kinds stand in {@link VocoderKind}. */
public interface Vocoder extends AutoCloseable {
    /** The vocoder's entry in the registry: its name, and what its mel is like. */
    VocoderKind kind();

    /** The front end whose mels the vocoder takes. */
    FrontEnd frontEnd();

    /** Memory of the network over T mel frames; {@link Cost#none} for a vocoder without weights. */
    Cost cost();

    /**
     * The wave of a mel, one channel of N samples at the front end's rate, about [-1, 1].
     *
     * @param mel [1, T, M], log10
     * @param f0Hz [T] Hz, 0 where unvoiced
     * @param voiced [T]; the neural vocoders go by F0 alone, as the Python project does
     * @param random noise and phases
     * @param quirks what fills the samples beyond the last whole frame
     * @param precision of the values between a neural vocoder's convolutions; not auto or mixed
     * @throws Problem when mel, F0 and voicing differ in frames, or the mel's bins are not the vocoder's
     */
    default Wave vocode(
            NDArray mel,
            float[] f0Hz,
            boolean[] voiced,
            int samples,
            RandomSource random,
            Hparams.Quirks quirks,
            Precision precision) {
        return vocode(mel, f0Hz, voiced, samples, random, quirks, precision, Inner.NONE);
    }

    /** The same under the eyes of an {@link Inner}, which gets the values of {@link #taps}. */
    Wave vocode(
            NDArray mel,
            float[] f0Hz,
            boolean[] voiced,
            int samples,
            RandomSource random,
            Hparams.Quirks quirks,
            Precision precision,
            Inner inner);

    /** The inner values that an {@link Inner} gets, in the order of the data. */
    List<Tap> taps();

    /**
     * A wave [T hop], cut or filled to N samples. The Python project cuts at the front and fills with the mean of the
     * wave; fixed: cut at the end, filled with silence.
     */
    static float[] fit(float[] wave, int samples, Hparams.Quirks quirks) {
        boolean python = quirks == Hparams.Quirks.PYTHON;
        if (python && wave.length > samples) {
            return Arrays.copyOfRange(wave, wave.length - samples, wave.length);
        }
        float[] fitted = Arrays.copyOf(wave, samples);
        if (python && wave.length < samples) {
            double sum = 0;
            for (float v : wave) {
                sum += v;
            }
            Arrays.fill(fitted, wave.length, samples, (float) (sum / Math.max(1, wave.length)));
        }
        return fitted;
    }

    /** Checks a mel [1, T, M] against the vocoder's bins, and F0 and voicing against its frames. */
    static void require(NDArray mel, int bins, float[] f0Hz, boolean[] voiced) {
        Axes.of("vocoder").require("mel", mel, "1 T M");
        long frames = mel.getShape().get(1);
        if (mel.getShape().get(2) != bins || frames != f0Hz.length || frames != voiced.length) {
            throw Problem.in(
                    "vocoder",
                    "mel, F0 and voicing of one frame count, " + bins + " bins",
                    "a mel of " + frames + " frames and " + mel.getShape().get(2) + " bins, " + f0Hz.length
                            + " frames of F0 and " + voiced.length + " of voicing",
                    "pass the three as one stage gave them");
        }
    }

    @Override
    void close();
}
