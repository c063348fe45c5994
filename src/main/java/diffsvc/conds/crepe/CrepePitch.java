package diffsvc.conds.crepe;

import diffsvc.audio.Resampler;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Track;
import diffsvc.conds.PitchExtractor;
import diffsvc.hparams.Hparams;
import diffsvc.random.KeyedRandom;
import diffsvc.tensor.Cost;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * F0 from CREPE's probabilities, as the Python project computes it: the likeliest path; periodicity smoothed, and 0
 * where the song is quiet; frames of a periodicity below 0.05 left out; a mean of three; a linear interpolation through
 * the rest. The thresholds are fixed.
 */
public final class CrepePitch implements PitchExtractor {
    private static final int HOP = 80;
    /** Windows of the network in a second of sound. */
    public static final double WINDOWS_PER_SECOND = Crepe.RATE_HZ / (double) HOP;

    private static final double HOP_SECONDS = HOP / (double) Crepe.RATE_HZ,
            CENTS_A_BIN = 20,
            FIRST_CENTS = 1997.3794084376191;
    private static final int WIDEST_STEP = 12, FRAMES_A_PATH = 1024;
    private static final float QUIET_DB = -60, HARDLY_PERIODIC = 0.05f, VOICED = 0.21f;
    private final Crepe net;
    private final Hparams.Pitch range;
    private final boolean python;

    /**
     * The quirks decide whether the path restarts every 1024 frames and the pitch is dithered (both the Python
     * project's).
     *
     * @param net tiny or full; {@link #close} closes it
     * @param range lowest and highest F0
     */
    public CrepePitch(Crepe net, Hparams.Pitch range, Hparams.Quirks quirks) {
        this.net = net;
        this.range = range;
        python = quirks == Hparams.Quirks.PYTHON;
    }

    /**
     * CREPE's result on its own frames, 5 ms apart.
     *
     * @param bins [F] of the path
     * @param f0Hz [F] of the path
     * @param periodicity [F], the network's output at the path
     */
    public record Path(int[] bins, float[] f0Hz, float[] periodicity) {}

    /**
     * F0 on {@code frames} mel frames of {@code hopSamples}. F0 is interpolated through all frames unless none is
     * periodic. The Python project marks every frame as voiced; fixed: the frames whose periodicity is at least 0.21,
     * torchcrepe's threshold for speech, so that a vocoder that reads voicing keeps the consonants.
     *
     * @param seed of the dither, which only the Python project's side of the quirks adds
     */
    @Override
    public F0Track f0(Wave signal, int hopSamples, int frames, long seed) {
        int sampleRateHz = signal.sampleRateHz();
        float[] wave = Resampler.resampleIfNeeded(signal.first(), sampleRateHz, Crepe.RATE_HZ);
        float[][] probabilities = net.probabilities(Crepe.frames(wave, HOP));
        Path path = path(
                probabilities,
                python ? FRAMES_A_PATH : probabilities.length,
                python ? dither(probabilities.length, seed) : new float[probabilities.length]);
        float[] loudness = Loudness.of(wave, HOP);
        double frameSeconds = hopSamples / (double) sampleRateHz;
        F0Track track = onFrames(kept(path, loudness), frameSeconds, frames);
        if (python) {
            return track;
        }
        float[] periodicity = silenced(median3(path.periodicity()), loudness);
        boolean[] voiced = new boolean[frames];
        for (int t = 0; t < frames; t++) {
            int nearest = (int) Math.min(periodicity.length - 1, Math.round(t * frameSeconds / HOP_SECONDS));
            voiced[t] = track.f0Hz()[t] > 0 && periodicity[nearest] >= VOICED;
        }
        return new F0Track(track.f0Hz(), voiced, frameSeconds);
    }

    @Override
    public CrepePitch with(Hparams.Quirks quirks) {
        return new CrepePitch(net, range, quirks);
    }

    @Override
    public Cost cost() {
        return Crepe.cost(net.channels(), WINDOWS_PER_SECOND);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "F0 by CREPE, %.0f to %.0f Hz", range.f0MinHz(), range.f0MaxHz());
    }

    @Override
    public void close() {
        net.close();
    }

    /** Triangular noise of up to one bin either way, in cents, so that the 20 cents of a bin make no steps. */
    static float[] dither(int frames, long seed) {
        SplittableRandom random = new SplittableRandom(KeyedRandom.mix(seed, "dither", 0));
        float[] cents = new float[frames];
        for (int f = 0; f < frames; f++) {
            cents[f] = (float) (CENTS_A_BIN * (random.nextDouble() + random.nextDouble() - 1));
        }
        return cents;
    }

    /** First kept and first dropped bin for the range of F0. */
    int[] binRange() {
        return new int[] {
            (int) Math.max(0, Math.floor(bin(range.f0MinHz()))),
            (int) Math.min(Crepe.BINS, Math.ceil(bin(range.f0MaxHz())))
        };
    }

    private static double bin(double hz) {
        return (1200 * Math.log(hz / 10) / Math.log(2) - FIRST_CENTS) / CENTS_A_BIN;
    }

    /**
     * The likeliest path: Viterbi over a softmax of the probabilities, steps up to twelve bins, a fresh start each
     * {@code restart} frames.
     *
     * @param dither [F] cents added to the path
     */
    Path path(float[][] probabilities, int restart, float[] dither) {
        int frames = probabilities.length;
        int[] bins = new int[frames];
        for (int start = 0; start < frames; start += restart) {
            int[] part = likeliest(Arrays.copyOfRange(probabilities, start, Math.min(frames, start + restart)));
            System.arraycopy(part, 0, bins, start, part.length);
        }
        float[] f0 = new float[frames], periodicity = new float[frames];
        for (int f = 0; f < frames; f++) {
            f0[f] = (float) (10 * Math.pow(2, (CENTS_A_BIN * bins[f] + FIRST_CENTS + dither[f]) / 1200));
            periodicity[f] = probabilities[f][bins[f]];
        }
        return new Path(bins, f0, periodicity);
    }

    private int[] likeliest(float[][] probabilities) {
        int[] kept = binRange();
        int n = Crepe.BINS, frames = probabilities.length;
        double[][] step = new double[n][n]; // log of how likely j follows i
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (int j = 0; j < n; j++) {
                sum += Math.max(0, WIDEST_STEP - Math.abs(i - j));
            }
            for (int j = 0; j < n; j++) {
                step[i][j] = Math.log(Math.max(0, WIDEST_STEP - Math.abs(i - j)) / sum + Double.MIN_NORMAL);
            }
        }
        double[] best = new double[n], next = new double[n];
        int[][] from = new int[frames][n];
        for (int t = 0; t < frames; t++) {
            double[] likely = logSoftmax(probabilities[t], kept[0], kept[1]);
            for (int j = 0; j < n; j++) {
                if (t == 0) {
                    next[j] = likely[j] + Math.log(1.0 / n);
                    continue;
                }
                int top = 0;
                double value = Double.NEGATIVE_INFINITY;
                for (int i = 0; i < n; i++) {
                    double v = best[i] + step[i][j];
                    if (v > value) {
                        value = v;
                        top = i;
                    }
                }
                from[t][j] = top;
                next[j] = likely[j] + value;
            }
            double[] swap = best;
            best = next;
            next = swap;
        }
        int[] path = new int[frames];
        for (int j = 1; j < n; j++) {
            path[frames - 1] = best[j] > best[path[frames - 1]] ? j : path[frames - 1];
        }
        for (int t = frames - 1; t > 0; t--) {
            path[t - 1] = from[t][path[t]];
        }
        return path;
    }

    private static double[] logSoftmax(float[] p, int first, int end) {
        double sum = 0;
        for (int i = first; i < end; i++) {
            sum += Math.exp(p[i]);
        }
        double[] log = new double[p.length];
        for (int i = 0; i < p.length; i++) {
            log[i] = Math.log((i >= first && i < end ? Math.exp(p[i]) / sum : 0) + Float.MIN_NORMAL);
        }
        return log;
    }

    /** F0 [F] in Hz after the filters, 0 where it is left out. */
    static float[] kept(Path path, float[] loudnessDb) {
        return mean3(thresholded(path.f0Hz(), silenced(median3(path.periodicity()), loudnessDb)));
    }

    /** Periodicity, 0 where the frame is quiet. */
    static float[] silenced(float[] periodicity, float[] loudnessDb) {
        float[] y = periodicity.clone();
        for (int f = 0; f < y.length; f++) {
            y[f] = loudnessDb[f] < QUIET_DB ? 0 : y[f];
        }
        return y;
    }

    /** F0, 0 where periodicity is below 0.05. */
    static float[] thresholded(float[] f0Hz, float[] periodicity) {
        float[] y = f0Hz.clone();
        for (int f = 0; f < y.length; f++) {
            y[f] = periodicity[f] < HARDLY_PERIODIC ? 0 : y[f];
        }
        return y;
    }

    /** Median of three; at the ends the smaller of two. */
    static float[] median3(float[] x) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            float[] window = Arrays.copyOfRange(x, Math.max(0, i - 1), Math.min(x.length, i + 2));
            Arrays.sort(window);
            y[i] = window[(window.length - 1) / 2];
        }
        return y;
    }

    /** Mean of those of three that are not 0; 0 where all are. */
    static float[] mean3(float[] x) {
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            double sum = 0;
            int count = 0;
            for (int k = Math.max(0, i - 1); k <= Math.min(x.length - 1, i + 1); k++) {
                sum += x[k];
                count += x[k] > 0 ? 1 : 0;
            }
            y[i] = count == 0 ? 0 : (float) (sum / count);
        }
        return y;
    }

    /** A line through the frames that were kept, at the mel's times; the ends are held. */
    static F0Track onFrames(float[] f0, double frameSeconds, int frames) {
        int[] kept = IntStream.range(0, f0.length).filter(f -> f0[f] > 0).toArray();
        float[] out = new float[frames];
        int k = 0;
        for (int t = 0; kept.length > 0 && t < frames; t++) {
            double at = t * frameSeconds / HOP_SECONDS;
            while (k + 1 < kept.length && kept[k + 1] <= at) {
                k++;
            }
            int a = kept[k], b = kept[Math.min(kept.length - 1, k + 1)];
            double part = at <= a || a == b ? 0 : (at - a) / (b - a);
            out[t] = (float) (f0[a] + part * (f0[b] - f0[a]));
        }
        return F0Track.of(out, frameSeconds);
    }
}
