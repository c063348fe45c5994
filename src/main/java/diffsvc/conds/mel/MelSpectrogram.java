package diffsvc.conds.mel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Resampler;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;

/**
 * The 44.1 kHz front end: the base-10 logarithm of the magnitude in each of M bands, 86 times per second. The signal is
 * reflected by (window - hop) / 2 samples at both ends and frames are not centred, so T = floor(N / hop); magnitude
 * sqrt(re² + im² + 1e-9), floor 1e-5, natural logarithm times 0.434294 (the reference's constant, not 1/ln 10: a
 * vocoder multiplies by 2.30259 again).
 */
public final class MelSpectrogram implements FrontEnd {
    private static final double FLOOR = 1e-5, MAGNITUDE_FLOOR = 1e-9, LOG10_E = 0.434294;
    private static final float TOO_LOUD = 1.01f, UPSTREAM_DIVISOR = 32769f;
    private final Hparams.Audio audio;
    private final boolean pythonQuirks;
    private final float[] bank;
    private final float[] window;

    /** A front end for these sizes; the filter bank is made once. */
    public MelSpectrogram(Hparams.Audio audio, Hparams.Quirks quirks) {
        this.audio = audio.require();
        // half of the difference is padded on either side; else a frame is missing
        if ((audio.windowSamples() - audio.hopSamples()) % 2 != 0) {
            throw Problem.in(
                    "hparams",
                    "audio.window_samples less audio.hop_samples even",
                    audio.windowSamples() + " less " + audio.hopSamples(),
                    "correct one of the two");
        }
        this.pythonQuirks = quirks == Hparams.Quirks.PYTHON;
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

    /**
     * The signal [N] of which the mel is made: the voice's rate and one channel. The Python project takes the first
     * channel, and divides a wave whose peak is beyond 1.01 by 32769 as if it were integers (quirk 8); fixed: the mean
     * of the channels, its level unchanged.
     */
    @Override
    public float[] signal(Wave wave) {
        if (!pythonQuirks) {
            return Resampler.resampleIfNeeded(wave.mean(), wave.sampleRateHz(), audio.sampleRateHz());
        }
        float[] x = Resampler.resampleIfNeeded(wave.first(), wave.sampleRateHz(), audio.sampleRateHz());
        if (Wave.mono(x, audio.sampleRateHz()).peak() > TOO_LOUD) {
            x = x.clone();
            for (int i = 0; i < x.length; i++) {
                x[i] /= UPSTREAM_DIVISOR;
            }
        }
        return x;
    }

    @Override
    public double leadHops() {
        return 0.5;
    }

    @Override
    public double silenceLog10() {
        return Math.log10(FLOOR);
    }

    /** Frames of a signal of N samples: floor(N / hop). */
    @Override
    public int frames(int samples) {
        return samples / audio.hopSamples();
    }

    /**
     * The mel [1, T, M] of a signal [N] at the voice's rate.
     *
     * @throws Problem when the signal is shorter than one padded window
     */
    @Override
    public NDArray of(NDManager manager, float[] signal) {
        int pad = (audio.windowSamples() - audio.hopSamples()) / 2;
        if (signal.length <= pad || signal.length < audio.hopSamples()) {
            throw Problem.in(
                    "mel",
                    "more than " + Math.max(pad, audio.hopSamples()) + " samples",
                    signal.length + " samples",
                    "give a longer sound");
        }
        float[] padded = new float[signal.length + 2 * pad];
        System.arraycopy(signal, 0, padded, pad, signal.length);
        for (int i = 0; i < pad; i++) {
            padded[pad - 1 - i] = signal[i + 1];
            padded[pad + signal.length + i] = signal[signal.length - 2 - i];
        }
        return mel(manager, padded, audio.hopSamples());
    }

    @Override
    public NDArray shifted(NDManager manager, float[] signal, double semitones) {
        KeyShift shift = KeyShift.of(signal, audio.sampleRateHz(), semitones);
        return mel(
                manager,
                shift.windows(
                        frames(signal.length), audio.fftSize(), audio.hopSamples() / 2.0, audio.hopSamples(), true),
                audio.fftSize());
    }

    private NDArray mel(NDManager manager, float[] padded, int hop) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray wave = scratch.create(padded);
            NDArray spectrum = wave.stft(audio.fftSize(), hop, false, scratch.create(window), true)
                    .real(); // [F, T, 2]
            NDArray magnitude =
                    spectrum.square().sum(new int[] {2}).addi(MAGNITUDE_FLOOR).sqrt(); // [F, T]
            NDArray filters = scratch.create(bank, new Shape(audio.melBins(), audio.fftSize() / 2 + 1));
            NDArray mel =
                    filters.matMul(magnitude).maximum(FLOOR).log().mul(LOG10_E).transpose(); // [T, M]
            NDArray whole = mel.expandDims(0).duplicate(); // [1, T, M]
            whole.attach(manager);
            return whole;
        }
    }
}
