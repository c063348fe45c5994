package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.mel.MelFilters;
import diffsvc.conds.mel.MelSpectrogram;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.VocoderKind;
import diffsvc.platform.EngineLock;
import diffsvc.platform.EngineThreads;
import diffsvc.random.KeyedRandom;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Cost;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Tap;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import org.hipparchus.transform.DftNormalization;
import org.hipparchus.transform.FastFourierTransformer;
import org.hipparchus.transform.TransformType;

/**
 * A vocoder without weights: harmonics of F0 and breath in voiced frames, noise in unvoiced ones, all at the level of
 * the mel. The levels follow from the front end: under a Hann window of N samples a sinusoid of amplitude A sums to A N
 * / 2 over the bins of its main lobe, and white noise of variance 1 has a mean magnitude of sqrt(π/4 · Σ window²);
 * filters of area 1 pass both on. The remaining error is reduced by iteration: the mel of the result is compared with
 * the given mel, and the levels are corrected, three times.
 */
public final class SourceFilter implements Vocoder {
    private static final double HARMONICS_TO_HZ = 5500, CROSSOVER_HZ = 1000, NEAREST_NYQUIST = 0.95;
    /** The rest is breath between the harmonics, where a mel of a voice is not silent either (decision 59). */
    private static final double HARMONIC_SHARE = 0.985;
    /** Over F0. A voice has nothing below its fundamental, and noise there is heard as an F0 an octave lower. */
    private static final double BREATH_FROM = 0.75;

    private static final String HARMONICS = "harmonics", NOISE = "noise";
    private static final int PHASE_FFT = 1024;
    private static final double DEEPEST_VALLEY = 1e-4;
    /** How far apart in frequency and time the envelope of the phases changes (decision 59). */
    private static final double PHASE_QUEFRENCY_SECONDS = 0.0011, PHASE_NEAR_SECONDS = 0.046;

    private static final int NOISE_WINDOW = 1024, NOISE_FFT = 2048, CORRECTIONS = 3;
    private static final int NEAR_BINS = 3, NEAR_FRAMES = 1;
    private static final double LARGEST_CUT = 1.0, LARGEST_RISE = 0.05;
    /** Frames between two checks for stop. */
    private static final int BLOCK = 64;

    private final Hparams.Audio audio;
    private final FrontEnd front;
    private final double lead;
    private final double[] centreHz;
    /** Where each frequency of NOISE_FFT, and so of PHASE_FFT, lies between the mel bins. */
    private final double[] melBinAt;

    /** A vocoder for mels of the 44.1 kHz front end. */
    public SourceFilter(Hparams.Audio audio) {
        this(audio, new MelSpectrogram(audio, Hparams.Quirks.FIXED));
    }

    /**
     * A vocoder for mels of any front end.
     *
     * @param front the front end whose mels the vocoder takes
     */
    public SourceFilter(Hparams.Audio audio, FrontEnd front) {
        this.audio = audio;
        this.front = front;
        lead = front.leadHops();
        double[] edges = MelFilters.edges(audio.melBins(), audio.fminHz(), audio.fmaxHz());
        centreHz = Arrays.copyOfRange(edges, 1, audio.melBins() + 1);
        melBinAt = new double[NOISE_FFT / 2 + 1];
        for (int k = 0; k < melBinAt.length; k++) {
            melBinAt[k] = place(k * (double) audio.sampleRateHz() / NOISE_FFT);
        }
    }

    @Override
    public VocoderKind kind() {
        return VocoderKind.SOURCE_FILTER;
    }

    @Override
    public FrontEnd frontEnd() {
        return front;
    }

    @Override
    public Cost cost() {
        return Cost.none(VocoderKind.SOURCE_FILTER.text(), audio.framesPerSecond());
    }

    @Override
    public Wave vocode(
            NDArray mel,
            float[] f0Hz,
            boolean[] voiced,
            int samples,
            RandomSource random,
            Hparams.Quirks quirks,
            Precision precision,
            Inner inner) {
        Vocoder.require(mel, audio.melBins(), f0Hz, voiced);
        float[] wave = synthesize(mel.getManager(), mel.toFloatArray(), f0Hz, voiced, samples, random.seed(), inner);
        return Wave.mono(wave, audio.sampleRateHz());
    }

    @Override
    public List<Tap> taps() {
        return List.of(
                new Tap(HARMONICS, "[1, N]", "the part of the wave at multiples of F0"),
                new Tap(NOISE, "[1, N]", "the part of the wave that is noise"));
    }

    @Override
    public String toString() {
        return "source-filter vocoder at " + audio.sampleRateHz() + " Hz, no weights";
    }

    @Override
    public void close() {}

    /**
     * The wave [N] of a mel; the last frame is held to its end.
     *
     * @param manager owner of the result
     * @param mel [T M], log10, row by row
     * @param f0Hz [T] Hz; read in voiced frames only
     * @param seed of the noise
     * @throws Problem when mel, F0 and voicing differ in frames
     */
    public float[] synthesize(NDManager manager, float[] mel, float[] f0Hz, boolean[] voiced, int samples, long seed) {
        return synthesize(manager, mel, f0Hz, voiced, samples, seed, Inner.NONE);
    }

    private float[] synthesize(
            NDManager manager, float[] mel, float[] f0Hz, boolean[] voiced, int samples, long seed, Inner inner) {
        int bins = audio.melBins(), frames = mel.length / bins;
        if (mel.length % bins != 0 || frames != f0Hz.length || frames != voiced.length) {
            throw Problem.in(
                    "vocoder",
                    "mel, F0 and voicing of one frame count, " + bins + " bins",
                    mel.length + " mel values, " + f0Hz.length + " and " + voiced.length,
                    "pass the three as one stage gave them");
        }
        double floor = Math.pow(10, front.silenceLog10());
        double[] level = new double[mel.length];
        for (int i = 0; i < level.length; i++) {
            double m = Math.pow(10, mel[i]);
            level[i] = m <= floor * 1.05 ? 0 : m; // the front end's floor stands for silence
        }
        float[] hiss = hiss(samples, seed);
        float[] wave = render(level, f0Hz, voiced, samples, hiss);
        double[] given = roots(mel);
        for (int round = 0;
                round < CORRECTIONS
                        && frames > 3
                        && Math.max(samples, frames * audio.hopSamples()) / audio.hopSamples() == frames;
                round++) {
            float[] measured;
            try (NDManager scratch = manager.newSubManager()) {
                measured = front.of(scratch, Arrays.copyOf(wave, Math.max(samples, frames * audio.hopSamples())))
                        .toFloatArray();
            }
            correct(level, given, roots(measured), frames, bins);
            wave = render(level, f0Hz, voiced, samples, hiss);
        }
        return inner.asks(HARMONICS) || inner.asks(NOISE)
                ? looked(manager, wave, level, f0Hz, voiced, hiss, inner)
                : wave;
    }

    /** Both parts of a wave apart; the wave itself where nobody changes one. */
    private float[] looked(
            NDManager manager,
            float[] wave,
            double[] level,
            float[] f0Hz,
            boolean[] voiced,
            float[] hiss,
            Inner inner) {
        float[] harmonics = new float[wave.length], noise = new float[wave.length];
        harmonics(level, f0Hz, voiced, harmonics);
        noise(level, f0Hz, voiced, noise, hiss);
        try (NDManager scratch = manager.newSubManager()) {
            Shape shape = new Shape(1, wave.length);
            NDArray a = scratch.create(harmonics, shape), b = scratch.create(noise, shape);
            NDArray otherA = inner.at(HARMONICS, a), otherB = inner.at(NOISE, b);
            return otherA == a && otherB == b ? wave : otherA.add(otherB).toFloatArray();
        }
    }

    /**
     * Scales each level by the given mel over the measured mel, both as means over a few neighbouring bins and frames:
     * no level reaches a single bin between two harmonics, and the attempt would drive its neighbours up. The mean is
     * that of the magnitudes' roots. A geometric mean lets the valleys count as much as the peaks that are heard: where
     * a network's mel has energy between the harmonics, the peaks would come out too loud. A mean of the magnitudes
     * follows single bins of a rough mel. A rise is limited much more than a cut: the first levels are right or too
     * high, and where no level reaches the mel, before an onset or below an F0 that is higher than the mel's own, the
     * neighbours would rise without limit.
     */
    private static void correct(double[] level, double[] given, double[] came, int frames, int bins) {
        double[] miss = new double[level.length];
        for (int t = 0; t < frames; t++) {
            for (int m = 0; m < bins; m++) {
                double want = 0, got = 0;
                for (int u = Math.max(0, t - NEAR_FRAMES); u <= Math.min(frames - 1, t + NEAR_FRAMES); u++) {
                    for (int n = Math.max(0, m - NEAR_BINS); n <= Math.min(bins - 1, m + NEAR_BINS); n++) {
                        want += given[u * bins + n];
                        got += came[u * bins + n];
                    }
                }
                miss[t * bins + m] = Math.max(-LARGEST_CUT, Math.min(LARGEST_RISE, 2 * Math.log10(want / got)));
            }
        }
        for (int i = 0; i < level.length; i++) {
            level[i] *= Math.pow(10, miss[i]);
        }
    }

    /** The square roots of a mel's magnitudes. */
    private static double[] roots(float[] mel) {
        double[] roots = new double[mel.length];
        for (int i = 0; i < mel.length; i++) {
            roots[i] = Math.pow(10, mel[i] / 2);
        }
        return roots;
    }

    private float[] render(double[] level, float[] f0Hz, boolean[] voiced, int samples, float[] hiss) {
        float[] wave = new float[samples];
        harmonics(level, f0Hz, voiced, wave);
        noise(level, f0Hz, voiced, wave, hiss);
        return wave;
    }

    /**
     * Sinusoids at the multiples of the F0, carried from frame centre to frame centre. Their phases are those of a
     * minimum-phase filter with the mel's envelope, as a vocal tract's nearly are: pulses of one phase buzz, and a
     * content encoder takes them for another sound. The envelope is smooth: a phase that differs from frame to frame
     * detunes its harmonic, and a mel's single bins do.
     */
    private void harmonics(double[] level, float[] f0Hz, boolean[] voiced, float[] wave) {
        int frames = f0Hz.length, hop = audio.hopSamples(), bins = audio.melBins();
        double rate = audio.sampleRateHz(),
                top = Math.min(HARMONICS_TO_HZ + CROSSOVER_HZ / 2, NEAREST_NYQUIST * rate / 2);
        double[][] cosine = new double[frames][0], sine = new double[frames][0];
        double[] envelope = envelope(level);
        inBlocks(frames, "frames of harmonics", t -> {
            if (voiced[t] && f0Hz[t] > 0) {
                int count = (int) (top / f0Hz[t]);
                cosine[t] = new double[count];
                sine[t] = new double[count];
                amplitudes(level, envelope, t * bins, f0Hz[t], cosine[t], sine[t]);
            }
        });
        double[] phase = phases(cosine, f0Hz, wave.length);
        inBlocks((wave.length + hop - 1) / hop, "hops of harmonics", t -> {
            for (int i = t * hop; i < Math.min(wave.length, (t + 1) * hop); i++) {
                wave[i] += (float) sum(cosine, sine, i, phase[i]);
            }
        });
    }

    /** Phase of the fundamental at each sample, in turns; 0 where the frames on both sides have no harmonic. */
    private double[] phases(double[][] cosine, float[] f0Hz, int samples) {
        double[] phases = new double[samples];
        double phase = 0;
        for (int i = 0; i < samples; i++) {
            double at = frame(i), part = part(at);
            int a = held(Math.floor(at), f0Hz.length), b = held(Math.floor(at) + 1, f0Hz.length);
            int from = cosine[a].length, to = cosine[b].length;
            if (from == 0 && to == 0) {
                phase = 0;
            } else {
                double hz = from == 0 ? f0Hz[b] : to == 0 ? f0Hz[a] : f0Hz[a] + part * (f0Hz[b] - f0Hz[a]);
                phase = (phase + hz / audio.sampleRateHz()) % 1;
            }
            phases[i] = phase;
        }
        return phases;
    }

    /** One sample of all harmonics, between the frames around it. */
    private double sum(double[][] cosine, double[][] sine, int sample, double phase) {
        double at = frame(sample), part = part(at);
        int a = held(Math.floor(at), cosine.length), b = held(Math.floor(at) + 1, cosine.length);
        int from = cosine[a].length, to = cosine[b].length, count = Math.max(from, to);
        // cos(k φ) and sin(k φ) by rotation: four multiplications per harmonic
        double dc = Math.cos(2 * Math.PI * phase), ds = Math.sin(2 * Math.PI * phase), c = dc, d = ds, sum = 0;
        for (int k = 0; k < count; k++) {
            double x = k < from ? cosine[a][k] * (1 - part) : 0, y = k < from ? sine[a][k] * (1 - part) : 0;
            if (k < to) {
                x += cosine[b][k] * part;
                y += sine[b][k] * part;
            }
            sum += x * c + y * d;
            double next = c * dc - d * ds;
            d = d * dc + c * ds;
            c = next;
        }
        return sum;
    }

    /** Where a sample lies among the frames. */
    private double frame(int sample) {
        return (sample + 0.5) / audio.hopSamples() - lead;
    }

    /** How far it is from the frame before to the next, 0 to 1. */
    private static double part(double frame) {
        return Math.max(0, Math.min(1, frame - Math.floor(frame)));
    }

    /** The index of a frame; the first and the last one are held. */
    private static int held(double frame, int frames) {
        return (int) Math.max(0, Math.min(frames - 1, frame));
    }

    /**
     * Calls {@code work} for 0 up to, not including, {@code end}, on all cores; between two blocks it can be stopped.
     */
    private static void inBlocks(int end, String what, IntConsumer work) {
        for (int from = 0; from < end; from += BLOCK) {
            EngineLock.check("vocoder", from, end, what);
            int start = from;
            EngineThreads.forEach(Math.min(BLOCK, end - from), i -> work.accept(start + i));
        }
    }

    /** Amplitude and phase of each harmonic of one frame, as factors of its cosine and its sine. */
    private void amplitudes(double[] level, double[] envelope, int frame, float f0, double[] cosine, double[] sine) {
        double rate = audio.sampleRateHz();
        double[] phases = minimumPhase(envelope, frame);
        for (int k = 1; k <= cosine.length; k++) {
            double hz = k * f0;
            // area of the mel over one harmonic's band, by three points; fft / 2 per unit of amplitude
            double area =
                    f0 * (at(level, frame, hz - f0 / 3.0) + at(level, frame, hz) + at(level, frame, hz + f0 / 3.0)) / 3;
            double amplitude = Math.sqrt(harmonicShare(hz)) * area * 2 / audio.fftSize(),
                    shift = phases[(int) Math.round(hz * PHASE_FFT / rate)];
            cosine[k - 1] = amplitude * Math.cos(shift);
            sine[k - 1] = -amplitude * Math.sin(shift);
        }
    }

    /** Natural logarithm [T M] of the levels, each frame's valleys filled, averaged over the frames around it. */
    private double[] envelope(double[] level) {
        int bins = audio.melBins(), frames = level.length / bins;
        int near = (int) Math.round(PHASE_NEAR_SECONDS * audio.sampleRateHz() / audio.hopSamples());
        double[] filled = new double[level.length], envelope = new double[level.length];
        for (int t = 0; t < frames; t++) {
            double loudest = 1e-5;
            for (int m = 0; m < bins; m++) {
                loudest = Math.max(loudest, level[t * bins + m]);
            }
            for (int m = 0; m < bins; m++) {
                filled[t * bins + m] = Math.log(Math.max(level[t * bins + m], loudest * DEEPEST_VALLEY));
            }
        }
        for (int t = 0; t < frames; t++) {
            double weights = 0;
            for (int u = Math.max(0, t - near); u <= Math.min(frames - 1, t + near); u++) {
                double weight = 1 + Math.cos(Math.PI * (u - t) / (near + 1));
                weights += weight;
                for (int m = 0; m < bins; m++) {
                    envelope[t * bins + m] += weight * filled[u * bins + m];
                }
            }
            for (int m = 0; m < bins; m++) {
                envelope[t * bins + m] /= weights;
            }
        }
        return envelope;
    }

    /**
     * Phase in radians at each bin of PHASE_FFT: the Hilbert transform of the log envelope, by folding the low
     * quefrencies of its cepstrum (Oppenheim and Schafer, 12.4).
     */
    private double[] minimumPhase(double[] envelope, int row) {
        double[][] ri = new double[2][PHASE_FFT];
        int highest = audio.melBins() - 1;
        for (int k = 0; k <= PHASE_FFT / 2; k++) {
            double place = melBinAt[k * (NOISE_FFT / PHASE_FFT)];
            ri[0][k] = interpolate(envelope, row, place < 0 ? highest : place);
            ri[0][(PHASE_FFT - k) % PHASE_FFT] = ri[0][k];
        }
        FastFourierTransformer.transformInPlace(ri, DftNormalization.STANDARD, TransformType.INVERSE);
        double last = PHASE_QUEFRENCY_SECONDS * audio.sampleRateHz();
        for (int n = 1; n <= PHASE_FFT / 2; n++) {
            ri[0][n] *= n < last ? 2 : 0;
            ri[0][PHASE_FFT - n] = 0;
        }
        Arrays.fill(ri[1], 0);
        FastFourierTransformer.transformInPlace(ri, DftNormalization.STANDARD, TransformType.FORWARD);
        return ri[1];
    }

    /** White noise shaped frame by frame and overlapped; in voiced frames only what the harmonics leave. */
    private void noise(double[] level, float[] f0Hz, boolean[] voiced, float[] wave, float[] hiss) {
        int frames = f0Hz.length, hop = audio.hopSamples(), bins = audio.melBins();
        double rate = audio.sampleRateHz(),
                spacing = rate / audio.fftSize(),
                window = Math.sqrt(Math.PI / 4 * 0.375 * audio.windowSamples());
        double[] root = new double[NOISE_WINDOW];
        for (int i = 0; i < NOISE_WINDOW; i++) {
            root[i] = Math.sin(Math.PI * (i + 0.5) / NOISE_WINDOW);
        }
        // overlapping sine windows squared add to NOISE_WINDOW / (2 hop)
        double overlap = NOISE_WINDOW / 2.0 / hop;
        double[][] shaped = new double[frames + 2][]; // of the frames -1 to T
        inBlocks(shaped.length, "frames of noise", f -> {
            int start = noiseStart(f), row = held(f - 1, frames);
            double[][] ri = new double[2][NOISE_FFT];
            for (int i = 0; i < NOISE_WINDOW; i++) {
                int n = start + i;
                ri[0][i] = n < 0 || n >= wave.length ? 0 : hiss[n] * root[i];
            }
            FastFourierTransformer.transformInPlace(ri, DftNormalization.STANDARD, TransformType.FORWARD);
            for (int k = 0; k <= NOISE_FFT / 2; k++) {
                double hz = k * rate / NOISE_FFT, gain = spacing * interpolate(level, row * bins, melBinAt[k]) / window;
                if (voiced[row]) {
                    gain *= hz < BREATH_FROM * f0Hz[row] ? 0 : Math.sqrt(1 - harmonicShare(hz));
                }
                ri[0][k] *= gain;
                ri[1][k] *= gain;
                if (k > 0 && k < NOISE_FFT / 2) {
                    ri[0][NOISE_FFT - k] *= gain;
                    ri[1][NOISE_FFT - k] *= gain;
                }
            }
            FastFourierTransformer.transformInPlace(ri, DftNormalization.STANDARD, TransformType.INVERSE);
            for (int i = 0; i < NOISE_WINDOW; i++) {
                ri[0][i] = ri[0][i] * root[i] / overlap;
            }
            shaped[f] = Arrays.copyOf(ri[0], NOISE_WINDOW);
        });
        for (int f = 0; f < shaped.length; f++) {
            for (int i = 0, n = noiseStart(f); i < NOISE_WINDOW; i++, n++) {
                if (n >= 0 && n < wave.length) {
                    wave[n] += (float) shaped[f][i];
                }
            }
        }
    }

    /** First sample under the window of noise of frame f - 1. */
    private int noiseStart(int f) {
        int hop = audio.hopSamples();
        return (f - 1) * hop + (int) (lead * hop) - NOISE_WINDOW / 2;
    }

    /** Share of the power that harmonics carry at a frequency: nearly all below, 0 above the cross-over. */
    private static double harmonicShare(double hz) {
        return Math.max(0, Math.min(HARMONIC_SHARE, (HARMONICS_TO_HZ + CROSSOVER_HZ / 2 - hz) / CROSSOVER_HZ));
    }

    private double at(double[] level, int row, double hz) {
        return interpolate(level, row, place(hz));
    }

    /** Where a frequency lies between the centres of the mel bins. */
    private double place(double hz) {
        int last = centreHz.length - 1;
        if (hz <= centreHz[0]) {
            return 0;
        }
        if (hz >= centreHz[last]) {
            return hz > audio.fmaxHz() ? -1 : last;
        }
        int i = Arrays.binarySearch(centreHz, hz);
        int low = i >= 0 ? i : -i - 2;
        return Math.min(last, low + (hz - centreHz[low]) / (centreHz[Math.min(last, low + 1)] - centreHz[low]));
    }

    private static double interpolate(double[] level, int row, double place) {
        if (place < 0) {
            return 0; // above the front end's band
        }
        int low = (int) place;
        double a = level[row + low], part = place - low;
        return part == 0 ? a : a + part * (level[row + low + 1] - a);
    }

    private static float[] hiss(int samples, long seed) {
        SplittableRandom random = new SplittableRandom(KeyedRandom.mix(seed, "hiss", 0));
        float[] hiss = new float[samples];
        for (int i = 0; i < samples; i += 2) { // Box and Muller, two at a time
            double r = Math.sqrt(-2 * Math.log(1 - random.nextDouble())), a = 2 * Math.PI * random.nextDouble();
            hiss[i] = (float) (r * Math.cos(a));
            if (i + 1 < samples) {
                hiss[i + 1] = (float) (r * Math.sin(a));
            }
        }
        return hiss;
    }
}
