package diffsvc.audio;

import diffsvc.check.Problem;
import java.util.ArrayList;
import java.util.List;

/**
 * Finds the silences of a recording and cuts it there, by the Python project's rules (golden slicer): a stretch is
 * silent where the loudest sample of every long window stays below the threshold; it is cut at its quietest places, and
 * what lies between two silences is at least {@code minMs} long. The slicer measures the mean of the channels and reads
 * a recording in blocks, twice: the first time for its mean value.
 *
 * @param thresholdDb below it is silence, dB of full scale
 * @param minMs shortest piece of sound between two cuts; a recording that is no longer stays whole
 * @param longMs window that must be silent all through
 * @param shortMs window in which the cut itself is placed
 * @param keptMs most silence that stays at either side of a piece
 */
public record Slicer(double thresholdDb, double minMs, double longMs, double shortMs, double keptMs) {
    private static final double FLOOR = 1e-12;
    private static final int BLOCK = 1 << 16;

    /** Samples from {@code start} up to, not including, {@code end}. */
    public record Slice(int start, int end, boolean silent) {
        /** Samples of the slice. */
        public int samples() {
            return end - start;
        }
    }

    /**
     * Checks the durations.
     *
     * @throws Problem unless {@code minMs >= longMs >= shortMs > 0} and {@code keptMs >= shortMs}
     */
    public Slicer {
        if (!(minMs >= longMs && longMs >= shortMs && keptMs >= shortMs && shortMs > 0)) {
            throw Problem.in(
                    "slicing",
                    "min >= long window >= short window > 0 and kept >= short window",
                    minMs + ", " + longMs + ", " + shortMs + ", " + keptMs + " ms",
                    "correct the slicer's lengths");
        }
    }

    /** The Python project's settings: -40 dB, 5 s, 300 ms, 20 ms, 500 ms. */
    public static Slicer standard() {
        return new Slicer(-40, 5000, 300, 20, 500);
    }

    /**
     * The same settings with another threshold.
     *
     * @param thresholdDb below it a window is silent, dB of full scale
     */
    public Slicer at(double thresholdDb) {
        return new Slicer(thresholdDb, minMs, longMs, shortMs, keptMs);
    }

    /** Cuts a recording into sounding and silent slices that follow each other without a gap from 0 to N. */
    public List<Slice> slice(Recording sound) {
        int rateHz = sound.sampleRateHz(), n = sound.samples();
        int longest = samples(longMs, rateHz),
                shortest = samples(shortMs, rateHz),
                kept = samples(keptMs, rateHz),
                min = samples(minMs, rateHz),
                windows = n - longest + 1;
        if (n <= min || windows < 1) {
            return List.of(new Slice(0, n, false));
        }
        float centre = centre(sound);
        List<int[]> silences = new ArrayList<>();
        for (int[] run : silentWindows(sound, centre, longest)) {
            int left = run[0], right = run[1], reach = Math.min(kept, (right + longest - left) / 2);
            boolean toTheEnd = right == windows,
                    last = right == windows - 1; // the reference treats the last window by itself
            int from = left == 0
                    ? 0
                    : quietest(sound, centre, left, toTheEnd ? Math.min(n, left + reach) : left + reach, shortest);
            if (toTheEnd) {
                silences.add(new int[] {from, n});
            } else if (silences.isEmpty() || from - silences.get(silences.size() - 1)[1] >= min || last) {
                silences.add(new int[] {
                    from,
                    last ? right + longest : quietest(sound, centre, right + longest - reach, right + longest, shortest)
                });
            }
        }
        return slices(silences, n);
    }

    /**
     * Cuts a slice into parts no longer than {@code most} samples, each cut where the sound is weakest in the second
     * half of what a part may hold: for phrases without a pause. The parts follow each other without a gap.
     *
     * @param most samples
     */
    public List<Slice> bound(Recording sound, Slice slice, int most) {
        List<Slice> parts = new ArrayList<>();
        int start = slice.start(), window = Math.max(1, samples(shortMs, sound.sampleRateHz()));
        while (slice.end() - start > most) {
            int from = start + most / 2, to = start + most, cut = to;
            float[] x = sound.read(from, to).mean();
            double sum = 0, best = Double.POSITIVE_INFINITY;
            for (int i = 0; i < x.length; i++) {
                sum += (double) x[i] * x[i];
                int first = i - window;
                if (first >= 0) {
                    sum -= (double) x[first] * x[first];
                    if (sum < best) {
                        best = sum;
                        cut = from + i - window / 2;
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

    private static float centre(Recording sound) {
        double sum = 0;
        for (int at = 0; at < sound.samples(); at += BLOCK) {
            for (float v : sound.read(at, Math.min(sound.samples(), at + BLOCK)).mean()) {
                sum += v;
            }
        }
        return (float) (sum / sound.samples());
    }

    /** Runs of windows, first and behind the last, in which every sample is silent. */
    private List<int[]> silentWindows(Recording sound, float centre, int longest) {
        float limit = (float) Math.pow(10, thresholdDb / 20); // the least level that is no silence, to the last bit
        while (db(limit) >= thresholdDb) {
            limit = Math.nextDown(limit);
        }
        while (db(limit) < thresholdDb) {
            limit = Math.nextUp(limit);
        }
        List<int[]> runs = new ArrayList<>();
        int since = 0, n = sound.samples();
        for (int at = 0; at < n; at += BLOCK) {
            float[] x = sound.read(at, Math.min(n, at + BLOCK)).mean();
            for (int i = 0; i < x.length; i++) {
                if (Math.abs(x[i] - centre) >= limit) {
                    if (at + i - since >= longest) {
                        runs.add(new int[] {since, at + i - longest + 1});
                    }
                    since = at + i + 1;
                }
            }
        }
        if (n - since >= longest) {
            runs.add(new int[] {since, n - longest + 1});
        }
        return runs;
    }

    /** Where a cut hurts least: the sample nearest to the centre line in the short window of least variance. */
    private static int quietest(Recording sound, float centre, int from, int to, int window) {
        float[] x = sound.read(from, Math.min(sound.samples(), Math.max(to, from + window)))
                .mean();
        double sum = 0, squares = 0, best = Double.POSITIVE_INFINITY;
        int place = 0;
        for (int i = 0; i < to - from; i++) {
            sum += x[i];
            squares += (double) x[i] * x[i];
            int first = i - window + 1;
            if (first >= 0) {
                double variance = squares / window - sum / window * (sum / window);
                if (variance < best) {
                    best = variance;
                    place = first;
                }
                sum -= x[first];
                squares -= (double) x[first] * x[first];
            }
        }
        int least = place;
        for (int i = place; i < Math.min(x.length, place + window); i++) {
            if (Math.abs(x[i] - centre) < Math.abs(x[least] - centre)) {
                least = i;
            }
        }
        return from + least;
    }

    private static double db(float level) {
        return 20 * Math.log10(Math.max(level, FLOOR));
    }

    private static int samples(double ms, int rateHz) {
        return (int) Math.rint(rateHz * ms / 1000);
    }
}
