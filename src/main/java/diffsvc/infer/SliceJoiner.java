package diffsvc.infer;

import diffsvc.audio.Recording;
import diffsvc.audio.Wave;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * Has the parts of a song sung one after the other and joins them while they come. At a forced cut both sides have sung
 * the place, and a linear crossfade goes from one to the other: the sum is never louder than the louder of them. Beside
 * a silence the sound fades over some milliseconds.
 *
 * @param places where each part begins in the result, and behind the last where it ends; in samples of the result
 */
public record SliceJoiner(Recording song, List<Slice> parts, int rateHz, int[] places, boolean fades) {
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
     * The result begins each part where the song does, so that it ends at round(seconds x rate).
     *
     * @param song the recording
     * @param parts that follow each other from 0 to N
     * @param rateHz samples a second
     * @return how the parts are placed
     */
    public static SliceJoiner exact(Recording song, List<Slice> parts, int rateHz) {
        int[] places = new int[parts.size() + 1];
        for (int i = 0; i < parts.size(); i++) {
            places[i + 1] = place(song, parts.get(i).end(), rateHz);
        }
        return new SliceJoiner(song, parts, rateHz, places, true);
    }

    /**
     * As the Python project joins: every slice takes ceil(seconds x rate) samples, and nothing fades.
     *
     * @param song the recording
     * @param parts that follow each other from 0 to N
     * @param rateHz samples a second
     * @return how the parts are placed
     */
    public static SliceJoiner asPython(Recording song, List<Slice> parts, int rateHz) {
        int[] places = new int[parts.size() + 1];
        for (int i = 0; i < parts.size(); i++) {
            places[i + 1] = places[i] + (int) Math.ceil(parts.get(i).samples() / (double) song.sampleRateHz() * rateHz);
        }
        return new SliceJoiner(song, parts, rateHz, places, false);
    }

    private static int place(Recording song, int sample, int rateHz) {
        return Math.toIntExact(Math.round(sample / (double) song.sampleRateHz() * rateHz));
    }

    /**
     * Samples of the result.
     *
     * @return N
     */
    public int samples() {
        return places[parts.size()];
    }

    /**
     * What part {@code i} is heard as, never shorter than a tenth of a second: silence fills up.
     *
     * @param i index of the part
     * @return at the song's rate
     */
    public Wave heard(int i) {
        Slice p = parts.get(i);
        Wave heard = song.read(p.from(), p.to());
        int least = (int) Math.ceil(SHORTEST_SECONDS * song.sampleRateHz());
        return heard.samples() >= least
                ? heard
                : new Wave(
                        Arrays.stream(heard.channels())
                                .map(c -> Arrays.copyOf(c, least))
                                .toArray(float[][]::new),
                        song.sampleRateHz());
    }

    /**
     * Sings and joins; {@code out} gets {@link #samples()} samples.
     *
     * @param singer gives each part in the other voice
     * @param out takes the result in order
     * @throws IOException when {@code out} throws it
     */
    public void run(SliceConverter singer, Sink out) throws IOException {
        float[] tail = new float[0];
        for (int i = 0; i < parts.size(); i++) {
            Slice p = parts.get(i);
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
            Wave heard = heard(i);
            int least = place(song, heard.samples(), rateHz), wanted = Math.max(before + core + after, least);
            float[] wave = heard.peak() == 0 ? new float[wanted] : singer.sing(i, heard, wanted);
            if (fades && left == 0 && i > 0) {
                fade(wave, before, 1, core);
            }
            if (fades && right == 0 && i < parts.size() - 1) {
                fade(wave, before + core - 1, -1, core);
            }
            for (int k = 0; k < 2 * left; k++) {
                float part = (k + 0.5f) / (2 * left);
                tail[k] = tail[k] * (1 - part) + wave[before - left + k] * part;
            }
            out.accept(tail);
            out.accept(Arrays.copyOfRange(wave, before + left, before + core - right));
            tail = Arrays.copyOfRange(wave, before + core - right, before + core + right);
        }
    }

    /**
     * Half of the crossfade at the beginning of part {@code i}, in samples of the result; 0 where nothing is cut, so
     * beside a silence no tail is left over.
     */
    private int half(int i) {
        if (!fades || i <= 0 || i >= parts.size() || !parts.get(i).cut()) {
            return 0;
        }
        Slice a = parts.get(i - 1), b = parts.get(i);
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
