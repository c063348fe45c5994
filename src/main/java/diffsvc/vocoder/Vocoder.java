package diffsvc.vocoder;

import ai.djl.ndarray.NDManager;
import diffsvc.hparams.Hparams;
import diffsvc.random.RandomSource;
import java.util.Arrays;

/** The last stage: a mel and its melody to a wave. */
public interface Vocoder extends AutoCloseable {
    /**
     * The wave, N samples at the model's rate.
     *
     * @param manager owner of what is made
     * @param mel [T M] row by row, log10
     * @param f0Hz [T]
     * @param voiced [T]; the NSF vocoders go by F0 alone, as the Python project does
     * @param samples N
     * @param draws noise and phases
     * @param quirks what fills the samples beyond the last whole frame
     * @return [N], about [-1, 1]
     */
    float[] vocode(
            NDManager manager,
            float[] mel,
            float[] f0Hz,
            boolean[] voiced,
            int samples,
            RandomSource draws,
            Hparams.Quirks quirks);

    /**
     * A wave of T hops cut or filled to N samples. The Python project cuts at the front and fills with the mean of the
     * wave; fixed: cut at the end, filled with silence.
     *
     * @param wave [T hop]
     * @param samples N
     * @param quirks whether the Python project's oddities are repeated
     * @return [N]
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

    @Override
    void close();
}
