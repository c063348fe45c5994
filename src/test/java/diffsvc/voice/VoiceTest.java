package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.F0Track;
import diffsvc.diffusion.Film;
import diffsvc.diffusion.embedding.EmbeddingModel.Condition;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A voice by hand: other settings of the same voice, and the calls that put stages together. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VoiceTest {
    private Voice voice, quick;
    private Wave song;

    @BeforeAll
    void open() {
        voice = Voice.open("demo");
        quick = voice.with(h -> Arg2Hparams.apply(h, "infer.sampler=unipc2,infer.steps=4"));
        song = voice.read("raw/music1.wav").slice(0, 1.5);
    }

    @AfterAll
    void close() {
        voice.close();
    }

    @Test
    void otherSettingsShareTheModelsAndOnlyTheSessionClosesThem() {
        assertSame(voice.wavenet(), quick.wavenet());
        assertEquals("unipc2", quick.hparams().infer().sampler());
        assertEquals("ddpm", voice.hparams().infer().sampler(), "the voice itself stays as it was");
        quick.with(h -> Arg2Hparams.apply(h, "quirks=python")).close();
        assertEquals(75, voice.units(song).getShape().get(1), "the encoder still works: 1.5 s are 75 units");
    }

    @Test
    void keysThatShapeAModelAreRefusedWithWhatToWriteInstead() {
        String said = assertThrows(Problem.class, () -> voice.with(h -> Arg2Hparams.apply(h, "infer.steps=20,wavenet.residual_layers=3")))
                .getMessage();
        assertTrue(
                said.contains("need keys of infer and quirks")
                        && said.contains("Voice.open(\"demo\", \"infer.steps=20,wavenet.residual_layers=3\")"),
                said);
        try (Voice random = Voice.random(h -> Arg2Hparams.apply(h, "wavenet.residual_channels=16,wavenet.residual_layers=1"))) {
            assertTrue(assertThrows(Problem.class, () -> random.with(h -> Arg2Hparams.apply(h, "noise.steps=10")))
                    .getMessage()
                    .contains("Voice.random(h -> Arg2Hparams.apply(h, \"noise.steps=10\")")));
        }
        assertTrue(assertThrows(Problem.class, () -> voice.with(h -> Arg2Hparams.apply(h, "infer.stebs=20")))
                .getMessage()
                .contains("did you mean infer.steps?"));
    }

    @Test
    void stagesTogetherAreTheStagesOneByOne() {
        float[] signal = voice.signal(song);
        NDArray mel = voice.mel(signal);
        F0Track melody = voice.f0(signal);
        Conds conds = voice.align(voice.units(song), melody, mel);
        Condition condition = voice.embed(conds);
        NDArray x = quick.denoise(condition, quick.start(mel, 7), 7, (i, of, t, step) -> {});
        NDArray byHand = quick.toMel(x, conds), atOnce = quick.sample(conds, mel, 7, (i, of, t, step) -> {});
        assertEquals(0, Compare.apart(byHand, atOnce));
        Wave sung = quick.sing(byHand, condition, melody, song, 7);
        assertEquals(Math.round(1.5 * 44100), sung.samples());
        assertArrayEquals(
                quick.vocode(byHand, condition.f0Denorm().toFloatArray(), melody.voiced(), sung.samples(), 7),
                sung.first());
    }

    @Test
    void aListenerChangesNothing() {
        AtomicInteger steps = new AtomicInteger();
        Film film = quick.film(2);
        Conversion watched = quick.convert(song, film.and((i, of, t, step) -> steps.incrementAndGet()));
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
    }

    @Test
    void apartIsTheMeanOfWhatDiffers() {
        NDArray a = voice.manager().create(new float[] {1, 2, 3, 4}),
                b = voice.manager().create(new float[] {1, 0, 4, 3});
        assertEquals(1, Compare.apart(a, b), 1e-9);
        assertTrue(assertThrows(Problem.class, () -> Compare.apart(a, b.reshape(2, 2)))
                .getMessage()
                .contains("[4] and [2, 2]"));
    }
}
