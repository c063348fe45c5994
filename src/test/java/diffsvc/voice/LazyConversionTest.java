package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.F0Track;
import diffsvc.diffusion.Samplers;
import diffsvc.hparams.Hparams;
import diffsvc.progress.Progress;
import diffsvc.tensor.Summary;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A conversion runs each stage once, and a replaced stage redoes only what follows from it. */
@Tag("conversion")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class LazyConversionTest {
    /** Small random networks: every stage runs, fast. */
    private Voice voice;

    private Wave song;
    private final List<String> ran = new ArrayList<>();
    private final Progress counting = new Progress() {
        @Override
        public void at(String stage, long done, long of) {}

        @Override
        public void ended(Stage stage) {
            ran.add(stage.name());
        }
    };

    @BeforeAll
    void open() {
        voice = Voice.random(h -> h.wavenet(w -> w.residualChannels(16).residualLayers(2))
                .infer(i -> i.sampler("unipc2").steps(3)));
        float[] hum = new float[44100];
        for (int i = 0; i < hum.length; i++) {
            hum[i] = (float) (0.3 * Math.sin(2 * Math.PI * 220 * i / 44100));
        }
        song = Wave.mono(hum, 44100);
    }

    @AfterAll
    void close() {
        voice.close();
    }

    @BeforeEach
    void forget() {
        ran.clear();
    }

    private Conversion converted() {
        Conversion c = voice.convert(song).listening(counting);
        c.wave();
        ran.clear();
        return c;
    }

    @Test
    void nothingRunsBeforeItIsAskedForAndEachStageRunsOnce() {
        Conversion c = voice.convert(song).listening(counting);
        assertEquals(List.of(), ran);
        c.f0();
        assertEquals(List.of("pitch"), ran);
        c.wave();
        assertEquals(List.of("pitch", "mel", "content", "embedding", "diffusion", "vocoder"), ran);
        NDArray mel = c.mel();
        c.wave();
        c.stages().close();
        assertEquals(6, ran.size(), "asked again, nothing runs again: " + ran);
        assertSame(mel, c.mel());
    }

    @Test
    void aReplacedStageRedoesOnlyWhatFollowsFromIt() {
        Conversion c = converted();
        expect(c.key(2), "embedding", "diffusion", "vocoder");
        float[] higher = c.f0().f0Hz().clone();
        for (int t = 0; t < higher.length; t++) {
            higher[t] *= 1.1f;
        }
        expect(
                c.withF0(new F0Track(higher, c.f0().voiced(), c.f0().frameSeconds())),
                "embedding",
                "diffusion",
                "vocoder");
        expect(c.withUnits(c.units().mul(0.5)), "embedding", "diffusion", "vocoder");
        expect(c.withConds(c.conds()), "embedding", "diffusion", "vocoder");
        expect(c.withCondition(c.condition()), "diffusion", "vocoder");
        expect(c.withStart(c.start().mul(0.5)), "diffusion", "vocoder");
        expect(c.withSampled(c.sampled().sub(0.5)), "vocoder");
        expect(c.withVocoderF0(higher), "vocoder");
        expect(c.copySynthesis(), "vocoder");
        expect(c.sampler(Samplers.dpmpp().steps(4)), "diffusion", "vocoder");
        expect(c.infer(i -> i.threads(1)));
        expect(c.seed(9), "diffusion", "vocoder");
        expect(c.samples(30000), "vocoder");
        expect(c.withMel(c.mel().sub(0.1)), "embedding", "diffusion", "vocoder");
    }

    private void expect(Conversion c, String... stages) {
        ran.clear();
        c.wave();
        assertEquals(List.of(stages), ran);
        c.close();
    }

    @Test
    void aReplacedStageGivesWhatTheStagesByHandGive() {
        Conversion c = converted();
        assertArrayEquals(
                voice.with(h -> h.infer(i -> i.key(3))).convert(song).wave().first(),
                c.key(3).wave().first());
        assertArrayEquals(
                voice.with(h -> h.infer(i -> i.seed(5))).convert(song).wave().first(),
                c.seed(5).wave().first());
        assertArrayEquals(c.wave().first(), c.withUnitsOf(song).wave().first(), "its own units");
        Wave copy = c.copySynthesis().wave();
        assertArrayEquals(
                voice.vocode(
                                c.mel(),
                                c.f0(),
                                voice.samples(song),
                                voice.hparams().infer().seed())
                        .first(),
                copy.first());
    }

    @Test
    void theLastToCloseFreesAndAnOpenOneMakesAgain() {
        Conversion c = converted(), d = c.key(2);
        NDArray units = c.units();
        assertSame(units, d.units(), "shared");
        c.close();
        assertFalse(units.isReleased(), "the other conversion has asked for it");
        float[] wave = d.wave().first();
        d.close();
        assertTrue(units.isReleased());
        assertThrows(Problem.class, d::wave);
        assertArrayEquals(wave, voice.convert(song).key(2).wave().first());
        c.close(); // twice does no harm
    }

    @Test
    void aGivenValueStaysTheCallers() {
        NDArray units = voice.units(song);
        try (Conversion c = voice.convert(song).withUnits(units)) {
            c.wave();
        }
        assertFalse(units.isReleased());
    }

    @Test
    void closedConversionsLeaveNothingBehind() {
        voice.values().clear();
        for (int i = 0; i < 3; i++) {
            try (Conversion c = voice.convert(song).key(i).listening(counting).samples(44100)) {
                c.wave();
            }
            assertEquals(
                    List.of(),
                    voice.manager().getManagedArrays().stream()
                            .map(Summary::shape)
                            .toList(),
                    "before the collector has run");
        }
    }

    /**
     * In the Python project's order the draws are one stream: a stage that is replaced later still draws from its
     * place.
     */
    @Test
    void inPythonsOrderAReplacedStageDrawsFromItsPlaceInTheStream() {
        Voice python = voice.with(h -> h.quirks(Hparams.Quirks.PYTHON)
                .infer(i -> i.pythonOrder(true).sampler("ddpm").steps(10)));
        Conversion c = python.convert(song);
        float[] wave = c.wave().first();
        voice.draw(3, 5); // the engine's one generator is somewhere else now
        assertArrayEquals(
                wave, c.withVocoderF0(c.vocoderF0()).wave().first(), "the vocoder's draws come after the sampler's");
        voice.draw(4, 5);
        assertArrayEquals(wave, c.withCondition(c.condition()).wave().first(), "the sampler's after the start");
        assertFalse(Arrays.equals(wave, python.convert(song).seed(1).wave().first()));
    }
}
