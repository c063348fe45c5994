package diffsvc.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Calls of the library by hand: what a schedule or a sampler cannot do is a sentence with the bounds in it. */
class DiffusionBoundsTest {
    private static final NoiseSchedule NOISE = NoiseSchedule.linear(100, 0.06);

    private static String said(Executable call) {
        return assertThrows(Problem.class, call).getMessage();
    }

    @Test
    void schedulesHaveStepsAndBetas() {
        for (int steps : new int[] {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE, 100_001}) {
            assertTrue(
                    said(() -> NoiseSchedule.linear(steps, 0.02))
                            .startsWith("schedule: need noise.steps from 1 to 100000, got " + steps),
                    said(() -> NoiseSchedule.linear(steps, 0.02)));
            assertTrue(said(() -> NoiseSchedule.cosine(steps)).contains("noise.steps from 1 to 100000"));
        }
        for (double beta : new double[] {Double.NaN, Double.POSITIVE_INFINITY, -1, 1.5}) {
            assertTrue(said(() -> NoiseSchedule.linear(100, beta)).contains("noise.max_beta from 0 to 1"));
        }
        assertTrue(said(() -> NoiseSchedule.linear(100, 1)).contains("betas from 0 to below 1, got 1.0 at step 99"));
        assertTrue(said(() -> NoiseSchedule.of(Hparams.defaults().noise().maxBeta(0.5)))
                .contains("lower noise.steps or noise.max_beta"));
        for (float[] betas : new float[][] {{}, {Float.NaN}, {0.1f, 2}, {-0.1f}}) {
            said(() ->
                    NoiseSchedule.ofBuffers(new StateDict(null, Map.of("betas", TorchTensor.of(betas, betas.length)))));
        }
        assertTrue(said(() -> NoiseSchedule.ofBuffers(new StateDict(null, Map.of())))
                .contains("betas"));
        assertEquals(1, NoiseSchedule.linear(1, 0.02).steps());
        assertEquals(100_000, NoiseSchedule.cosine(100_000).steps());
    }

    @Test
    void stepsLieWithinTheSchedule() {
        for (int t : new int[] {100, Integer.MAX_VALUE}) {
            assertEquals(
                    "schedule: need the diffusion step from 0 to 99, got " + t + "; correct the diffusion step",
                    said(() -> NOISE.beta(t)));
            assertTrue(said(() -> NOISE.alphaBar(t)).contains("to 99"));
        }
        assertEquals(1, NOISE.alphaBar(-1));
        for (double t : new double[] {-1.5, 99.5, 2000, Double.NaN}) {
            assertTrue(said(() -> NOISE.logAlpha(t)).contains("the diffusion step from -1 to 99, got"));
            assertTrue(said(() -> NOISE.lambda(t)).contains("the diffusion step from -1 to 99, got"));
        }
        try (NDManager m = NDManager.newBaseManager()) {
            assertArrayEquals(new long[] {0, 99}, NOISE.timesteps(m, 0, 99).toLongArray());
            for (long t : new long[] {-1, 100, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32}) {
                assertTrue(said(() -> NOISE.noised(
                                m.zeros(new Shape(1, 1, 2, 3)),
                                m.create(new long[] {t}),
                                m.zeros(new Shape(1, 1, 2, 3))))
                        .contains("the diffusion step from 0 to 99, got " + t));
                assertTrue(said(() -> NOISE.timesteps(m, 3, t)).contains("the diffusion step from 0 to 99, got " + t));
            }
            assertTrue(said(() -> NOISE.noised(
                            m.zeros(new Shape(2, 1, 2, 3)), m.create(new long[] {1}), m.zeros(new Shape(2, 1, 2, 3))))
                    .contains("each of 2 clips, got 1"));
        }
    }

    @Test
    void timesBeginWithinTheScheduleAndGoByWholeIntervals() {
        for (Sampler sampler : new Sampler[] {
            new Plms(NOISE),
            new Ddim(NOISE),
            new Ddpm(NOISE, Draw.seeded(1)),
            new DpmSolverPlusPlus(NOISE),
            new UniPc(NOISE, 2)
        }) {
            for (int top : new int[] {0, -5, 101, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
                assertEquals(
                        "schedule: need the step to start below from 1 to 100, got " + top
                                + "; correct the step to start below",
                        said(() -> sampler.times(top, 10)));
            }
            for (int top = 1; top <= 100; top++) {
                double[] times = sampler.times(top, Math.min(top, 10));
                assertTrue(
                        times.length >= 2 && times[0] < top && times[times.length - 1] <= 0, sampler + " from " + top);
            }
            for (int evaluations : new int[] {0, -1, 31, Integer.MAX_VALUE}) {
                assertEquals(
                        "schedule: need evaluations from 1 to 30, got " + evaluations + "; correct evaluations",
                        said(() -> sampler.times(30, evaluations)));
            }
        }
        for (Spacing spacing : Spacing.values()) {
            for (int wrong : new int[] {0, -1, Integer.MIN_VALUE}) {
                assertTrue(said(() -> spacing.every(100, wrong)).contains("the interval of steps from 1 to"));
                assertTrue(said(() -> spacing.every(wrong, 10)).contains("the step to start below from 1 to"));
                assertTrue(said(() -> spacing.times(wrong, 1)).contains("the step to start below from 1 to"));
            }
            assertEquals(2, spacing.every(100, Integer.MAX_VALUE).length);
        }
        assertTrue(said(() -> new UniPc(NOISE, 7)).contains("from 2 to 3"));
    }

    @Test
    void theNetworkTakesNoNegativeStep() {
        try (NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, new WaveNet.Sizes(2, 4, 3, 1, 1), 1)) {
            for (long t : new long[] {-1, Long.MIN_VALUE, 100_000}) {
                assertTrue(said(() -> net.predict(
                                m.zeros(new Shape(1, 1, 2, 5)), m.create(new long[] {t}), m.zeros(new Shape(1, 3, 5))))
                        .startsWith("wavenet: need the diffusion step from 0 to 99999, got "));
            }
            assertTrue(said(() -> net.given(m.zeros(new Shape(1, 3, 5))).at(m.zeros(new Shape(1, 1, 2, 5)), Double.NaN))
                    .contains("the diffusion step from 0"));
        }
    }

    @Test
    void aBinOfOneValueIsNoNumberByZero() {
        try (NDManager m = NDManager.newBaseManager()) {
            MelRange range = new MelRange(new float[] {-5, -5}, new float[] {0, -5});
            assertArrayEquals(
                    new float[] {-0.2f, -1},
                    range.norm(m.create(new float[] {-3, -5}, new Shape(1, 1, 2)))
                            .toFloatArray(),
                    1e-6f);
            assertTrue(said(() -> range.norm(m.zeros(new Shape(1, 4, 3)))).contains("one value or 3"));
            assertTrue(said(() -> range.denorm(m.zeros(new Shape(1, 1, 3, 4)))).contains("one value or 3"));
            assertArrayEquals(
                    new float[] {-0.2f, 1},
                    new MelRange(new float[] {-5}, new float[] {0})
                            .norm(m.create(new float[] {-3, 0}, new Shape(1, 1, 2)))
                            .toFloatArray(),
                    1e-6f);
        }
        assertTrue(said(() -> new MelRange(new float[] {1}, new float[] {0})).contains("in bin 0"));
        assertTrue(said(() -> new MelRange(new float[] {0, Float.NaN}, new float[] {0, 1}))
                .contains("in bin 1"));
        assertTrue(said(() -> new MelRange(new float[] {0, 0}, new float[] {1, 1, 1}))
                .contains("2 and 3"));
        assertTrue(said(() -> new MelRange(new float[0], new float[] {1})).contains("0 and 1"));
        assertTrue(said(() -> MelRange.ofBuffers(new StateDict(null, Map.of()))).contains("spec_min"));
    }
}
