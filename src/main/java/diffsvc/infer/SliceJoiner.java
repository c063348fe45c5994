package diffsvc.infer;

import diffsvc.audio.Recording;
import diffsvc.audio.Wave;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Converts the slices of a song one after the other and joins the results while they come. At a forced cut both sides
 * cover the place, and a linear crossfade leads from one to the other: the sum is never louder than the louder of them.
 * Beside a silence the sound fades over some milliseconds.
 *
 * @param places where each slice begins in the result, and behind the last where it ends; in samples of the result
 * @param fades false: nothing fades, as in the Python project
 */
public record SliceJoiner(Recording song, List<Slice> slices, int rateHz, int[] places, boolean fades) {
    private static final double CROSSFADE_SECONDS = 0.05, EDGE_SECONDS = 0.005, SHORTEST_SECONDS = 0.1;
    private static final int BLOCK = 1 << 16;

    /** Takes samples in order. */
    @FunctionalInterface
    public interface Sink {
        /**
         * The next samples of the result.
         *
         * @param samples [n], at the voice's rate
         * @throws IOException when they cannot be written
         */
        void accept(float[] samples) throws IOException;
    }

    /**
     * Each slice of the result begins where the song's does, so the result has round(seconds x rate) samples.
     *
     * @param slices that follow each other from 0 to N
     * @param rateHz of the result
     */
    public static SliceJoiner exact(Recording song, List<Slice> slices, int rateHz) {
        int[] places = new int[slices.size() + 1];
        for (int i = 0; i < slices.size(); i++) {
            places[i + 1] = place(song, slices.get(i).end(), rateHz);
        }
        return new SliceJoiner(song, slices, rateHz, places, true);
    }

    /**
     * Joins as the Python project does: every slice takes ceil(seconds x rate) samples, and nothing fades.
     *
     * @param slices that follow each other from 0 to N
     * @param rateHz of the result
     */
    public static SliceJoiner asPython(Recording song, List<Slice> slices, int rateHz) {
        int[] places = new int[slices.size() + 1];
        for (int i = 0; i < slices.size(); i++) {
            places[i + 1] =
                    places[i] + (int) Math.ceil(slices.get(i).samples() / (double) song.sampleRateHz() * rateHz);
        }
        return new SliceJoiner(song, slices, rateHz, places, false);
    }

    private static int place(Recording song, int sample, int rateHz) {
        return Math.toIntExact(Math.round(sample / (double) song.sampleRateHz() * rateHz));
    }

    /** Samples of the result. */
    public int samples() {
        return places[slices.size()];
    }

    /**
     * Slice {@code i} with its context, at the song's rate and never shorter than a tenth of a second: padded with
     * silence.
     */
    public Wave source(int i) {
        Slice slice = slices.get(i);
        Wave wave = song.read(slice.from(), slice.to());
        int least = (int) Math.ceil(SHORTEST_SECONDS * song.sampleRateHz());
        if (wave.samples() < least) {
            wave = new Wave(
                    Arrays.stream(wave.channels())
                            .map(c -> Arrays.copyOf(c, least))
                            .toArray(float[][]::new),
                    song.sampleRateHz());
        }
        return fades ? wave : wave.asPythonSlice();
    }

    /**
     * Converts and joins; {@code out} receives {@link #samples()} samples.
     *
     * @throws IOException when {@code out} throws it
     */
    public void run(SliceConverter converter, Sink out) throws IOException {
        float[] tail = new float[0];
        for (int i = 0; i < slices.size(); i++) {
            Slice p = slices.get(i);
            int core = places[i + 1] - places[i];
            if (p.silent() || core == 0) {
                for (int left = core; left > 0; left -= BLOCK) {
                    out.accept(new float[Math.min(BLOCK, left)]);
                }
                continue;
            }
            int before = place(song, p.start() - p.from(), rateHz),
                    after = place(song, p.to() - p.end(), rateHz),
                    left = half(i),
                    right = half(i + 1);
            Wave source = source(i);
            int least = place(song, source.samples(), rateHz), wanted = Math.max(before + core + after, least);
            float[] wave = source.peak() == 0 ? new float[wanted] : converter.convert(i, source, wanted);
            if (fades && left == 0 && i > 0) {
                fade(wave, before, 1, core);
            }
            if (fades && right == 0 && i < slices.size() - 1) {
                fade(wave, before + core - 1, -1, core);
            }
            for (int k = 0; k < 2 * left; k++) {
                float share = (k + 0.5f) / (2 * left);
                tail[k] = tail[k] * (1 - share) + wave[before - left + k] * share;
            }
            out.accept(tail);
            out.accept(Arrays.copyOfRange(wave, before + left, before + core - right));
            tail = Arrays.copyOfRange(wave, before + core - right, before + core + right);
        }
    }

    /**
     * Half of the crossfade at the beginning of slice {@code i}, in samples of the result; 0 where nothing is cut, so
     * beside a silence no tail is left over.
     */
    private int half(int i) {
        if (!fades || i <= 0 || i >= slices.size() || !slices.get(i).cut()) {
            return 0;
        }
        Slice a = slices.get(i - 1), b = slices.get(i);
        int most = (int) (CROSSFADE_SECONDS * rateHz / 2);
        return Math.min(
                most,
                Math.min(
                        Math.min((places[i] - places[i - 1]) / 2, (places[i + 1] - places[i]) / 2),
                        Math.min(place(song, a.to() - a.end(), rateHz), place(song, b.start() - b.from(), rateHz))));
    }

    private void fade(float[] wave, int from, int step, int core) {
        int n = Math.min((int) (EDGE_SECONDS * rateHz), core / 2);
        for (int k = 0; k < n; k++) {
            wave[from + step * k] *= (k + 0.5f) / n;
        }
    }
}
