package diffsvc.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.SamplerKind;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What infer.steps counts, for whole and for shallow voices, with and without the Python project's quirks. */
class SamplingRangeTest {
    private static final NoiseSchedule SCHEDULE = NoiseSchedule.linear(1000, 0.02);

    private static SamplingRange range(String settings) {
        Hparams hparams = settings.isEmpty() ? Hparams.defaults() : Arg2Hparams.apply(Hparams.defaults(), settings);
        return SamplingRange.of(hparams, SCHEDULE);
    }

    private static Sampler sampler(SamplerKind kind) {
        return new Samplers.Choice(kind, 1).on(SCHEDULE, Draw.seeded(1));
    }

    private static String problem(SamplingRange range, SamplerKind kind, int steps) {
        return assertThrows(Problem.class, () -> range.times(sampler(kind), steps))
                .getMessage();
    }

    @ParameterizedTest
    @EnumSource(SamplerKind.class)
    void aShallowVoiceGetsTheEvaluationsThatWereAskedFor(SamplerKind kind) {
        SamplingRange shallow = range("noise.k_step=100");
        for (int steps : new int[] {1, 2, 20, 30, 100}) {
            double[] times = shallow.times(sampler(kind), steps);
            assertEquals(steps, times.length - 1);
            assertTrue(times[0] < 100);
        }
        assertEquals(
                "sampling: need infer.steps from 1 to 100 (noise.k_step, all that training drew), got 101;"
                        + " take 20 or another number up to 100",
                problem(shallow, kind, 101));
        SamplingRange mixed = range("infer.use_gt_mel=true,infer.add_noise_step=300");
        assertEquals(20, mixed.times(sampler(kind), 20).length - 1);
        assertTrue(problem(mixed, kind, 301).contains("infer.steps from 1 to 300 (infer.add_noise_step), got 301"));
        assertEquals(7, range("").times(sampler(kind), 7).length - 1);
        assertTrue(problem(range(""), kind, 1001).contains("infer.steps from 1 to 1000, got 1001"));
    }

    @Test
    void thePythonProjectCountsTheWholeSchedule() {
        SamplingRange shallow = range("quirks=python,noise.k_step=100");
        assertArrayEquals(new double[] {50, 0, 0}, shallow.times(sampler(SamplerKind.PLMS), 20));
        assertArrayEquals(new double[] {50, 0, 0}, shallow.times(sampler(SamplerKind.DDIM), 20));
        assertArrayEquals(new double[] {99, 49, -1}, shallow.times(sampler(SamplerKind.DDPM), 20));
        assertArrayEquals(new double[] {99, 49.5, 0}, shallow.times(sampler(SamplerKind.DPMPP), 20));
        assertArrayEquals(new double[] {99, 66, 33, 0}, shallow.times(sampler(SamplerKind.UNIPC3), 30));
        assertArrayEquals(
                new double[] {99, 59, 19, -1},
                shallow.times(sampler(SamplerKind.DDPM), 25),
                "what is left over goes to the last step");
        SamplingRange mixed = range("quirks=python,infer.use_gt_mel=true,infer.add_noise_step=37");
        double[] fives = mixed.times(sampler(SamplerKind.PLMS), 200);
        assertArrayEquals(new double[] {35, 30, 25, 20, 15, 10, 5, 0, 0}, fives);
        for (SamplerKind kind : new SamplerKind[] {SamplerKind.DDPM, SamplerKind.PLMS, SamplerKind.DDIM}) {
            assertEquals(
                    "sampling: need infer.steps that divides 1000 with quirks=python, got 30;"
                            + " take 20, 50, 100 or 1000",
                    problem(shallow, kind, 30));
            assertTrue(problem(shallow, kind, 1001).contains("infer.steps from 1 to 1000, got 1001"));
        }
    }

    @Test
    void theRangeKnowsItsStart() {
        assertEquals(new SamplingRange(1000, 1000, 1000, false, Hparams.Quirks.FIXED), range(""));
        assertEquals(range(""), range("noise.k_step=1000"));
        assertFalse(range("").fromSource());
        assertEquals(List.of(), range("").notes());
        SamplingRange shallow = range("noise.k_step=100"), python = range("noise.k_step=100,quirks=python");
        assertTrue(shallow.fromSource() && shallow.top() == 100);
        assertTrue(shallow.notes().get(0).contains("first 100 of 1000")
                && shallow.notes().size() == 1);
        assertFalse(python.fromSource());
        assertTrue(python.notes().get(0).contains("pure noise"));
        String above = ",infer.use_gt_mel=true,infer.add_noise_step=101";
        assertEquals(101, range("noise.k_step=100,quirks=python" + above).top());
        assertTrue(assertThrows(Problem.class, () -> range("noise.k_step=100" + above))
                .getMessage()
                .contains("infer.add_noise_step from 1 to 100 (noise.k_step, all that training drew), got 101"));
    }

    @Test
    void aChoiceComesFromTheSettingsAndGoesBackIntoThem() {
        Hparams.Infer infer = Hparams.defaults().infer();
        assertEquals(Samplers.unipc(2).steps(20), Samplers.of(infer));
        Hparams.Infer other = Samplers.ddim().steps(7).apply(infer);
        assertEquals(Samplers.ddim().steps(7), Samplers.of(other));
        assertEquals(infer, Samplers.of(infer).apply(other));
        for (SamplerKind kind : SamplerKind.values()) {
            assertEquals(kind, SamplerKind.named(kind.text()));
            assertTrue(sampler(kind).times(1000, 20).length == 21);
        }
        assertEquals(
                Arrays.asList(SamplerKind.values()).size(), SamplerKind.names().size());
        assertEquals("ddpm, plms, ddim, dpmpp, unipc2 or unipc3", SamplerKind.all());
        assertEquals(
                "hparams: need infer.sampler ddpm, plms, ddim, dpmpp, unipc2 or unipc3, got unipc4;"
                        + " correct infer.sampler",
                assertThrows(Problem.class, () -> Arg2Hparams.apply(Hparams.defaults(), "infer.sampler=unipc4"))
                        .getMessage());
        assertTrue(assertThrows(Problem.class, () -> Samplers.unipc(4))
                .getMessage()
                .contains("from 2 to 3"));
        assertTrue(assertThrows(Problem.class, () -> Samplers.plms().steps(0))
                .getMessage()
                .contains("steps from 1 to 100000"));
    }
}
