package diffsvc.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.Recording;
import diffsvc.audio.Slicer;
import diffsvc.audio.Wave;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/**
 * For any length, rates and slicing the joined song has its exact length, silence stays silence, and the joins neither
 * add nor take away.
 */
class SliceJoinerPropertyTest {
    /**
     * A song as a property draws it.
     *
     * @param sounding whether each stretch of the song sounds
     * @param most longest slice, seconds
     */
    record Song(int samples, int rate, int channels, int outRate, List<Boolean> sounding, double most, long seed) {
        Recording recording() {
            SplittableRandom random = new SplittableRandom(seed);
            float[][] x = new float[channels][samples];
            for (int i = 0; i < samples; i++) {
                boolean sounds = sounding.get((int) ((long) i * sounding.size() / samples));
                for (float[] channel : x) {
                    channel[i] = sounds ? (float) (0.3 * Math.sin(i * 0.05) + 0.2 * (random.nextDouble() - 0.5)) : 0;
                }
            }
            return Recording.of(new Wave(x, rate));
        }

        List<Slice> slices(Recording sound) {
            return Slice.of(sound, Slicer.standard(), (int) (most * rate), rate / 2);
        }
    }

    @Provide
    Arbitrary<Song> songs() {
        return Combinators.combine(
                        Arbitraries.integers().between(1, 400_000),
                        Arbitraries.of(8000, 11025, 16000, 22050, 44100, 48000, 96000),
                        Arbitraries.integers().between(1, 2),
                        Arbitraries.of(24000, 44100),
                        Arbitraries.of(true, true, false).list().ofMinSize(1).ofMaxSize(9),
                        Arbitraries.doubles().between(2, 9),
                        Arbitraries.longs())
                .as(Song::new);
    }

    private static float[] join(SliceJoiner joiner, SliceConverter converter) throws IOException {
        float[] all = new float[joiner.samples()];
        int[] at = {0};
        joiner.run(converter, samples -> {
            System.arraycopy(samples, 0, all, at[0], samples.length);
            at[0] += samples.length;
        });
        assertEquals(all.length, at[0], "samples that came out");
        return all;
    }

    @Property
    void theLengthIsExactAndSlicesFollowEachOther(@ForAll("songs") Song song) throws IOException {
        Recording sound = song.recording();
        List<Slice> slices = song.slices(sound);
        int at = 0;
        for (Slice p : slices) {
            assertEquals(at, p.start());
            assertTrue(p.from() <= p.start() && p.to() >= p.end() && p.samples() > 0, p.toString());
            assertTrue(
                    p.silent() || p.reach() <= Math.max(song.most() * song.rate(), p.cut() ? 0 : 1),
                    p + " reaches further than " + song.most() + " s");
            at = p.end();
        }
        assertEquals(song.samples(), at);
        float[] out = join(SliceJoiner.exact(sound, slices, song.outRate()), (i, source, wanted) -> new float[wanted]);
        assertEquals(Math.round(song.samples() / (double) song.rate() * song.outRate()), out.length);
    }

    @Property
    void silenceStaysSilenceWhateverTheConverterGives(@ForAll("songs") Song song) throws IOException {
        Recording silent = Recording.of(new Wave(new float[song.channels()][song.samples()], song.rate()));
        for (float v :
                join(SliceJoiner.exact(silent, song.slices(silent), song.outRate()), SliceJoinerPropertyTest::loud)) {
            assertEquals(0, v);
        }
        Recording sound = song.recording();
        SliceJoiner joiner = SliceJoiner.exact(sound, song.slices(sound), song.outRate());
        float[] out = join(joiner, SliceJoinerPropertyTest::loud);
        for (int i = 0; i < joiner.slices().size(); i++) {
            if (joiner.slices().get(i).silent()) {
                for (int k = joiner.places()[i]; k < joiner.places()[i + 1]; k++) {
                    assertEquals(0, out[k], "sample " + k);
                }
            }
        }
    }

    private static float[] loud(int i, Wave source, int wanted) {
        float[] ones = new float[wanted];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** A voice that holds one value: a crossfade gives it back, and beside silences it only fades. */
    @Property
    void crossfadesAddUpToOne(@ForAll("songs") Song song) throws IOException {
        Recording sound = song.recording();
        SliceJoiner joiner = SliceJoiner.exact(sound, song.slices(sound), song.outRate());
        float[] out = join(joiner, SliceJoinerPropertyTest::loud);
        int edge = (int) (0.005 * song.outRate()) + 1;
        for (int i = 0; i < joiner.slices().size(); i++) {
            Slice p = joiner.slices().get(i);
            boolean cutBefore = p.cut() || i == 0,
                    cutAfter =
                            i + 1 == joiner.slices().size()
                                    || joiner.slices().get(i + 1).cut();
            int from = joiner.places()[i] + (cutBefore ? 0 : edge), to = joiner.places()[i + 1] - (cutAfter ? 0 : edge);
            if (p.silent() || sound.read(p.from(), p.to()).peak() == 0) {
                continue;
            }
            boolean quietNeighbour = i > 0
                            && p.cut()
                            && sound.read(
                                                    joiner.slices().get(i - 1).from(),
                                                    joiner.slices().get(i - 1).to())
                                            .peak()
                                    == 0
                    || i + 1 < joiner.slices().size()
                            && !joiner.slices().get(i + 1).silent()
                            && sound.read(
                                                    joiner.slices().get(i + 1).from(),
                                                    joiner.slices().get(i + 1).to())
                                            .peak()
                                    == 0;
            for (int k = from; k < to && !quietNeighbour; k++) {
                assertEquals(1, out[k], 1e-6f, "sample " + k + " of slice " + i);
            }
        }
    }

    /**
     * A voice whose samples are the time: every sample lands where it belongs, to the rounding of one sample at each
     * end.
     */
    @Tag("conversion")
    @Property
    void everySampleLandsWhereItBelongs(@ForAll("songs") Song song) throws IOException {
        Recording sound = song.recording();
        List<Slice> slices = song.slices(sound);
        SliceJoiner joiner = SliceJoiner.exact(sound, slices, song.outRate());
        float[] out = join(joiner, (i, source, wanted) -> {
            float[] time = new float[wanted];
            double begins = slices.get(i).from() / (double) song.rate();
            for (int k = 0; k < wanted; k++) {
                time[k] = (float) (begins + k / (double) song.outRate() + 1);
            }
            return time;
        });
        int edge = (int) (0.005 * song.outRate()) + 1;
        for (int i = 0; i < slices.size(); i++) {
            if (slices.get(i).silent()
                    || sound.read(slices.get(i).from(), slices.get(i).to()).peak() == 0) {
                continue;
            }
            for (int k = joiner.places()[i] + edge; k < joiner.places()[i + 1] - edge; k++) {
                double off = Math.abs(out[k] - 1 - k / (double) song.outRate()) * song.outRate();
                assertTrue(
                        off < 1.2 || crossesIntoSilence(sound, slices, i),
                        "sample " + k + " is " + off + " samples off");
            }
        }
    }

    private static boolean crossesIntoSilence(Recording sound, List<Slice> slices, int i) {
        for (int j = Math.max(0, i - 1); j <= Math.min(slices.size() - 1, i + 1); j++) {
            if (sound.read(slices.get(j).from(), slices.get(j).to()).peak() == 0) {
                return true;
            }
        }
        return false;
    }

    @Property(tries = 60)
    void thePythonProjectsLengthsAreCeilings(@ForAll("songs") Song song) throws IOException {
        Recording sound = song.recording();
        List<Slice> slices = song.slices(sound);
        long wanted = slices.stream()
                .mapToLong(p -> (long) Math.ceil(p.samples() / (double) song.rate() * song.outRate()))
                .sum();
        assertEquals(
                wanted,
                join(SliceJoiner.asPython(sound, slices, song.outRate()), (i, source, n) -> new float[n]).length);
    }
}
