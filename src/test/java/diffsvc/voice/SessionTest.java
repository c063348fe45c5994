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
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.F0Track;
import diffsvc.diffusion.Film;
import diffsvc.diffusion.embedding.EmbeddingModel.Condition;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** A session by hand: other settings of the same voice, and the calls that put stages together. */
@Tag("conversion")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SessionTest {
    private DiffSvc session, quick;
    private Wave song;

    @BeforeAll
    void open() {
        session = DiffSvc.open("demo");
        quick = session.with("infer.sampler=unipc2,infer.steps=4");
        song = session.read("raw/music1.wav").slice(0, 1.5);
    }

    @AfterAll
    void close() {
        session.close();
    }

    @Test
    void otherSettingsShareTheModelsAndOnlyTheSessionClosesThem() {
        assertSame(session.wavenet(), quick.wavenet());
        assertEquals("unipc2", quick.hparams().infer().sampler());
        assertEquals("ddpm", session.hparams().infer().sampler(), "the session itself stays as it was");
        quick.with("quirks=python").close();
        assertEquals(75, session.units(song).getShape().get(1), "the encoder still works: 1.5 s are 75 units");
    }

    @Test
    void keysThatShapeAModelAreRefusedWithWhatToWriteInstead() {
        String said = assertThrows(Problem.class, () -> session.with("infer.steps=20,wavenet.residual_layers=3"))
                .getMessage();
        assertTrue(
                said.contains("need keys of infer and quirks")
                        && said.contains("DiffSvc.open(\"demo\", \"infer.steps=20,wavenet.residual_layers=3\")"),
                said);
        try (DiffSvc random = DiffSvc.random("wavenet.residual_channels=16,wavenet.residual_layers=1")) {
            assertTrue(assertThrows(Problem.class, () -> random.with("noise.steps=10"))
                    .getMessage()
                    .contains("DiffSvc.random(\"noise.steps=10\")"));
        }
        assertTrue(assertThrows(Problem.class, () -> session.with("infer.stebs=20"))
                .getMessage()
                .contains("did you mean infer.steps?"));
    }

    @Test
    void stagesTogetherAreTheStagesOneByOne() {
        float[] signal = session.signal(song);
        NDArray mel = session.mel(signal);
        F0Track melody = session.pitch(signal);
        Conds conds = session.align(session.units(song), melody, mel);
        Condition condition = session.embed(conds);
        NDArray x = quick.denoise(condition, quick.start(conds.frames(), mel, 7), 7, (i, of, t, step) -> {});
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
        DiffSvc.Converted watched = quick.convert(song, film.and((i, of, t, step) -> steps.incrementAndGet()));
        assertArrayEquals(quick.convert(song).wave().first(), watched.wave().first());
        assertEquals(4, steps.get());
        assertEquals(2, film.guesses().size());
    }

    @Test
    void drawsFollowFromTheSeedAlone() {
        NDArray a = session.draw(1, 2, 3, 5), b = session.draw(1, 2, 3, 5), c = session.draw(2, 2, 3, 5);
        assertArrayEquals(a.toFloatArray(), b.toFloatArray());
        assertNotEquals(Arrays.hashCode(a.toFloatArray()), Arrays.hashCode(c.toFloatArray()));
        assertArrayEquals(new long[] {2, 3, 5}, a.getShape().getShape());
        assertArrayEquals(new long[] {10, 700}, session.timesteps(10, 700).toLongArray());
        assertEquals(DataType.INT64, session.timesteps(3).getDataType());
    }

    @Test
    void apartIsTheMeanOfWhatDiffers() {
        NDArray a = session.manager().create(new float[] {1, 2, 3, 4}),
                b = session.manager().create(new float[] {1, 0, 4, 3});
        assertEquals(1, Compare.apart(a, b), 1e-9);
        assertTrue(assertThrows(Problem.class, () -> Compare.apart(a, b.reshape(2, 2)))
                .getMessage()
                .contains("[4] and [2, 2]"));
    }
}
