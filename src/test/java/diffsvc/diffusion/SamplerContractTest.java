package diffsvc.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every sampler owes: on "songs" that are normal numbers the best network is known, and with it the way of every
 * point from noise to song. A deterministic sampler ends there, the nearer the more steps, by its order.
 */
class SamplerContractTest {
    private static final NoiseSchedule NOISE = NoiseSchedule.linear(1000, 0.02);
    private static final double MEAN = 0.3, SPREAD = 0.4;

    private static Sampler sampler(String name, int evaluations) {
        return switch (name) {
            case "ddpm" -> new Ddpm(NOISE, NOISE.steps() / evaluations);
            case "plms" -> new Plms(NOISE, NOISE.steps() / evaluations);
            case "ddim" -> new Ddim(NOISE, NOISE.steps() / evaluations);
            case "dpmpp" -> new DpmSolverPlusPlus(NOISE);
            case "unipc2" -> new UniPc(NOISE, 2);
            default -> new UniPc(NOISE, 3);
        };
    }

    private static double alpha(double t) {
        return Math.exp(NOISE.logAlpha(t));
    }

    private static double width(double t) {
        return Math.hypot(alpha(t) * SPREAD, NOISE.sigmaBetween(t));
    }

    /** E[eps | x] for x0 ~ N(MEAN, SPREAD^2). */
    private static final Sampler.Eps BEST =
            (x, t) -> x.sub((float) (alpha(t) * MEAN)).mul((float) (NOISE.sigmaBetween(t) / (width(t) * width(t))));

    /**
     * Root mean square distance from where the points belong: (x - alpha MEAN) / width stays the same along the way.
     */
    private static double error(String name, int evaluations, int top) {
        return error(sampler(name, evaluations), sampler(name, evaluations).times(top, evaluations));
    }

    private static double error(Sampler sampler, double[] times) {
        try (NDManager m = NDManager.newBaseManager()) {
            float[] z = {-2, -1, -0.5f, 0.25f, 1, 1.5f}, start = new float[z.length];
            for (int i = 0; i < z.length; i++) {
                start[i] = (float) (alpha(times[0]) * MEAN + width(times[0]) * z[i]);
            }
            float[] end = Denoising.run(
                            sampler,
                            BEST,
                            null,
                            m.create(start, new Shape(1, 1, 1, z.length)),
                            times,
                            (i, n, t, s) -> {})
                    .toFloatArray();
            double sum = 0, last = times[times.length - 1];
            for (int i = 0; i < z.length; i++) {
                double off = end[i] - (alpha(last) * MEAN + width(last) * z[i]);
                sum += off * off / z.length;
            }
            return Math.sqrt(sum);
        }
    }

    /**
     * From 900 to 100, where even times are nearly even in lambda: close to 0 a step of any N is a long way there, and
     * no order shows.
     */
    private static double inTheMiddle(String name, int n) {
        double[] times = new double[n + 1];
        for (int i = 0; i <= n; i++) {
            times[i] = 900 - 800.0 * i / n;
        }
        return error(sampler(name, 1000 * n / 800), times);
    }

    /** UniPC's last step falls to first order, so over the whole way it gains a factor of four, whatever its order. */
    @ParameterizedTest
    @CsvSource({
        "ddim,20,1.9,2.1",
        "ddim,40,1.9,2.1",
        "dpmpp,20,3.5,6.5",
        "dpmpp,40,3.5,6",
        "plms,10,4,20",
        "plms,20,4,20",
        "unipc2,20,3,5",
        "unipc2,40,3.4,5",
        "unipc3,20,3,5",
        "unipc3,40,3.4,5"
    })
    void halvingTheStepDividesTheErrorByItsOrder(String name, int n, double least, double most) {
        double wide = inTheMiddle(name, n), fine = inTheMiddle(name, 2 * n);
        System.out.printf(
                "%s: error %.2e in %d steps, %.2e in %d, ratio %.2f%n", name, wide, n, fine, 2 * n, wide / fine);
        assertTrue(wide / fine > least && wide / fine < most, name + ": " + wide + " to " + fine);
    }

    @ParameterizedTest
    @ValueSource(strings = {"plms", "ddim", "dpmpp", "unipc2", "unipc3"})
    void twoHundredEvaluationsEndWhereThePointsBelong(String name) {
        double most = name.equals("ddim") ? 1e-2 : 4e-3; // first order
        assertTrue(error(name, 200, 1000) < most, name + ": " + error(name, 200, 1000));
        assertTrue(error(name, 200, 500) < most, name + " from the middle: " + error(name, 200, 500));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ddpm", "plms", "ddim", "dpmpp", "unipc2", "unipc3"})
    void timesFallAndStayBelowTheTop(String name) {
        for (int top : new int[] {1000, 500, 317, 50, 1}) {
            for (int evaluations : new int[] {5, 20, 100, 1000}) {
                double[] times = sampler(name, evaluations).times(top, evaluations);
                assertTrue(
                        times.length >= 2 && times[0] < top && times[times.length - 1] >= -1,
                        name + " " + top + " " + evaluations);
                for (int i = 1; i < times.length; i++) {
                    assertTrue(
                            times[i] < times[i - 1] || name.equals("plms") || name.equals("ddim") || top == 1,
                            name + " stands still at " + times[i]);
                }
            }
        }
    }

    /** A step by hand, the sampler changed in the middle: what was remembered is left behind, and the way goes on. */
    @Test
    void anotherSamplerGoesOnFromAnyStep() {
        try (NDManager m = NDManager.newBaseManager()) {
            Sampler first = sampler("unipc3", 200), second = sampler("dpmpp", 200);
            double[] times = first.times(1000, 200);
            float z = 1.2f;
            NDArray x = m.create(
                    new float[] {(float) (alpha(times[0]) * MEAN + width(times[0]) * z)}, new Shape(1, 1, 1, 1));
            Sampler.Past past = Sampler.Past.NONE;
            for (int i = 0; i < 200; i++) {
                if (i == 80) {
                    past = Sampler.Past.NONE;
                }
                Sampler.Step step = (i < 80 ? first : second).step(BEST, null, x, times, i, past);
                x = step.x();
                past = step.past();
            }
            assertEquals(alpha(0) * MEAN + width(0) * z, x.getFloat(0, 0, 0, 0), 5e-3);
        }
    }

    /** A step changes nothing that it was given, and gives the same again. */
    @ParameterizedTest
    @ValueSource(strings = {"ddpm", "plms", "ddim", "dpmpp", "unipc2", "unipc3"})
    void aStepIsPure(String name) {
        try (NDManager m = NDManager.newBaseManager()) {
            Sampler sampler = sampler(name, 10);
            double[] times = sampler.times(1000, 10);
            NDArray x = m.randomNormal(new Shape(2, 1, 3, 4));
            float[] before = x.toFloatArray();
            Sampler.Past past = Sampler.Past.NONE;
            for (int i = 0; i < times.length - 1; i++) {
                Sampler.Step one = sampler.step(BEST, (v, t) -> v.onesLike(), x, times, i, past),
                        two = sampler.step(BEST, (v, t) -> v.onesLike(), x, times, i, past);
                assertArrayEquals(one.x().toFloatArray(), two.x().toFloatArray());
                assertArrayEquals(before, x.toFloatArray());
                assertEquals(new Shape(2, 1, 3, 4), one.x0().getShape());
                assertEquals(one.past().values().size(), one.past().times().size());
                past = one.past();
                x = one.x();
                before = x.toFloatArray();
            }
        }
    }

    @Test
    void anInterruptionStopsBetweenTwoSteps() {
        try (NDManager m = NDManager.newBaseManager()) {
            Sampler sampler = sampler("unipc3", 20);
            int[] steps = {0};
            org.junit.jupiter.api.Assertions.assertThrows(
                    diffsvc.check.Problem.class,
                    () -> Denoising.run(
                            sampler,
                            BEST,
                            null,
                            m.zeros(new Shape(1, 1, 1, 1)),
                            sampler.times(1000, 20),
                            (i, n, t, s) -> {
                                steps[0] = i;
                                if (i == 3) {
                                    Thread.currentThread().interrupt();
                                }
                            }));
            assertTrue(Thread.interrupted());
            assertEquals(3, steps[0]);
            assertTrue(m.getManagedArrays().size() <= 1, "nothing is left behind");
        }
    }
}
