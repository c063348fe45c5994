package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.diffusion.Film;
import diffsvc.hparams.HparamsYaml;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tech.tablesaw.api.Table;

/** One open voice: its settings, its stages one by one and together. */
@Tag("conversion")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VoiceTest {
    private Voice voice, quick;
    private Wave song;

    @BeforeAll
    void open() {
        voice = Voice.open("demo");
        quick = voice.with(h -> h.infer(i -> i.sampler("unipc2").steps(4)));
        song = voice.read("src/test/resources/songs/music1.wav").slice(0, 1.5);
    }

    @AfterAll
    void close() {
        voice.close();
    }

    @Test
    void otherSettingsShareTheNetworksAndOnlyTheVoiceClosesThem() {
        assertSame(voice.wavenet(), quick.wavenet());
        assertEquals("unipc2", quick.hparams().infer().sampler());
        assertEquals(4, quick.hparams().infer().steps());
        assertEquals(
                HparamsYaml.read(Path.of("models/demo/hparams.yaml")).infer(),
                voice.hparams().infer(),
                "the voice itself stays as it was");
        quick.with(h -> h.infer(i -> i.steps(2))).close();
        assertEquals(75, voice.units(song).getShape().get(1), "the encoder still works: 1.5 s are 75 units");
    }

    @Test
    void editsThatShapeANetworkAreRefusedWithWhatToWriteInstead() {
        String said = assertThrows(
                        Problem.class,
                        () -> voice.with(h -> h.infer(i -> i.steps(20)).wavenet(w -> w.residualLayers(3))))
                .getMessage();
        assertTrue(
                said.contains("need an edit of infer and quirks")
                        && said.contains("wavenet.residual_layers")
                        && said.contains("Voice.open(\"demo\", h -> ...)"),
                said);
        try (Voice random =
                Voice.random(h -> h.wavenet(w -> w.residualChannels(16).residualLayers(1)))) {
            assertTrue(assertThrows(Problem.class, () -> random.with(h -> h.noise(n -> n.maxBeta(0.1))))
                    .getMessage()
                    .contains("Voice.random(h -> ...)"));
        }
        assertTrue(assertThrows(Problem.class, () -> voice.with(h -> h.infer(i -> i.sampler("unipc4"))))
                .getMessage()
                .contains("unipc3"));
    }

    @Test
    void aConversionIsTheStagesOneByOne() {
        Source source = voice.analyse(song);
        var condition = voice.embed(source.conds());
        NDArray x = quick.denoise(condition, quick.start(source.mel(), 7), 7);
        NDArray byHand = quick.toMel(x, source.conds()), atOnce = quick.sample(source.conds(), source.mel(), 7);
        assertEquals(0, Compare.apart(byHand, atOnce));
        try (Conversion c = quick.convert(song).seed(7)) {
            assertEquals(0, Compare.apart(source.mel(), c.mel()));
            assertEquals(0, Compare.apart(source.units(), c.units()));
            assertEquals(0, Compare.apart(condition.cond(), c.condition().cond()));
            assertEquals(0, Compare.apart(byHand, c.sampled()));
            Wave wave = quick.vocode(
                    byHand, condition.f0Denorm().toFloatArray(), source.f0().voiced(), voice.samples(song), 7);
            assertEquals(Math.round(1.5 * 44100), wave.samples());
            assertArrayEquals(wave.first(), c.wave().first());
        }
    }

    @Test
    void aListenerChangesNothing() {
        AtomicInteger steps = new AtomicInteger();
        Film film = quick.film(2);
        Conversion watched = quick.convert(song)
                .listening((stage, done, of) -> steps.incrementAndGet())
                .watching(film);
        assertArrayEquals(quick.convert(song).wave().first(), watched.wave().first());
        assertEquals(4, steps.get());
        assertEquals(2, film.guesses().size());
    }

    @Test
    void drawsFollowFromTheSeedAlone() {
        NDArray a = voice.draw(1, 2, 3, 5), b = voice.draw(1, 2, 3, 5), c = voice.draw(2, 2, 3, 5);
        assertArrayEquals(a.toFloatArray(), b.toFloatArray());
        assertNotEquals(Arrays.hashCode(a.toFloatArray()), Arrays.hashCode(c.toFloatArray()));
        assertArrayEquals(new long[] {2, 3, 5}, a.getShape().getShape());
        assertArrayEquals(new long[] {10, 700}, voice.timesteps(10, 700).toLongArray());
        assertEquals(DataType.INT64, voice.timesteps(3).getDataType());
        assertThrows(Problem.class, () -> voice.timesteps(2000));
    }

    @Test
    void apartIsTheMeanAbsoluteDifference() {
        NDArray a = voice.manager().create(new float[] {1, 2, 3, 4}),
                b = voice.manager().create(new float[] {1, 0, 4, 3});
        assertEquals(1, Compare.apart(a, b), 1e-9);
        assertEquals(1, Compare.apart(a.reshape(1, 1, 4), b), 1e-9, "leading axes of size 1 do not count");
        assertTrue(assertThrows(Problem.class, () -> Compare.apart(a, b.reshape(2, 2)))
                .getMessage()
                .contains("[4] and [2, 2]"));
        Map<String, NDArray> both = new LinkedHashMap<>();
        both.put("b", b.reshape(1, 4));
        both.put("a", a);
        Table table = Compare.table(both, a);
        assertEquals(List.of("b", "a"), table.stringColumn("name").asList());
        assertEquals(List.of(1.0, 0.0), table.doubleColumn("apart").asList());
        assertEquals(List.of(2.0, 0.0), table.doubleColumn("largest").asList());
    }
}
