package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.diffusion.Samplers;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.SamplerKind;
import diffsvc.progress.Progress;
import diffsvc.tensor.Rounding;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Conversions that are denoised in one batch, with the demo's weights. */
@Tag("conversion")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TogetherTest {
    private Voice voice;
    private Wave song;

    @BeforeAll
    void open() {
        voice = Voice.open(
                "demo", h -> h.infer(i -> i.sampler("unipc2").steps(4).precision("float32")));
        song = voice.read("src/test/resources/songs/music2.wav").slice(0, 2);
    }

    @AfterAll
    void close() {
        voice.close();
    }

    /** Three of other lengths, keys and seeds. */
    private List<Conversion> three(Samplers.Choice sampler) {
        return List.of(
                voice.convert(song.slice(0, 1)).sampler(sampler),
                voice.convert(song.slice(0.5, 1.2)).sampler(sampler).key(2),
                voice.convert(song.slice(1, 1.9)).sampler(sampler).seed(7));
    }

    private static void same(List<Conversion> want, List<Conversion> got, double tolerance) {
        for (int i = 0; i < want.size(); i++) {
            NDArray alone = want.get(i).denoised(), together = got.get(i).denoised();
            assertEquals(alone.getShape(), together.getShape());
            assertEquals(0, Rounding.apart(alone, together), tolerance, "conversion " + i);
        }
    }

    @ParameterizedTest
    @EnumSource
    void eachIsWhatItIsAlone(SamplerKind kind) {
        Samplers.Choice sampler = new Samplers.Choice(kind, 10);
        List<Conversion> alone = three(sampler), together = three(sampler);
        Conversion.denoiseTogether(together);
        together.forEach(c -> assertTrue(c.toString().contains("denoised"), c.toString()));
        same(alone, together, 1e-4);
    }

    /** Of other predictions too: padding begins as 0 and stays 0, and so no item sees it. */
    @ParameterizedTest
    @CsvSource({"v, ddpm", "v, unipc2", "edm, ddpm", "edm, unipc2"})
    void eachIsWhatItIsAloneWhateverIsPredicted(String prediction, String sampler) {
        try (Voice random = Voice.random(h -> h.noise(n -> n.prediction(prediction))
                .wavenet(w -> w.residualChannels(32).residualLayers(4))
                .infer(i -> i.sampler(sampler).steps(5).precision("float32")))) {
            List<Conversion> alone = new ArrayList<>(), together = new ArrayList<>();
            for (List<Conversion> list : List.of(alone, together)) {
                list.add(random.convert(song.slice(0, 1)));
                list.add(random.convert(song.slice(0.5, 1.2)).seed(7));
            }
            Conversion.denoiseTogether(together);
            same(alone, together, 1e-4);
        }
    }

    @Test
    void theDemosNetworkTakesThePadding() {
        Samplers.Choice one = Samplers.ddim().steps(1);
        List<Conversion> alone = three(one), together = three(one);
        Conversion.denoiseTogether(together);
        same(alone, together, 1e-5);
    }

    /** The rounding of bfloat16 is another one in a batch; it stays as far from float32 as it is alone. */
    @Test
    void inBfloat16TheyAreAsNear() {
        Voice narrow = voice.with(h -> h.infer(i -> i.precision("bfloat16")));
        List<Conversion> exact = three(Samplers.unipc(2)), alone = new ArrayList<>(), together = new ArrayList<>();
        for (List<Conversion> list : List.of(alone, together)) {
            exact.forEach(c -> list.add(
                    narrow.convert(c.song()).withCondition(c.condition()).withStart(c.start())));
        }
        Conversion.denoiseTogether(together);
        for (int i = 0; i < 3; i++) {
            NDArray want = exact.get(i).denoised();
            double itself = Rounding.apart(want, alone.get(i).denoised());
            assertEquals(0, Rounding.apart(want, together.get(i).denoised()), 1.5 * itself + 1e-3);
        }
    }

    @Test
    void inPythonsOrderEachHasAStreamOfItsOwn() {
        try (Voice python = Voice.random(h -> h.quirks(Hparams.Quirks.PYTHON)
                .wavenet(w -> w.residualChannels(32).residualLayers(4))
                .infer(i -> i.pythonOrder(true).sampler("ddpm").steps(10).precision("float32")))) {
            List<Conversion> alone = new ArrayList<>(), together = new ArrayList<>();
            for (List<Conversion> list : List.of(alone, together)) {
                list.add(python.convert(song.slice(0, 1)));
                list.add(python.convert(song.slice(0, 0.8)).seed(3));
            }
            Conversion.denoiseTogether(together);
            same(alone, together, 1e-4);
            assertArrayEquals(
                    alone.get(1).wave().first(), together.get(1).wave().first(), 1e-3f, "the draws behind them too");
        }
    }

    @Test
    void progressCountsForEachAndEachHasItsStage() {
        List<String> ended = new ArrayList<>();
        List<Long> done = new ArrayList<>();
        Progress counting = new Progress() {
            @Override
            public void at(String stage, long n, long of) {
                assertEquals("sampling of 4", stage + " of " + of);
                done.add(n);
            }

            @Override
            public void ended(Stage stage) {
                ended.add(stage.name());
            }
        };
        List<Conversion> both = List.of(
                voice.convert(song.slice(0, 1)).listening(counting),
                voice.convert(song.slice(0, 0.9)).listening(counting));
        Conversion.denoiseTogether(both);
        both.forEach(Conversion::wave);
        assertEquals(List.of(1L, 1L, 2L, 2L, 3L, 3L, 4L, 4L), done);
        assertEquals(
                List.of(
                        "mel",
                        "pitch",
                        "content",
                        "embedding",
                        "mel",
                        "pitch",
                        "content",
                        "embedding",
                        "diffusion",
                        "diffusion",
                        "vocoder",
                        "vocoder"),
                ended);
    }

    @Test
    void whatNeedsNoBatchIsLeftOut() {
        Conversion made = voice.convert(song.slice(0, 1)), silent = voice.convert(Wave.mono(new float[44100], 44100));
        NDArray before = made.denoised();
        int[] steps = new int[1];
        Conversion watched = voice.convert(song.slice(0.2, 1)).watching((done, of, t, step) -> {
            assertEquals(1, step.x().getShape().get(0), "by itself");
            steps[0]++;
        });
        Conversion copy = voice.convert(song.slice(0.4, 1)).copySynthesis(), fresh = voice.convert(song.slice(0, 0.6));
        Conversion.denoiseTogether(List.of(made, silent, watched, copy, fresh, fresh, fresh.samples(9000)));
        assertSame(before, made.denoised());
        assertEquals(4, steps[0]);
        assertTrue(!copy.toString().contains("denoised") && fresh.toString().contains("denoised"), fresh.toString());
        assertEquals(0, silent.wave().peak());
        Conversion.denoiseTogether(List.of());
    }

    @Test
    void theyCloseOneByOne() {
        List<Conversion> all = three(Samplers.unipc(2).steps(2));
        Conversion.denoiseTogether(all);
        NDArray first = all.get(0).denoised(), second = all.get(1).denoised();
        all.get(0).close();
        assertTrue(first.isReleased() && !second.isReleased());
        all.get(1).wave();
        assertThrows(Problem.class, () -> Conversion.denoiseTogether(all));
        all.forEach(Conversion::close);
    }

    @Test
    void anotherVoiceOrOtherStepsAreRefused() {
        Conversion c = voice.convert(song);
        try (Voice other =
                Voice.random(h -> h.wavenet(w -> w.residualChannels(16).residualLayers(2)))) {
            for (Conversion unlike : List.of(
                    c.sampler(Samplers.dpmpp().steps(4)),
                    c.sampler(Samplers.unipc(2).steps(5)),
                    c.infer(i -> i.useGtMel(true).addNoiseStep(500)),
                    voice.with(h -> h.infer(i -> i.precision("bfloat16"))).convert(song),
                    other.convert(song))) {
                Problem p = assertThrows(Problem.class, () -> Conversion.denoiseTogether(List.of(c, unlike)));
                assertTrue(p.getMessage().startsWith("diffusion: need conversions of one voice"), p.getMessage());
            }
        }
        assertTrue(c.toString().contains("nothing has run yet"), c.toString());
    }

    @Test
    void stopLeavesBetweenTwoStepsAndTheSameCallWorksAgain() {
        List<Conversion> stopped = new ArrayList<>();
        for (Conversion c : three(Samplers.unipc(2).steps(4))) {
            stopped.add(c.listening((stage, done, of) -> {
                if (done == 2 && stopped.size() == 3) {
                    stopped.add(c);
                    Thread.currentThread().interrupt();
                }
            }));
        }
        List<Conversion> three = List.copyOf(stopped);
        try {
            Problem p = assertThrows(Problem.class, () -> Conversion.denoiseTogether(three));
            assertTrue(p.isStop(), p.getMessage());
            assertEquals("diffusion: stopped after 2 of 4 steps", p.getMessage());
        } finally {
            assertTrue(Thread.interrupted());
        }
        assertEquals(3, voice.values().last().get("x").getShape().get(0));
        Conversion.denoiseTogether(three);
        same(three(Samplers.unipc(2).steps(4)), three, 1e-4);
    }
}
