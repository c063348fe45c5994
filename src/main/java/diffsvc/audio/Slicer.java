package diffsvc.audio;

import diffsvc.check.Problem;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the silences of a recording and cuts it there, by the Python project's rules (golden slicer): a stretch is silent where the loudest sample of
 * every long window stays below the threshold; it is cut at its quietest places, and what lies between two silences is at least {@code minMs} long.
 *
 * @param thresholdDb below it is silence, dB of full scale
 * @param minMs shortest piece of sound between two cuts; a recording that is no longer stays whole
 * @param longMs window that must be silent all through
 * @param shortMs window in which the cut itself is placed
 * @param keptMs most silence that stays at either side of a piece
 */
public record Slicer(double thresholdDb, double minMs, double longMs, double shortMs, double keptMs) {
    private static final double FLOOR = 1e-12;

    /** Samples from {@code start} up to, not including, {@code end}. */
    public record Slice(int start, int end, boolean silent) {
        public int samples() {
            return end - start;
        }
    }

    public Slicer {
        if (!(minMs >= longMs && longMs >= shortMs && keptMs >= shortMs && shortMs > 0)) {
            throw Problem.in("slicing", "min >= long window >= short window > 0 and kept >= short window",
                    minMs + ", " + longMs + ", " + shortMs + ", " + keptMs + " ms", "correct the slicer's lengths");
        }
    }

    /** The Python project's settings: -40 dB, 5 s, 300 ms, 20 ms, 500 ms. */
    public static Slicer standard() {
        return new Slicer(-40, 5000, 300, 20, 500);
    }

    /** Slices that follow each other without a gap from 0 to N, sounding and silent. */
    public List<Slice> slice(float[] signal, int rateHz) {
        int longest = samples(longMs, rateHz), shortest = samples(shortMs, rateHz), kept = samples(keptMs, rateHz), min = samples(minMs, rateHz), n = signal.length;
        if (n <= min || n < longest) {
            return List.of(new Slice(0, n, false));
        }
        double mean = 0;
        for (float v : signal) {
            mean += v;
        }
        float centre = (float) (mean / n);
        float[] loudness = new float[n];
        for (int i = 0; i < n; i++) {
            loudness[i] = Math.abs(signal[i] - centre);
        }
        float[] window = maxima(loudness, longest);
        List<int[]> silences = new ArrayList<>();
        int left = 0, right = 0;
        while (right < window.length) {
            if (db(window[right]) < thresholdDb) {
                right++;
                continue;
            }
            if (left < right) {
                int reach = Math.min(kept, (right + longest - left) / 2), from = left == 0 ? 0 : quietest(signal, loudness, left, left + reach, shortest);
                boolean last = right == window.length - 1;
                if (silences.isEmpty() || from - silences.get(silences.size() - 1)[1] >= min || last) {
                    silences.add(new int[] {from, last ? right + longest : quietest(signal, loudness, right + longest - reach, right + longest, shortest)});
                }
            }
            right++;
            left = right;
        }
        if (left < right) {
            int reach = Math.min(kept, (right + longest - left) / 2);
            silences.add(new int[] {left == 0 ? 0 : quietest(signal, loudness, left, Math.min(n, left + reach), shortest), n});
        }
        return slices(silences, n);
    }

    /**
     * A slice in parts no longer than {@code most} samples, each cut where the sound is weakest in the second half of what a part may hold: for
     * phrases that go on without a pause.
     */
    public List<Slice> bound(float[] signal, int rateHz, Slice slice, int most) {
        List<Slice> parts = new ArrayList<>();
        int start = slice.start(), window = Math.max(1, samples(shortMs, rateHz));
        while (slice.end() - start > most) {
            int from = start + most / 2, to = start + most;
            double sum = 0, best = Double.POSITIVE_INFINITY;
            int cut = to;
            for (int i = from; i < to; i++) {
                sum += (double) signal[i] * signal[i];
                int first = i - window;
                if (first >= from) {
                    sum -= (double) signal[first] * signal[first];
                    if (sum < best) {
                        best = sum;
                        cut = i - window / 2;
                    }
                }
            }
            parts.add(new Slice(start, cut, slice.silent()));
            start = cut;
        }
        parts.add(new Slice(start, slice.end(), slice.silent()));
        return parts;
    }

    private static List<Slice> slices(List<int[]> silences, int n) {
        List<Slice> slices = new ArrayList<>();
        int at = 0;
        for (int[] silence : silences) {
            if (silence[0] > at) {
                slices.add(new Slice(at, silence[0], false));
            }
            slices.add(new Slice(silence[0], silence[1], true));
            at = silence[1];
        }
        if (at < n) {
            slices.add(new Slice(at, n, false));
        }
        return slices;
    }

    /** Where a cut hurts least: the sample nearest to the centre line in the short window of least variance. */
    private static int quietest(float[] signal, float[] loudness, int from, int to, int window) {
        double sum = 0, squares = 0, best = Double.POSITIVE_INFINITY;
        int place = from;
        for (int i = from; i < to; i++) {
            sum += signal[i];
            squares += (double) signal[i] * signal[i];
            int first = i - window + 1;
            if (first >= from) {
                double variance = squares / window - sum / window * (sum / window);
                if (variance < best) {
                    best = variance;
                    place = first;
                }
                sum -= signal[first];
                squares -= (double) signal[first] * signal[first];
            }
        }
        return least(loudness, place, Math.min(loudness.length, place + window));
    }

    private static int least(float[] x, int from, int to) {
        int at = from;
        for (int i = from; i < to; i++) {
            if (x[i] < x[at]) {
                at = i;
            }
        }
        return at;
    }

    /** The maximum of each window of {@code size} samples, in one pass. */
    private static float[] maxima(float[] x, int size) {
        float[] out = new float[x.length - size + 1];
        ArrayDeque<Integer> candidates = new ArrayDeque<>();
        for (int i = 0; i < x.length; i++) {
            while (!candidates.isEmpty() && x[candidates.peekLast()] <= x[i]) {
                candidates.pollLast();
            }
            candidates.add(i);
            if (candidates.peekFirst() <= i - size) {
                candidates.pollFirst();
            }
            if (i >= size - 1) {
                out[i - size + 1] = x[candidates.peekFirst()];
            }
        }
        return out;
    }

    private static double db(float level) {
        return 20 * Math.log10(Math.max(level, FLOOR));
    }

    private static int samples(double ms, int rateHz) {
        return (int) Math.rint(rateHz * ms / 1000);
    }
}
