package diffsvc.conds.praat;

import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.F0Track;
import diffsvc.conds.PitchExtractor;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.PitchKind;
import diffsvc.platform.EngineLock;
import diffsvc.platform.EngineThreads;
import diffsvc.tensor.Cost;
import java.util.Arrays;
import java.util.Locale;
import org.hipparchus.analysis.UnivariateFunction;
import org.hipparchus.optim.MaxEval;
import org.hipparchus.optim.nonlinear.scalar.GoalType;
import org.hipparchus.optim.univariate.BrentOptimizer;
import org.hipparchus.optim.univariate.SearchInterval;
import org.hipparchus.optim.univariate.UnivariateObjectiveFunction;
import org.hipparchus.optim.univariate.UnivariatePointValuePair;
import org.hipparchus.transform.DftNormalization;
import org.hipparchus.transform.FastFourierTransformer;
import org.hipparchus.transform.TransformType;

/**
 * F0 by autocorrelation, as Praat's "To Pitch (ac)": the autocorrelation of a Hann-windowed frame divided by that of
 * the window, its peaks refined by sinc interpolation, and the cheapest path through the candidates (P. Boersma,
 * "Accurate short-term analysis of the fundamental frequency...", IFA Proceedings 17, 1993; costs and search as in
 * sections 4 and 5 there).
 */
public final class PraatPitch implements PitchExtractor {
    private static final double PERIODS_PER_WINDOW = 3, INTERPOLATION_DEPTH = 0.5;
    private static final int SINC_FIRST = 30, SINC_FINE = 70, SINC_VERY_FINE = 700, FRAMES_AT_ONCE = 64, NEAR_LAGS = 3;

    /**
     * Praat's settings.
     *
     * @param floorHz lowest F0; three of its periods make the window
     * @param ceilingHz candidates above it count as unvoiced
     * @param maxCandidates candidates per frame, the unvoiced one included
     */
    public record Settings(
            double floorHz,
            double ceilingHz,
            double voicingThreshold,
            int maxCandidates,
            double silenceThreshold,
            double octaveCost,
            double octaveJumpCost,
            double voicedUnvoicedCost) {
        /** The Python project's settings: voicing threshold 0.6, everything else Praat's default. */
        public static Settings of(double floorHz, double ceilingHz) {
            return new Settings(floorHz, ceilingHz, 0.6, 15, 0.03, 0.01, 0.35, 0.14);
        }
    }

    /**
     * Praat's result on its own frames.
     *
     * @param f0Hz [F] the path, 0 where unvoiced
     * @param strength [F] of the chosen candidates
     * @param firstSeconds time of the first frame
     */
    public record Path(double[] f0Hz, double[] strength, double firstSeconds) {}

    private record Candidate(double f0Hz, double strength) {}

    private final Settings settings;

    /** An extractor with these thresholds and costs. */
    public PraatPitch(Settings settings) {
        this.settings = settings;
    }

    /** Praat's method in a voice's range of F0. */
    public static PraatPitch of(Hparams.Pitch pitch) {
        return new PraatPitch(Settings.of(pitch.f0MinHz(), pitch.f0MaxHz()));
    }

    /**
     * F0 on {@code frames} mel frames: the path with floor((N/hop - F + 1) / 2) zeros in front and the rest behind. The
     * method draws no numbers, so the seed has no effect.
     *
     * @throws Problem when the signal is shorter than three periods of the floor
     */
    @Override
    public F0Track f0(Wave signal, int hopSamples, int frames, long seed) {
        float[] wave = signal.first();
        int sampleRateHz = signal.sampleRateHz();
        Path path = path(wave, sampleRateHz, hopSamples / (double) sampleRateHz);
        float[] f0 = new float[frames];
        int front = Math.max(0, Math.floorDiv(wave.length / hopSamples - path.f0Hz().length + 1, 2));
        for (int t = 0; t < path.f0Hz().length && front + t < frames; t++) {
            f0[front + t] = (float) path.f0Hz()[t];
        }
        return F0Track.of(f0, hopSamples / (double) sampleRateHz);
    }

    /** Itself: no quirk concerns Praat's method. */
    @Override
    public PraatPitch with(Hparams.Quirks quirks) {
        return this;
    }

    @Override
    public Cost cost() {
        return Cost.none(PitchKind.PRAAT.text(), 1);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "F0 by Praat's autocorrelation, %.0f to %.0f Hz", settings.floorHz, settings.ceilingHz);
    }

    @Override
    public void close() {}

    /** F0 and strength on Praat's own frames, {@code stepSeconds} apart and centred in the wave [N]. */
    public Path path(float[] wave, int sampleRateHz, double stepSeconds) {
        double dx = 1.0 / sampleRateHz,
                windowSeconds = PERIODS_PER_WINDOW / settings.floorHz(),
                duration = wave.length * dx;
        if (duration < windowSeconds) {
            throw Problem.in(
                    "pitch",
                    String.format("at least %.3f s (three periods of %.0f Hz)", windowSeconds, settings.floorHz()),
                    String.format("%.3f s", duration),
                    "give a longer sound or raise pitch.f0_min_hz");
        }
        int frames = (int) Math.floor((duration - windowSeconds) / stepSeconds) + 1;
        double first = 0.5 * duration - 0.5 * frames * stepSeconds + 0.5 * stepSeconds;
        Frame[] each = frames(wave, sampleRateHz);
        Candidate[][] candidates = new Candidate[frames][];
        double[] intensity = new double[frames];
        for (int from = 0; from < frames; from += FRAMES_AT_ONCE) {
            EngineLock.check("pitch", from, frames, "frames");
            int start = from, end = Math.min(frames, from + FRAMES_AT_ONCE);
            EngineThreads.forEach(each.length, i -> {
                for (int t = start + i; t < end; t += each.length) {
                    candidates[t] = each[i].candidates(first + t * stepSeconds, intensity, t);
                }
            });
        }
        return choose(candidates, intensity, stepSeconds, first);
    }

    /**
     * The strength of a wave [N] at an F0 that is known: the height of the autocorrelation's peak at its period, 0 to
     * 1, which is the share of the power that is periodic (Boersma 1993, eq. 4).
     *
     * @return [T] on the track's frames; NaN where a frame is unvoiced, where its F0 is below the floor, or where the
     *     window reaches beyond the wave
     */
    public double[] strengths(float[] wave, int sampleRateHz, F0Track f0) {
        double[] strengths = new double[f0.frames()];
        double half = PERIODS_PER_WINDOW / settings.floorHz() / 2, end = wave.length / (double) sampleRateHz - half;
        if (end < half) {
            Arrays.fill(strengths, Double.NaN);
            return strengths;
        }
        Frame[] each = frames(wave, sampleRateHz);
        EngineThreads.forEach(each.length, i -> {
            for (int t = i; t < strengths.length; t += each.length) {
                double time = t * f0.frameSeconds(), hz = f0.f0Hz()[t];
                strengths[t] = f0.voiced()[t] && hz > settings.floorHz() && time > half && time < end
                        ? each[i].strength(time, hz)
                        : Double.NaN;
            }
        });
        return strengths;
    }

    /** One for each thread. */
    private Frame[] frames(float[] wave, int sampleRateHz) {
        Frame[] each = new Frame[EngineThreads.count()];
        each[0] = new Frame(wave, sampleRateHz);
        Arrays.setAll(each, i -> i == 0 ? each[0] : new Frame(each[0]));
        return each;
    }

    /**
     * Viterbi over the candidates: strength against octave jumps and changes of voicing, whose costs apply to steps of
     * 10 ms.
     */
    private Path choose(Candidate[][] candidates, double[] intensity, double step, double first) {
        double jump = settings.octaveJumpCost() * 0.01 / step, change = settings.voicedUnvoicedCost() * 0.01 / step;
        int frames = candidates.length;
        double[][] best = new double[frames][];
        int[][] from = new int[frames][];
        for (int t = 0; t < frames; t++) {
            Candidate[] here = candidates[t];
            best[t] = new double[here.length];
            from[t] = new int[here.length];
            double quiet =
                    Math.max(0, 2 - intensity[t] / (settings.silenceThreshold() / (1 + settings.voicingThreshold())));
            for (int c = 0; c < here.length; c++) {
                double own = voiced(here[c])
                        ? here[c].strength() - settings.octaveCost() * log2(settings.ceilingHz() / here[c].f0Hz())
                        : settings.voicingThreshold() + quiet;
                double top = t == 0 ? 0 : Double.NEGATIVE_INFINITY;
                for (int p = 0; t > 0 && p < candidates[t - 1].length; p++) {
                    Candidate before = candidates[t - 1][p];
                    double cost = voiced(before) != voiced(here[c])
                            ? change
                            : !voiced(before) ? 0 : jump * Math.abs(log2(before.f0Hz() / here[c].f0Hz()));
                    if (best[t - 1][p] - cost > top) {
                        top = best[t - 1][p] - cost;
                        from[t][c] = p;
                    }
                }
                best[t][c] = top + own;
            }
        }
        double[] f0 = new double[frames], strength = new double[frames];
        int place = 0;
        for (int c = 1; frames > 0 && c < best[frames - 1].length; c++) {
            place = best[frames - 1][c] > best[frames - 1][place] ? c : place;
        }
        for (int t = frames - 1; t >= 0; t--) {
            Candidate chosen = candidates[t][place];
            f0[t] = voiced(chosen) ? chosen.f0Hz() : 0;
            strength[t] = chosen.strength();
            place = from[t][place];
        }
        return new Path(f0, strength, first);
    }

    private boolean voiced(Candidate c) {
        return c.f0Hz() > 0 && c.f0Hz() < settings.ceilingHz();
    }

    private static double log2(double x) {
        return Math.log(x) / Math.log(2);
    }

    /**
     * One frame's work: window, autocorrelation, peaks. A buffer is kept from frame to frame, so each thread has one.
     */
    private final class Frame {
        private final float[] wave;
        private final double dx, globalPeak;
        private final int periodSamples, halfPeriod, halfWindow, windowSamples, maxLag, depth, fft;
        private final double[] window, windowCorrelation, r;

        Frame(float[] wave, int rate) {
            this.wave = wave;
            dx = 1.0 / rate;
            periodSamples = (int) Math.floor(1 / dx / settings.floorHz());
            halfPeriod = periodSamples / 2 + 1;
            halfWindow = (int) Math.floor(PERIODS_PER_WINDOW / settings.floorHz() / dx) / 2 - 1;
            windowSamples = halfWindow * 2;
            maxLag = Math.min((int) Math.floor(windowSamples / PERIODS_PER_WINDOW) + 2, windowSamples);
            depth = (int) (windowSamples * INTERPOLATION_DEPTH);
            int size = 1;
            while (size < windowSamples * (1 + INTERPOLATION_DEPTH)) {
                size *= 2;
            }
            fft = size;
            window = new double[windowSamples];
            for (int i = 0; i < windowSamples; i++) {
                window[i] = 0.5 - 0.5 * Math.cos((i + 1) * 2 * Math.PI / (windowSamples + 1));
            }
            windowCorrelation = correlation(Arrays.copyOf(window, fft));
            double top = windowCorrelation[0];
            for (int i = 0; i < fft; i++) {
                windowCorrelation[i] /= top;
            }
            double mean = 0, peak = 0;
            for (float v : wave) {
                mean += v / wave.length;
            }
            for (float v : wave) {
                peak = Math.max(peak, Math.abs(v - mean));
            }
            globalPeak = peak;
            r = new double[2 * depth + 1]; // lags -depth..depth, lag 0 at r[depth]
        }

        /** Another one for the same wave. */
        Frame(Frame same) {
            wave = same.wave;
            dx = same.dx;
            globalPeak = same.globalPeak;
            periodSamples = same.periodSamples;
            halfPeriod = same.halfPeriod;
            halfWindow = same.halfWindow;
            windowSamples = same.windowSamples;
            maxLag = same.maxLag;
            depth = same.depth;
            fft = same.fft;
            window = same.window;
            windowCorrelation = same.windowCorrelation;
            r = new double[same.r.length];
        }

        private double[] correlation(double[] x) {
            double[][] ri = {x, new double[fft]};
            FastFourierTransformer.transformInPlace(ri, DftNormalization.STANDARD, TransformType.FORWARD);
            for (int k = 0; k < fft; k++) {
                ri[0][k] = ri[0][k] * ri[0][k] + ri[1][k] * ri[1][k];
                ri[1][k] = 0;
            }
            FastFourierTransformer.transformInPlace(ri, DftNormalization.STANDARD, TransformType.INVERSE);
            return ri[0];
        }

        /**
         * The autocorrelation of the frame around a time, into r; returns the frame's local peak, and leaves r as it
         * was where that is 0.
         */
        private double correlate(double time) {
            int left = (int) Math.floor(time / dx - 0.5), right = left + 1; // 0-based; sample i sits at (i + 0.5) dx
            double mean = 0;
            for (int i = right - periodSamples; i <= left + periodSamples; i++) {
                mean += at(i);
            }
            mean /= 2 * periodSamples;
            double[] frame = new double[fft];
            for (int j = 0, i = right - halfWindow; j < windowSamples; j++, i++) {
                frame[j] = (at(i) - mean) * window[j];
            }
            double peak = 0;
            for (int j = Math.max(0, halfWindow - halfPeriod);
                    j < Math.min(windowSamples, halfWindow + halfPeriod);
                    j++) {
                peak = Math.max(peak, Math.abs(frame[j]));
            }
            if (peak > 0) {
                double[] ac = correlation(frame);
                r[depth] = 1;
                for (int i = 1; i <= depth; i++) {
                    r[depth + i] = r[depth - i] = ac[i] / (ac[0] * windowCorrelation[i]);
                }
            }
            return peak;
        }

        Candidate[] candidates(double time, double[] intensity, int t) {
            Candidate unvoiced = new Candidate(0, 0);
            if (globalPeak == 0) {
                return new Candidate[] {unvoiced};
            }
            double peak = correlate(time);
            intensity[t] = Math.min(1, peak / globalPeak);
            if (peak == 0) {
                return new Candidate[] {unvoiced};
            }
            double[] f0 = new double[settings.maxCandidates()], strength = new double[f0.length];
            int[] lag = new int[f0.length];
            int count = 1;
            for (int i = 2; i < maxLag && i < depth; i++) {
                double here = r[depth + i], before = r[depth + i - 1], after = r[depth + i + 1];
                if (here > 0.5 * settings.voicingThreshold() && here > before && here >= after) {
                    double dr = 0.5 * (after - before), d2r = (here - before) + (here - after); // parabola first
                    double hz = 1 / dx / (i + dr / d2r), s = within1(sinc(1 / dx / hz, SINC_FIRST));
                    int place = count < f0.length
                            ? count++
                            : weakest(f0, strength, s - settings.octaveCost() * log2(settings.floorHz() / hz));
                    if (place > 0) {
                        f0[place] = hz;
                        strength[place] = s;
                        lag[place] = i;
                    }
                }
            }
            Candidate[] all = new Candidate[count];
            all[0] = unvoiced;
            for (int c = 1; c < count; c++) {
                all[c] = refined(f0[c], lag[c]);
            }
            return all;
        }

        /** The strength of the peak at the lag of a known F0; NaN where the frame is silent or F0 out of reach. */
        double strength(double time, double hz) {
            int lag = (int) Math.round(1 / dx / hz);
            if (lag < 2 || lag >= Math.min(maxLag, depth) || correlate(time) == 0) {
                return Double.NaN;
            }
            for (int step = 0; step < NEAR_LAGS && lag > 2 && lag < depth - 1; step++) { // F0 may be another frame's
                int higher = r[depth + lag + 1] > r[depth + lag - 1] ? lag + 1 : lag - 1;
                if (r[depth + higher] <= r[depth + lag]) {
                    break;
                }
                lag = higher;
            }
            return refined(hz, lag).strength();
        }

        /** The peak near a lag, located between the samples of the correlation by Brent's method. */
        private Candidate refined(double hz, int lag) {
            int sincDepth = hz > 0.3 / dx ? SINC_VERY_FINE : SINC_FINE;
            UnivariateFunction height = x -> sinc(x, sincDepth);
            UnivariatePointValuePair top = new BrentOptimizer(1e-10, 1e-11)
                    .optimize(
                            new MaxEval(200),
                            new UnivariateObjectiveFunction(height),
                            GoalType.MAXIMIZE,
                            new SearchInterval(lag - 1, lag + 1, lag));
            return new Candidate(1 / dx / top.getPoint(), within1(top.getValue()));
        }

        /**
         * The index of the weakest voiced candidate if the new one is stronger, otherwise 0; the octave cost favours
         * low F0.
         */
        private int weakest(double[] f0, double[] strength, double newcomer) {
            double weakest = 2;
            int place = 0;
            for (int c = 1; c < f0.length; c++) {
                double s = strength[c] - settings.octaveCost() * log2(settings.floorHz() / f0[c]);
                if (s < weakest) {
                    weakest = s;
                    place = c;
                }
            }
            return newcomer <= weakest ? 0 : place;
        }

        private double at(int i) {
            return i < 0 || i >= wave.length ? 0 : wave[i];
        }

        private double within1(double s) {
            return s > 1 ? 1 / s : s;
        }

        /**
         * The correlation between its samples at lag x, by a Hann-windowed sinc of the given depth (Boersma 1993, eq.
         * 22).
         */
        private double sinc(double x, int wanted) {
            double at = x + depth;
            int midLeft = (int) Math.floor(at), midRight = midLeft + 1, last = 2 * depth;
            if (at == midLeft) {
                return r[midLeft];
            }
            int sincDepth = Math.min(wanted, Math.min(midRight, last - midLeft));
            int left = midRight - sincDepth, right = midLeft + sincDepth;
            return wing(at - midLeft, at - left + 1, midLeft, left, -1)
                    + wing(midRight - at, right - at + 1, midRight, right, 1);
        }

        /**
         * One side of the interpolation; the window's cosine is advanced by rotation, because a call of the cosine for
         * every tap would take most of the time.
         */
        private double wing(double distance, double width, int from, int to, int step) {
            double a = Math.PI * distance, halfSine = 0.5 * Math.sin(a), turn = Math.PI / width, sum = 0;
            double c = Math.cos(a / width), s = Math.sin(a / width), dc = Math.cos(turn), ds = Math.sin(turn);
            for (int i = from; step < 0 ? i >= to : i <= to; i += step) {
                sum += r[i] * halfSine / a * (1 + c);
                a += Math.PI;
                halfSine = -halfSine;
                double next = c * dc - s * ds;
                s = s * dc + c * ds;
                c = next;
            }
            return sum;
        }
    }
}
