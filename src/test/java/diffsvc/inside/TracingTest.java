package diffsvc.inside;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.F0Metrics;
import diffsvc.conds.F0Track;
import diffsvc.conds.mel.MelSpectrogram;
import diffsvc.diffusion.Samplers;
import diffsvc.hparams.Hparams;
import diffsvc.plot.Plots;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What follows from inner values, and the F0 that a mel shows. */
class TracingTest {
    private static final int STEPS = 4;
    private static Voice voice;
    private static Conversion song;

    @BeforeAll
    static void open() {
        voice = Voice.open("demo", h -> h.infer(Samplers.unipc(2).steps(STEPS)).infer(i -> i.precision("float32")));
        Conversion low =
                voice.convert(voice.read("src/test/resources/songs/music3.wav").slice(1, 3));
        // as high as this, the demo's mel has its harmonics apart
        song = low.key(Math.round(12 * Math.log(260 / low.f0().medianHz()) / Math.log(2)));
    }

    @AfterAll
    static void close() {
        voice.close();
    }

    private static Map<String, Effects.Effect> byTap(Effects effects) {
        return effects.all().stream().collect(Collectors.toMap(Effects.Effect::tap, Function.identity()));
    }

    /** Shifted by an octave's part, the pitch alone differs: it carries the F0, and nothing else carries anything. */
    @Tag("conversion")
    @Test
    void thePitchEmbeddingCarriesTheF0() {
        Map<String, Effects.Effect> effects = byTap(Tracing.of(song)
                .from(song.key(song.key() + 4))
                .at("embedding.*")
                .run());
        Effects.Effect pitch = effects.get("embedding.pitch"), units = effects.get("embedding.units");
        assertEquals(400, pitch.f0Cents(), 60);
        assertEquals(1, pitch.towards(), 1e-6);
        assertEquals(0, units.mel());
        assertEquals(0, units.f0Cents());
        assertEquals(0, effects.get("embedding.loudness").mel());
    }

    @Tag("conversion")
    @Test
    void blocksAndStepsAreTracedOneByOne() {
        Effects effects = Tracing.of(song)
                .from(song.seed(11))
                .at("wavenet.block*.skip")
                .inGroups(2)
                .withPhones()
                .run();
        assertEquals(16, effects.all().size());
        assertEquals(16, effects.table().rowCount());
        assertTrue(effects.all().stream().allMatch(e -> e.mel() > 0 && e.phones() >= 0 && e.phones() <= 1));
        assertEquals(
                effects.all().stream().mapToDouble(Effects.Effect::mel).max().orElseThrow(),
                effects.ranked("mel").doubleColumn("mel").get(0),
                1e-4);
        assertTrue(effects.heat(Plots.withoutVoice(), "mel").toString().contains("[8, 2]"));
        assertThrows(Problem.class, () -> effects.heat(Plots.withoutVoice(), "mels"));
    }

    /** With all that the blocks take of the condition, at all steps, a conversion becomes the other one. */
    @Tag("conversion")
    @Test
    void placesThatChangeTogetherAreOne() {
        Conversion other = song.key(song.key() + 4);
        Tracing tracing =
                Tracing.of(song).from(other).at("wavenet.block*.conditioner").together();
        Effects all = tracing.run(), parts = tracing.inGroups(2).run();
        assertEquals(1, all.all().size());
        assertEquals(1, all.all().get(0).towards(), 1e-6);
        assertEquals(2, parts.all().size());
        assertTrue(parts.all().stream().allMatch(e -> e.towards() < 1 && e.mel() > 0));
    }

    @Tag("conversion")
    @Test
    void nothingChangedHasNoEffectAndOtherShapesAreRefused() {
        for (Effects.Effect e :
                Tracing.of(song).with(x -> x).at("wavenet.*").run().all()) {
            assertEquals(0, e.mel());
            assertEquals(0, e.f0Cents());
            assertEquals(0, e.voicing());
            assertTrue(Double.isNaN(e.towards()) && Double.isNaN(e.phones()));
        }
        Conversion longer =
                voice.convert(voice.read("src/test/resources/songs/music3.wav").slice(0, 3));
        assertThrows(
                Problem.class,
                () -> Tracing.of(song).from(longer).at("wavenet.input").run());
        assertThrows(Problem.class, () -> Tracing.of(song).inGroups(0));
    }

    @ParameterizedTest
    @ValueSource(doubles = {130, 220, 410, 640})
    void aMelOfHarmonicsHasTheirF0(double hz) {
        Hparams.Audio audio = Hparams.defaults().audio();
        MelSpectrogram front = new MelSpectrogram(audio, Hparams.Quirks.FIXED);
        try (NDManager m = NDManager.newBaseManager()) {
            float[] x = new float[audio.sampleRateHz()];
            for (int i = 0; i < x.length; i++) {
                for (int k = 1; k * hz < 6000; k++) {
                    x[i] += (float) (0.1 / k * Math.sin(2 * Math.PI * k * hz * i / audio.sampleRateHz()));
                }
            }
            F0Track f0 = new MelPitch(audio).of(front.of(m, x));
            for (int t = 4; t < f0.frames() - 4; t++) {
                assertTrue(f0.voiced()[t]);
                assertEquals(0, 1200 * Math.log(f0.f0Hz()[t] / hz) / Math.log(2), 40, "frame " + t);
            }
            assertEquals(
                    0,
                    new MelPitch(audio)
                            .of(m.full(new Shape(1, 9, audio.melBins()), -5f))
                            .voicedShare());
        }
    }

    @Tag("conversion")
    @Test
    void theF0OfARecordingsMelIsThatOfTheRecording() {
        Wave wave = voice.read("src/test/resources/songs/music3.wav");
        F0Metrics apart =
                F0Metrics.of(voice.f0(wave), new MelPitch(voice.hparams().audio()).of(voice.mel(wave)));
        assertTrue(apart.medianCents() < 15, apart.toString());
        assertTrue(apart.voicing() > 0.85, apart.toString());
    }

    @Test
    void aHeatMapNeedsANameForEachRowAndColumn() {
        assertThrows(Problem.class, () -> Plots.withoutVoice()
                .heat("x", List.of("a", "b"), List.of("c"), new double[][] {{1}}));
        assertTrue(Plots.withoutVoice()
                        .heat("x", List.of("a.b.c", "a.d.c"), List.of("e"), new double[][] {{1}, {Double.NaN}})
                        .png()
                        .length
                > 100);
    }
}
