package diffsvc.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.hparams.PredictionKind;
import diffsvc.hparams.SamplerKind;
import diffsvc.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every sampler owes: on "songs" that are normal numbers the best network is known, and with it the way of every
 * point from noise to song. A deterministic sampler ends there, the nearer the more steps, by its order.
 */
class SamplerContractTest {
    private static final NoiseSchedule NOISE = NoiseSchedule.linear(1000, 0.02);
    private static final double MEAN = 0.3, SPREAD = 0.4;

    private static Sampler sampler(String name) {
        return sampler(SamplerKind.named(name));
    }

    private static Sampler sampler(SamplerKind kind) {
        return new Samplers.Choice(kind, 1).on(NOISE, (x, t) -> x.onesLike());
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

    /** The same knowledge as a denoiser that was trained to predict something else: its output is linear in x. */
    private static Denoiser best(Prediction prediction) {
        return (input, t) -> {
            double a = alpha(t),
                    s = NOISE.sigmaBetween(t),
                    d = prediction.stated().sigmaData();
            double w = Math.hypot(s, a * d), share = 1 / (width(t) * width(t));
            // for x: eps = s share (x - a MEAN), x0 = MEAN + a SPREAD^2 share (x - a MEAN)
            double ofEps = s * share, ofX0 = a * SPREAD * SPREAD * share;
            double[] line =
                    switch (prediction.kind()) {
                        case EPS -> new double[] {ofEps, -ofEps * a * MEAN};
                        case V -> new double[] {a * ofEps - s * ofX0, -(a * ofEps - s * ofX0) * a * MEAN - s * MEAN};
                        case EDM -> {
                            double slope = (s * ofX0 / d - a * d * ofEps) / w;
                            yield new double[] {slope * w, -slope * a * MEAN + s * MEAN / (d * w)}; // input is x / w
                        }
                    };
            return input.mul((float) line[0]).add((float) line[1]);
        };
    }

    /**
     * Whatever the denoiser predicts, a sampler ends at the same points, of which DDPM draws the same noise. In float32
     * the rounding of eps at t = 999, some 1e-7, is 157 times as large in x0.
     */
    @ParameterizedTest
    @EnumSource(SamplerKind.class)
    void everyPredictionGivesTheSameSamples(SamplerKind kind) {
        double[] times = sampler(kind).times(1000, 20);
        try (NDManager m = NDManager.newBaseManager()) {
            NDArray start = m.create(new float[] {-2, -1, -0.5f, 0.25f, 1, 1.5f}, new Shape(1, 1, 2, 3));
            float[] want = Denoising.run(sampler(kind), BEST, start, times).toFloatArray();
            for (PredictionKind predicted : PredictionKind.values()) {
                for (double sigmaData : predicted == PredictionKind.EDM ? new double[] {0.12, 0.5, 1} : new double[1]) {
                    Prediction prediction = new Prediction(NOISE, new StatedPrediction(predicted, sigmaData));
                    float[] got = Denoising.run(sampler(kind), prediction.eps(best(prediction)), start, times)
                            .toFloatArray();
                    assertArrayEquals(want, got, 3e-5f, kind + " " + prediction);
                }
            }
            assertEquals(7, m.getManagedArrays().size(), "the start and six results");
        }
    }

    /**
     * Root mean square distance from where the points belong: (x - alpha MEAN) / width stays the same along the way.
     */
    private static double error(String name, int evaluations, int top) {
        return error(sampler(name), sampler(name).times(top, evaluations));
    }

    private static double error(Sampler sampler, double[] times) {
        try (NDManager m = NDManager.newBaseManager()) {
            float[] z = {-2, -1, -0.5f, 0.25f, 1, 1.5f}, start = new float[z.length];
            for (int i = 0; i < z.length; i++) {
                start[i] = (float) (alpha(times[0]) * MEAN + width(times[0]) * z[i]);
            }
            float[] end = Denoising.run(sampler, BEST, m.create(start, new Shape(1, 1, 1, z.length)), times)
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
        return error(sampler(name), times);
    }

    /** How much smaller twice the steps make the error: at least and at most, from {@code steps} on. */
    private record Halving(int steps, double least, double most) {}

    /** UniPC's last step falls to first order, so over the whole way it gains a factor of four, whatever its order. */
    private static List<Halving> halvings(SamplerKind kind) {
        return switch (kind) {
            case DDIM -> List.of(new Halving(20, 1.9, 2.1), new Halving(40, 1.9, 2.1));
            case DPMPP -> List.of(new Halving(20, 3.5, 6.5), new Halving(40, 3.5, 6));
            case PLMS -> List.of(new Halving(10, 4, 20), new Halving(20, 4, 20));
            case UNIPC2, UNIPC3 -> List.of(new Halving(20, 3, 5), new Halving(40, 3.4, 5));
            case DDPM -> throw new IllegalArgumentException("its noise takes each point off its way");
        };
    }

    /**
     * DDPM draws noise in each step: it has no way of a point to follow, and DdpmTest measures where its points end.
     */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "DDPM")
    void halvingTheStepDividesTheErrorByItsOrder(SamplerKind kind) {
        String name = kind.text();
        for (Halving h : halvings(kind)) {
            int n = h.steps();
            double wide = inTheMiddle(name, n), fine = inTheMiddle(name, 2 * n);
            System.out.printf(
                    "%s: error %.2e in %d steps, %.2e in %d, ratio %.2f%n", name, wide, n, fine, 2 * n, wide / fine);
            assertTrue(wide / fine > h.least() && wide / fine < h.most(), name + ": " + wide + " to " + fine);
        }
    }

    /** Without DDPM for the same reason. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "DDPM")
    void twoHundredEvaluationsEndWhereThePointsBelong(SamplerKind kind) {
        double most = kind == SamplerKind.DDIM ? 1e-2 : 4e-3; // first order
        String name = kind.text();
        assertTrue(error(name, 200, 1000) < most, name + ": " + error(name, 200, 1000));
        assertTrue(error(name, 200, 500) < most, name + " from the middle: " + error(name, 200, 500));
    }

    /**
     * Every number of evaluations that a range has room for, and none of them at the same time as another. Only a last
     * step that begins at 0 may end there: the Python project's PLMS steps to max(t - interval, 0).
     */
    @ParameterizedTest
    @EnumSource(SamplerKind.class)
    void timesAreAsManyAsAskedFallAndStayBelowTheTop(SamplerKind kind) {
        for (int top : new int[] {1000, 500, 317, 100, 50, 7, 2, 1}) {
            for (int evaluations = 1; evaluations <= top; evaluations++) {
                String where = kind + " " + top + " " + evaluations;
                double[] times = sampler(kind).times(top, evaluations);
                assertEquals(evaluations + 1, times.length, where);
                assertTrue(times[0] < top && times[evaluations - 1] >= 0 && times[evaluations] >= -1, where);
                for (int i = 1; i < evaluations; i++) {
                    assertTrue(times[i] < times[i - 1], where + " stands still at " + times[i]);
                }
                double last = times[evaluations], before = times[evaluations - 1];
                assertTrue(last < before || last == 0 && before == 0, where + " ends at " + last);
            }
        }
    }

    /** One call of the network an evaluation; PLMS alone makes one more, in its first step. */
    @ParameterizedTest
    @EnumSource(SamplerKind.class)
    void evaluationsAreHonoured(SamplerKind kind) {
        try (NDManager m = NDManager.newBaseManager()) {
            for (int top : new int[] {1000, 317, 100, 30}) {
                for (int evaluations : new int[] {1, 2, 3, 7, 20, 30}) {
                    int[] calls = {0};
                    Sampler.Eps counted = (x, t) -> {
                        calls[0]++;
                        assertTrue(t >= 0 && t < top, kind + " asks at " + t + " of " + top);
                        return BEST.at(x, t);
                    };
                    double[] times = sampler(kind).times(top, evaluations);
                    Denoising.run(sampler(kind), counted, m.ones(new Shape(1, 1, 1, 2)), times);
                    assertEquals(evaluations + (kind == SamplerKind.PLMS ? 1 : 0), calls[0], kind + " " + top);
                }
            }
        }
    }

    /** Where the evaluations divide the range, times are the intervals of the Python project. */
    @Test
    void timesOfStepsThatDivideAreMultiplesOfTheInterval() {
        for (int top : new int[] {1000, 500, 100, 60}) {
            for (int interval = 1; interval <= top; interval++) {
                if (top % interval != 0) {
                    continue;
                }
                int n = top / interval;
                double[] multiples = new double[n + 1], ancestral = new double[n + 1];
                for (int i = 0; i < n; i++) {
                    multiples[i] = (n - 1 - i) * interval;
                    ancestral[i] = top - 1 - i * interval;
                }
                ancestral[n] = -1;
                for (Spacing spacing : Spacing.values()) {
                    assertArrayEquals(spacing.every(top, interval), spacing.times(top, n), spacing + " " + top);
                }
                assertArrayEquals(multiples, sampler("plms").times(top, n));
                assertArrayEquals(multiples, sampler("ddim").times(top, n));
                assertArrayEquals(ancestral, sampler("ddpm").times(top, n));
            }
        }
        assertArrayEquals(new double[] {60, 40, 20, 0, 0}, Spacing.LEADING.every(61, 20));
        assertArrayEquals(new double[] {60, 40, 20, 0, -1}, Spacing.TRAILING.every(61, 20));
        assertArrayEquals(new double[] {60, 40, 20, 0}, Spacing.LINSPACE.every(61, 20));
    }

    /** With the weights of even times, 70 whole steps of 11 and of 12 would be worse than 40 even ones (1.6e-4). */
    @Test
    void plmsKeepsItsOrderWhereTimesDoNotStandEvenly() {
        int n = 70;
        double[] times = new double[n + 1];
        for (int i = 0; i <= n; i++) {
            times[i] = 900 - Math.floorDiv(800 * i, n);
        }
        double uneven = error(sampler("plms"), times), wider = inTheMiddle("plms", 40);
        System.out.printf("plms: error %.2e in 70 uneven steps, %.2e in 40 even ones%n", uneven, wider);
        assertTrue(uneven < wider, uneven + " against " + wider);
    }

    /**
     * A step by hand, the sampler changed in the middle: its memory of earlier steps is dropped, and the walk
     * continues.
     */
    @Test
    void anotherSamplerGoesOnFromAnyStep() {
        try (NDManager m = NDManager.newBaseManager()) {
            Sampler first = sampler("unipc3"), second = sampler("dpmpp");
            double[] times = first.times(1000, 200);
            float z = 1.2f;
            NDArray x = m.create(
                    new float[] {(float) (alpha(times[0]) * MEAN + width(times[0]) * z)}, new Shape(1, 1, 1, 1));
            Sampler.Past past = Sampler.Past.NONE;
            for (int i = 0; i < 200; i++) {
                if (i == 80) {
                    past = Sampler.Past.NONE;
                }
                Sampler.Step step = (i < 80 ? first : second).step(BEST, x, times, i, past);
                x = step.x();
                past = step.past();
            }
            assertEquals(alpha(0) * MEAN + width(0) * z, x.getFloat(0, 0, 0, 0), 5e-3);
        }
    }

    /** A step changes nothing that it was given, and gives the same again. */
    @ParameterizedTest
    @EnumSource(SamplerKind.class)
    void aStepIsPure(SamplerKind kind) {
        try (NDManager m = NDManager.newBaseManager()) {
            Sampler sampler = sampler(kind);
            double[] times = sampler.times(1000, 10);
            NDArray x = m.randomNormal(new Shape(2, 1, 3, 4));
            float[] before = x.toFloatArray();
            Sampler.Past past = Sampler.Past.NONE;
            for (int i = 0; i < times.length - 1; i++) {
                Sampler.Step one = sampler.step(BEST, x, times, i, past), two = sampler.step(BEST, x, times, i, past);
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
    void aStepAsTextIsShapesAndTimes() {
        try (NDManager m = NDManager.newBaseManager()) {
            Sampler sampler = sampler("dpmpp");
            double[] times = {900, 600, 300};
            Sampler.Step step = sampler.step(BEST, m.ones(new Shape(1, 1, 2, 3)), times, 0, Sampler.Past.NONE);
            assertEquals("x, x0 and eps [1, 1, 2, 3], 1 remembered, of t = [900.0]", step.toString());
            assertEquals("nothing remembered", Sampler.Past.NONE.toString());
        }
    }

    @Test
    void anInterruptionStopsBetweenTwoSteps() {
        try (NDManager m = NDManager.newBaseManager()) {
            Sampler sampler = sampler("unipc3");
            int[] steps = {0};
            org.junit.jupiter.api.Assertions.assertThrows(
                    Problem.class,
                    () -> Denoising.run(
                            sampler, BEST, m.zeros(new Shape(1, 1, 1, 1)), sampler.times(1000, 20), (i, n, t, s) -> {
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

    @Test
    void progressHearsOfEachStep() {
        try (NDManager m = NDManager.newBaseManager()) {
            List<String> reports = new ArrayList<>();
            Progress progress = (stage, done, of) -> reports.add(stage + " " + done + " of " + of);
            Sampler sampler = sampler("ddim");
            NDArray x = m.ones(new Shape(1, 1, 1, 2));
            Denoising.run(sampler, BEST, x, sampler.times(1000, 3), StepListener.of(progress));
            assertEquals(List.of("sampling 1 of 3", "sampling 2 of 3", "sampling 3 of 3"), reports);
        }
    }
}
