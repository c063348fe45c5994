package diffsvc.voice;

import static diffsvc.voice.Steps.step;
import static diffsvc.voice.Steps.steps;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.diffusion.Samplers;
import diffsvc.platform.ProcessMemory;
import diffsvc.tensor.Summary;
import diffsvc.tensor.Tap;
import diffsvc.testing.SungTone;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Inner values: what taps keep, and what patches change and leave alone. */
@Tag("conversion")
class PatchTest {
    private static final int STEPS = 4;
    private static final Wave SONG = SungTone.wave(1.2);
    private static Voice voice;
    private static Conversion plain;

    @BeforeAll
    static void open() {
        voice = Voice.open("demo", h -> h.infer(Samplers.unipc(2).steps(STEPS)).infer(i -> i.precision("float32")));
        plain = voice.convert(SONG);
    }

    @AfterAll
    static void close() {
        voice.close();
    }

    private static float[] floats(NDArray array) {
        return array.toFloatArray();
    }

    static Stream<String> patterns() {
        return Stream.of(
                "encoder.*",
                "encoder.*.*",
                "embedding.*",
                "embedding.*.*",
                "wavenet.*",
                "wavenet.*.*",
                "sampler.*",
                "vocoder.*");
    }

    @ParameterizedTest
    @MethodSource("patterns")
    void aTapIsKeptForEachStepInTheShapeThatIsListed(String pattern) {
        try (Tapped kept = plain.tap(pattern)) {
            List<Tap> taps = voice.taps().matching(pattern).all();
            assertEquals(new TreeSet<>(taps.stream().map(Tap::name).toList()), new TreeSet<>(kept.names()), pattern);
            for (Tap tap : taps) {
                boolean sampled =
                        tap.name().startsWith("wavenet.") || tap.name().startsWith("sampler.");
                assertEquals(sampled ? STEPS : 1, kept.of(tap.name()).size(), tap.toString());
                String shape = Summary.shape(kept.at(tap.name(), 0)),
                        expected = tap.shape().replaceAll("[\\[\\]]", "\\\\$0").replaceAll("[A-Zn]", "\\\\d+");
                assertTrue(shape.matches(expected), tap + " is " + shape);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"float32", "bfloat16"})
    void aPatchThatGivesBackWhatItGotChangesNoBit(String precision) {
        if (!runs(precision)) {
            return;
        }
        Conversion c = plain.infer(i -> i.precision(precision));
        assertEquals(precision.equals("float32"), c.denoised() == plain.denoised());
        for (Conversion same : List.of(
                c.patch("wavenet.*", x -> x).patch("wavenet.*.*", x -> x),
                c.patch("wavenet.*.*", x -> x.mul(1)),
                c.patch("wavenet.*.gate", NDArray::duplicate),
                c.patch("sampler.*", x -> x.mul(1)),
                c.patch("embedding.*", x -> x.mul(1)).patch("embedding.*.*", x -> x.mul(1)),
                c.patch("encoder.*", x -> x.mul(1)).patch("encoder.*.*", x -> x.mul(1)),
                c.patch("vocoder.*", x -> x.mul(1)))) {
            assertArrayEquals(floats(c.sampled()), floats(same.sampled()), 0, same.toString());
            assertArrayEquals(c.wave().first(), same.wave().first(), 0, same.toString());
        }
    }

    /** A machine can be wrong in a narrow precision, and says so. */
    private static boolean runs(String precision) {
        try {
            plain.infer(i -> i.precision(precision)).sampled();
            return true;
        } catch (Problem e) {
            return false;
        }
    }

    /** The value nearest behind a tap. */
    private static float[] behind(Conversion c, String tap) {
        return tap.startsWith("encoder.")
                ? floats(c.units())
                : tap.startsWith("embedding.")
                        ? floats(c.condition().cond())
                        : tap.startsWith("vocoder.") ? c.wave().first() : floats(c.denoised());
    }

    @ParameterizedTest
    @MethodSource("patterns")
    void everyPatchIsFeltAndGoesWithItsConversion(String pattern) {
        Conversion untouched = null;
        for (Tap tap : voice.taps().matching(pattern)) {
            if (tap.name().matches("wavenet\\.block[1-6]\\..*")) {
                continue; // blocks 0 and 7 stand for all
            }
            float[] before = behind(plain, tap.name());
            try (Conversion patched = plain.patch(tap.name(), x -> x.mul(0.5f))) {
                // the last block's output goes nowhere, as in DiffWave
                boolean isUsed = !tap.name().matches("wavenet\\.block7\\.(output|residual)");
                assertEquals(isUsed, !Arrays.equals(before, behind(patched, tap.name())), tap.toString());
            }
            untouched = untouched == null ? voice.convert(SONG) : untouched;
            assertArrayEquals(before, behind(untouched, tap.name()), 0, "beside " + tap);
        }
    }

    @Test
    void aPatchInPlaceCountsAndATapSeesIt() {
        Conversion quiet = plain.patch("wavenet.block3.skip", x -> x.muli(0));
        assertTrue(Compare.apart(plain.sampled(), quiet.sampled()) > 1e-4);
        try (Tapped kept = quiet.tap("wavenet.block3.*", steps(1, 3))) {
            assertEquals(
                    Set.of(1, 2), kept.values().stream().map(Tapped.Value::step).collect(Collectors.toSet()));
            assertEquals(0, kept.at("wavenet.block3.skip", 1).abs().max().getFloat());
            assertTrue(kept.at("wavenet.block3.gate", 2).abs().max().getFloat() > 0);
            assertEquals(kept.values().size(), kept.table().rowCount());
            assertEquals(
                    1,
                    kept.table()
                            .where(t -> t.stringColumn("tap")
                                    .isEqualTo("wavenet.block3.skip")
                                    .and(t.doubleColumn("zeros").isEqualTo(1))
                                    .and(t.intColumn("step").isEqualTo(2)))
                            .rowCount());
        }
    }

    @Test
    void aPatchAtSomeStepsLeavesTheOthersAlone() {
        List<Integer> at = new ArrayList<>();
        Conversion late = plain.patch("sampler.x0", step(STEPS - 1), x -> {
            at.add(at.size());
            return x.mul(0);
        });
        late.denoised();
        assertEquals(1, at.size());
        try (Tapped a = plain.tap("sampler.x", steps(0, STEPS - 1));
                Tapped b = late.tap("sampler.x", steps(0, STEPS - 1))) {
            for (int i = 0; i < STEPS - 1; i++) {
                assertArrayEquals(floats(a.at("sampler.x", i)), floats(b.at("sampler.x", i)), 0, "step " + i);
            }
        }
        // the last step of this sampler ends near its guess of the clean mel
        assertTrue(plain.denoised().abs().max().getFloat() > 0.5);
        assertTrue(late.denoised().abs().max().getFloat() < 0.05);
    }

    /** What the parts add up to, by the formulas of the network. */
    @Test
    void theValuesOfABlockFitTogether() {
        try (Tapped t = plain.tap("wavenet.block*.*", step(2));
                Tapped ends = plain.tap("wavenet.*", step(2))) {
            NDArray in = t.at("wavenet.block1.output", 2), residual = t.at("wavenet.block2.residual", 2);
            near(in.add(residual).div(Math.sqrt(2)), t.at("wavenet.block2.output", 2));
            NDArray skips = t.at("wavenet.block0.skip", 2).duplicate();
            for (int i = 1; i < 8; i++) {
                skips.addi(t.at("wavenet.block" + i + ".skip", 2));
            }
            near(skips, ends.at("wavenet.skips", 2));
            NDArray gate = t.at("wavenet.block2.gate", 2), filter = t.at("wavenet.block2.filter", 2);
            assertTrue(gate.min().getFloat() >= 0 && gate.max().getFloat() <= 1);
            assertTrue(filter.abs().max().getFloat() <= 1);
            assertEquals(
                    new TreeSet<>(voice.taps().matching("wavenet.block2.*").names()),
                    new TreeSet<>(t.names().stream()
                            .filter(n -> n.startsWith("wavenet.block2."))
                            .toList()));
        }
    }

    private static void near(NDArray a, NDArray b) {
        assertArrayEquals(a.toFloatArray(), b.toFloatArray(), 1e-4f);
    }

    /** Another song's inner values, put in the place of a song's own, make the song the other one. */
    @Test
    void valuesOfAnotherSongMakeTheOtherSong() {
        Conversion other = voice.convert(SongBelow.of(SONG));
        try (Tapped cond = other.tap("embedding.decoder_inp")) {
            NDArray value = cond.first();
            Conversion swapped = plain.patch("embedding.decoder_inp", x -> value);
            assertEquals(
                    0,
                    Compare.apart(other.condition().cond(), swapped.condition().cond()));
            assertEquals(0, Compare.apart(other.sampled(), swapped.sampled()));
        }
    }

    /** The same song, softer and five semitones lower. */
    private static final class SongBelow {
        static Wave of(Wave song) {
            float[] x = song.first(), y = new float[x.length];
            for (int i = 0; i < y.length; i++) {
                y[i] = 0.4f * x[(int) (i * 0.75)];
            }
            return Wave.mono(y, song.sampleRateHz());
        }
    }

    /** Nobody closes anything: what 200 rounds keep would be more than a gigabyte. */
    @Test
    void tapsAndPatchesHoldNoMemoryWhenTheirValueIsGone() {
        Conversion c =
                voice.convert(SungTone.wave(0.6)).sampler(Samplers.unipc(2).steps(1));
        c.start();
        c.condition();
        long begun = 0;
        for (int i = 0; i < 240; i++) {
            Tapped kept = c.patch("wavenet.block3.skip", x -> x.mul(0.5f)).tap("wavenet.block*.*");
            assertEquals(56, kept.values().size());
            if (i == 39) {
                begun = settled();
            }
        }
        long grown = settled() - begun;
        assertTrue(grown < 64L << 20, "200 rounds have kept " + (grown >> 20) + " MiB");
    }

    private static long settled() {
        System.gc();
        ProcessMemory.release();
        return ProcessMemory.resident();
    }

    @Test
    void errorsNameTheTap() {
        assertEquals(
                true,
                assertThrows(Problem.class, () -> plain.tap("wavenet.block3.skipp"))
                        .getMessage()
                        .contains("wavenet.block3.skip"));
        assertThrows(Problem.class, () -> plain.patch("nothing.*", x -> x));
        assertTrue(assertThrows(Problem.class, () -> plain.patch("wavenet.block0.gate", x -> x.get(":, 1:"))
                        .sampled())
                .getMessage()
                .contains("wavenet.block0.gate"));
        assertTrue(assertThrows(Problem.class, () -> plain.patch("wavenet.block0.gate", x -> x.div(0))
                        .sampled())
                .getMessage()
                .contains("finite"));
        assertThrows(Problem.class, () -> plain.patch("wavenet.block0.gate", x -> null)
                .sampled());
        assertThrows(Problem.class, () -> plain.withUnits(plain.units()).tap("encoder.output"));
        assertThrows(Problem.class, () -> voice.convert(Wave.mono(new float[44100], 44100))
                .tap("encoder.output"));
        assertThrows(Problem.class, () -> steps(3, 2));
        assertFalse(plain.patch("wavenet.block0.gate", x -> x).toString().isEmpty());
    }
}
