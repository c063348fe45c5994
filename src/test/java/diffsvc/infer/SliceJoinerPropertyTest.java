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

        List<Slice> parts(Recording sound) {
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

    private static float[] join(SliceJoiner joining, SliceConverter singer) throws IOException {
        float[] all = new float[joining.samples()];
        int[] at = {0};
        joining.run(singer, samples -> {
            System.arraycopy(samples, 0, all, at[0], samples.length);
            at[0] += samples.length;
        });
        assertEquals(all.length, at[0], "samples that came out");
        return all;
    }

    @Property
    void theLengthIsExactAndPartsFollowEachOther(@ForAll("songs") Song song) throws IOException {
        Recording sound = song.recording();
        List<Slice> parts = song.parts(sound);
        int at = 0;
        for (Slice p : parts) {
            assertEquals(at, p.start());
            assertTrue(p.from() <= p.start() && p.to() >= p.end() && p.samples() > 0, p.toString());
            assertTrue(
                    p.silent() || p.heard() <= Math.max(song.most() * song.rate(), p.cut() ? 0 : 1),
                    p + " is heard for longer than " + song.most() + " s");
            at = p.end();
        }
        assertEquals(song.samples(), at);
        float[] out = join(SliceJoiner.exact(sound, parts, song.outRate()), (i, heard, wanted) -> new float[wanted]);
        assertEquals(Math.round(song.samples() / (double) song.rate() * song.outRate()), out.length);
    }

    @Property
    void silenceStaysSilenceWhateverSings(@ForAll("songs") Song song) throws IOException {
        Recording silent = Recording.of(new Wave(new float[song.channels()][song.samples()], song.rate()));
        for (float v :
                join(SliceJoiner.exact(silent, song.parts(silent), song.outRate()), SliceJoinerPropertyTest::loud)) {
            assertEquals(0, v);
        }
        Recording sound = song.recording();
        SliceJoiner joining = SliceJoiner.exact(sound, song.parts(sound), song.outRate());
        float[] out = join(joining, SliceJoinerPropertyTest::loud);
        for (int i = 0; i < joining.parts().size(); i++) {
            if (joining.parts().get(i).silent()) {
                for (int k = joining.places()[i]; k < joining.places()[i + 1]; k++) {
                    assertEquals(0, out[k], "sample " + k);
                }
            }
        }
    }

    private static float[] loud(int i, Wave heard, int wanted) {
        float[] ones = new float[wanted];
        Arrays.fill(ones, 1);
        return ones;
    }

    /** A voice that holds one value: a crossfade gives it back, and beside silences it only fades. */
    @Property
    void crossfadesAddUpToOne(@ForAll("songs") Song song) throws IOException {
        Recording sound = song.recording();
        SliceJoiner joining = SliceJoiner.exact(sound, song.parts(sound), song.outRate());
        float[] out = join(joining, SliceJoinerPropertyTest::loud);
        int edge = (int) (0.005 * song.outRate()) + 1;
        for (int i = 0; i < joining.parts().size(); i++) {
            Slice p = joining.parts().get(i);
            boolean cutBefore = p.cut() || i == 0,
                    cutAfter =
                            i + 1 == joining.parts().size()
                                    || joining.parts().get(i + 1).cut();
            int from = joining.places()[i] + (cutBefore ? 0 : edge),
                    to = joining.places()[i + 1] - (cutAfter ? 0 : edge);
            if (p.silent() || sound.read(p.from(), p.to()).peak() == 0) {
                continue;
            }
            boolean quietNeighbour = i > 0
                            && p.cut()
                            && sound.read(
                                                    joining.parts().get(i - 1).from(),
                                                    joining.parts().get(i - 1).to())
                                            .peak()
                                    == 0
                    || i + 1 < joining.parts().size()
                            && !joining.parts().get(i + 1).silent()
                            && sound.read(
                                                    joining.parts().get(i + 1).from(),
                                                    joining.parts().get(i + 1).to())
                                            .peak()
                                    == 0;
            for (int k = from; k < to && !quietNeighbour; k++) {
                assertEquals(1, out[k], 1e-6f, "sample " + k + " of part " + i);
            }
        }
    }

    /**
     * A voice that sings the time it is: every sample lands where it belongs, to the rounding of one sample at each
     * end.
     */
    @Property
    void everySampleLandsWhereItBelongs(@ForAll("songs") Song song) throws IOException {
        Recording sound = song.recording();
        List<Slice> parts = song.parts(sound);
        SliceJoiner joining = SliceJoiner.exact(sound, parts, song.outRate());
        float[] out = join(joining, (i, heard, wanted) -> {
            float[] time = new float[wanted];
            double begins = parts.get(i).from() / (double) song.rate();
            for (int k = 0; k < wanted; k++) {
                time[k] = (float) (begins + k / (double) song.outRate() + 1);
            }
            return time;
        });
        int edge = (int) (0.005 * song.outRate()) + 1;
        for (int i = 0; i < parts.size(); i++) {
            if (parts.get(i).silent()
                    || sound.read(parts.get(i).from(), parts.get(i).to()).peak() == 0) {
                continue;
            }
            for (int k = joining.places()[i] + edge; k < joining.places()[i + 1] - edge; k++) {
                if (out[k] != 0) {
                    double off = Math.abs(out[k] - 1 - k / (double) song.outRate()) * song.outRate();
                    assertTrue(
                            off < 1.2 || crossesIntoSilence(sound, parts, i),
                            "sample " + k + " is " + off + " samples off");
                }
            }
        }
    }

    private static boolean crossesIntoSilence(Recording sound, List<Slice> parts, int i) {
        for (int j = Math.max(0, i - 1); j <= Math.min(parts.size() - 1, i + 1); j++) {
            if (sound.read(parts.get(j).from(), parts.get(j).to()).peak() == 0) {
                return true;
            }
        }
        return false;
    }

    @Property(tries = 60)
    void thePythonProjectsLengthsAreCeilings(@ForAll("songs") Song song) throws IOException {
        Recording sound = song.recording();
        List<Slice> parts = song.parts(sound);
        long wanted = parts.stream()
                .mapToLong(p -> (long) Math.ceil(p.samples() / (double) song.rate() * song.outRate()))
                .sum();
        assertEquals(
                wanted, join(SliceJoiner.asPython(sound, parts, song.outRate()), (i, heard, n) -> new float[n]).length);
    }
}
