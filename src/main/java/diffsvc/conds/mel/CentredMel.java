package diffsvc.conds.mel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Resampler;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import java.util.Arrays;

/**
 * The 24 kHz front end, HiFiGAN's: frames centred on multiples of the hop with silence around the song, so that T = 1 +
 * floor(N / hop); magnitude without an offset, floor 1e-6, base-10 logarithm. The signal is filled with silence to T
 * hops.
 */
public final class CentredMel implements FrontEnd {
    private static final double FLOOR = 1e-6;
    private final Hparams.Audio audio;
    private final float[] bank;
    private final float[] window;

    /** A front end for these sizes; the filter bank is made once. */
    public CentredMel(Hparams.Audio audio, Hparams.Quirks quirks) {
        this.audio = audio.require();
        float[][] rows =
                MelFilters.bank(audio.sampleRateHz(), audio.fftSize(), audio.melBins(), audio.fminHz(), audio.fmaxHz());
        bank = new float[rows.length * rows[0].length];
        for (int m = 0; m < rows.length; m++) {
            System.arraycopy(rows[m], 0, bank, m * rows[0].length, rows[0].length);
        }
        window = new float[audio.windowSamples()];
        for (int i = 0; i < window.length; i++) {
            window[i] = (float) (0.5 - 0.5 * Math.cos(2 * Math.PI * i / window.length)); // periodic Hann
        }
    }

    @Override
    public float[] signal(Wave wave) {
        float[] x = Resampler.resampleIfNeeded(wave.mean(), wave.sampleRateHz(), audio.sampleRateHz());
        return Arrays.copyOf(x, (1 + x.length / audio.hopSamples()) * audio.hopSamples());
    }

    @Override
    public double leadHops() {
        return 0;
    }

    @Override
    public double silenceLog10() {
        return Math.log10(FLOOR);
    }

    /** T of a signal that {@link #signal} padded: N / hop. */
    @Override
    public int frames(int samples) {
        return samples / audio.hopSamples();
    }

    @Override
    public NDArray of(NDManager manager, float[] signal) {
        int frames = frames(signal.length), pad = audio.fftSize() / 2;
        if (frames < 1) {
            throw Problem.in(
                    "mel",
                    "at least " + audio.hopSamples() + " samples",
                    signal.length + " samples",
                    "give a longer sound");
        }
        float[] padded = new float[(frames - 1) * audio.hopSamples() + audio.fftSize()];
        System.arraycopy(signal, 0, padded, pad, Math.min(signal.length, padded.length - pad));
        return mel(manager, padded, audio.hopSamples());
    }

    @Override
    public NDArray shifted(NDManager manager, float[] signal, double semitones) {
        KeyShift shift = KeyShift.of(signal, audio.sampleRateHz(), semitones);
        return mel(
                manager,
                shift.windows(frames(signal.length), audio.fftSize(), 0, audio.hopSamples(), false),
                audio.fftSize());
    }

    private NDArray mel(NDManager manager, float[] padded, int hop) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray spectrum = scratch.create(padded)
                    .stft(audio.fftSize(), hop, false, scratch.create(window), true)
                    .real(); // [F, T, 2]
            NDArray magnitude = spectrum.square().sum(new int[] {2}).sqrt(); // [F, T]
            NDArray filters = scratch.create(bank, new Shape(audio.melBins(), audio.fftSize() / 2 + 1));
            NDArray whole = filters.matMul(magnitude)
                    .maximum(FLOOR)
                    .log10()
                    .transpose()
                    .expandDims(0)
                    .duplicate(); // [1, T, M]
            whole.attach(manager);
            return whole;
        }
    }
}
