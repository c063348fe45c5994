package diffsvc.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.hparams.PredictionKind;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Predictions in float32 against the papers' formulas in float64, at both ends of two schedules and between steps. */
class PredictionTest {
    private static final int N = 24;
    private static final NoiseSchedule LINEAR = NoiseSchedule.linear(1000, 0.02), COSINE = NoiseSchedule.cosine(1000);
    private static final double[] TIMES = {0, 1, 0.5, 123.4, 500, 998.7, 999};

    /** Clean values and noise, and x = a x0 + s eps of them at a time, in float64. */
    private record Pairs(double[] x0, double[] eps, double a, double s) {
        static Pairs of(NoiseSchedule schedule, double t) {
            Random random = new Random(5);
            double[] x0 = new double[N], eps = new double[N];
            for (int i = 0; i < N; i++) {
                x0[i] = 0.3 * random.nextGaussian() - 0.2;
                eps[i] = random.nextGaussian();
            }
            return new Pairs(x0, eps, Math.exp(schedule.logAlpha(t)), schedule.sigmaBetween(t));
        }

        double[] x() {
            return combined(a, s);
        }

        double[] v() {
            return combined(-s, a);
        }

        double[] combined(double ofX0, double ofEps) {
            double[] sum = new double[N];
            for (int i = 0; i < N; i++) {
                sum[i] = ofX0 * x0[i] + ofEps * eps[i];
            }
            return sum;
        }
    }

    /** The columns of table 1 of Karras et al. for "EDM". */
    private record Karras(double sigma, double d) {
        double skip() {
            return d * d / (sigma * sigma + d * d);
        }

        double out() {
            return sigma * d / Math.sqrt(sigma * sigma + d * d);
        }

        double in() {
            return 1 / Math.sqrt(sigma * sigma + d * d);
        }

        /** F for which c_skip y + c_out F is x0. */
        double[] f(Pairs p) {
            double[] f = p.x();
            for (int i = 0; i < N; i++) {
                f[i] = (p.x0[i] - skip() * f[i] / p.a) / out();
            }
            return f;
        }
    }

    private static Prediction[] predictions() {
        return new Prediction[] {
            prediction(LINEAR, PredictionKind.V, 0),
            prediction(COSINE, PredictionKind.V, 0),
            prediction(LINEAR, PredictionKind.EDM, 0.5),
            prediction(LINEAR, PredictionKind.EDM, 0.12),
            prediction(COSINE, PredictionKind.EDM, 0.12),
            prediction(LINEAR, PredictionKind.EDM, 10),
            prediction(LINEAR, PredictionKind.EDM, 0.001)
        };
    }

    private static Prediction prediction(NoiseSchedule schedule, PredictionKind kind, double sigmaData) {
        return new Prediction(schedule, new StatedPrediction(kind, sigmaData));
    }

    private static float[] floats(double... values) {
        float[] floats = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            floats[i] = (float) values[i];
        }
        return floats;
    }

    private static NDArray array(NDManager m, double... values) {
        return m.create(floats(values), new Shape(1, 1, 4, values.length / 4));
    }

    private static Karras karras(Prediction prediction, Pairs p) {
        return new Karras(p.s / p.a, prediction.stated().sigmaData());
    }

    private static double[] target(Prediction prediction, Pairs p) {
        return prediction.kind() == PredictionKind.V
                ? p.v()
                : karras(prediction, p).f(p);
    }

    private static double worst(double[] want, float[] got) {
        double worst = 0;
        for (int i = 0; i < want.length; i++) {
            worst = Math.max(worst, Math.abs(want[i] - got[i]));
        }
        return worst;
    }

    /**
     * The tolerance is some roundings of float32 (6e-8) of values up to 3. At t = 0, (x - a D) / s would be off by
     * 1e-5: the rounding of D over s = 0.01.
     */
    @ParameterizedTest
    @MethodSource("predictions")
    void whatIsPredictedBecomesTheNoise(Prediction prediction) {
        try (NDManager m = NDManager.newBaseManager()) {
            for (double t : TIMES) {
                Pairs p = Pairs.of(prediction.schedule(), t);
                double[][] seen = new double[1][N];
                Sampler.Eps eps = prediction.eps((x, time) -> {
                    assertEquals(t, time);
                    for (int i = 0; i < N; i++) {
                        seen[0][i] = x.toFloatArray()[i];
                    }
                    return array(m, target(prediction, p)).duplicate();
                });
                NDArray got = eps.at(array(m, p.x()), t);
                // F is large where sigma_data is far from the mels' deviation, and so is its rounding
                double f = Arrays.stream(target(prediction, p))
                        .map(Math::abs)
                        .max()
                        .orElseThrow();
                double largest = Math.max(1, f / 100);
                assertEquals(0, worst(p.eps, got.toFloatArray()), 1e-6 * largest, prediction + " at " + t);
                // c_in y, y = x / a
                double scale = prediction.kind() == PredictionKind.EDM
                        ? karras(prediction, p).in() / p.a
                        : 1;
                double[] x = p.x();
                for (int i = 0; i < N; i++) {
                    assertEquals(scale * x[i], seen[0][i], 1e-6 * Math.max(1, Math.abs(scale * x[i])), "input at " + t);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("predictions")
    void theTargetsOfTrainingAreThePapers(Prediction prediction) {
        try (NDManager m = NDManager.newBaseManager()) {
            for (int t : new int[] {0, 1, 500, 999}) {
                Pairs p = Pairs.of(prediction.schedule(), t);
                NDArray step = m.create(new long[] {t});
                double[] want = target(prediction, p);
                double largest = 1;
                for (double value : want) {
                    largest = Math.max(largest, Math.abs(value));
                }
                NDArray got = prediction.target(array(m, p.x0), step, array(m, p.eps));
                assertEquals(0, worst(want, got.toFloatArray()) / largest, 1e-6, prediction + " at " + t);
                double scale = prediction.kind() == PredictionKind.EDM
                        ? karras(prediction, p).in() / p.a
                        : 1;
                double[] x = p.x();
                float[] input = prediction.input(array(m, x), step).toFloatArray();
                for (int i = 0; i < N; i++) {
                    assertEquals(scale * x[i], input[i], 1e-6 * Math.max(1, Math.abs(scale * x[i])), "input at " + t);
                }
            }
        }
    }

    /** One t for each item: the first is nearly clean, the last nearly noise. */
    @Test
    void eachItemOfABatchHasItsOwnStep() {
        Prediction edm = prediction(LINEAR, PredictionKind.EDM, 0.5);
        try (NDManager m = NDManager.newBaseManager()) {
            NDArray x0 = m.ones(new Shape(3, 1, 2, 2)), noise = x0.mul(2f), t = m.create(new long[] {0, 500, 999});
            float[] together = edm.target(x0, t, noise).toFloatArray(),
                    inputs = edm.input(x0, t).toFloatArray();
            for (int i = 0; i < 3; i++) {
                NDArray one = m.ones(new Shape(1, 1, 2, 2)), step = m.create(new long[] {t.getLong(i)});
                assertEquals(edm.target(one, step, one.mul(2f)).getFloat(0, 0, 0, 0), together[4 * i]);
                assertEquals(edm.input(one, step).getFloat(0, 0, 0, 0), inputs[4 * i]);
            }
            assertTrue(together[0] < -1 && together[8] > 1, "minus the noise, and the mel over its deviation");
        }
    }

    @Test
    void epsGoesThroughUntouched() {
        Prediction eps = prediction(LINEAR, PredictionKind.EPS, 0);
        try (NDManager m = NDManager.newBaseManager()) {
            NDArray x = m.ones(new Shape(1, 1, 2, 2)), noise = m.ones(new Shape(1, 1, 2, 2)), t = m.zeros(new Shape(1));
            assertSame(noise, eps.eps((y, time) -> noise).at(x, 3));
            assertSame(x, eps.input(x, t));
            assertSame(noise, eps.target(x, t, noise));
        }
    }

    /** With d = 1, w is 1, and so the preconditioning is that of v, with another sign. */
    @Test
    void edmOfUnitDeviationIsMinusV() {
        Prediction edm = prediction(LINEAR, PredictionKind.EDM, 1), v = prediction(LINEAR, PredictionKind.V, 0);
        try (NDManager m = NDManager.newBaseManager()) {
            for (int t : new int[] {0, 500, 999}) {
                Pairs p = Pairs.of(LINEAR, t);
                NDArray x0 = array(m, p.x0), noise = array(m, p.eps), step = m.create(new long[] {t});
                assertArrayEquals(
                        v.target(x0, step, noise).neg().toFloatArray(),
                        edm.target(x0, step, noise).toFloatArray(),
                        1e-6f);
            }
        }
    }

    /** Mels of deviation d: what the network sees and what it should predict have variance 1 at every t. */
    @Test
    void edmGivesTheNetworkNumbersOfOneSize() {
        double d = 0.12;
        Prediction edm = prediction(LINEAR, PredictionKind.EDM, d);
        Random random = new Random(2);
        int n = 40_000;
        double[] x0 = new double[n], eps = new double[n];
        for (int i = 0; i < n; i++) {
            x0[i] = d * random.nextGaussian();
            eps[i] = random.nextGaussian();
        }
        try (NDManager m = NDManager.newBaseManager()) {
            for (int t : new int[] {0, 50, 500, 999}) {
                NDArray clean = array(m, x0), noise = array(m, eps), step = m.create(new long[] {t});
                NDArray x = LINEAR.noised(clean, step, noise);
                // five standard errors of the variance of n normal numbers, sqrt(2 / n)
                assertEquals(1, edm.input(x, step).square().mean().getFloat(), 5 * Math.sqrt(2.0 / n));
                assertEquals(1, edm.target(clean, step, noise).square().mean().getFloat(), 5 * Math.sqrt(2.0 / n));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("predictions")
    void paddingStaysZeroAndNothingIsLeftBehind(Prediction prediction) {
        try (NDManager m = NDManager.newBaseManager()) {
            NDArray x = m.zeros(new Shape(2, 1, 3, 4), DataType.FLOAT32);
            Sampler.Eps eps = prediction.eps((y, t) -> y.mul(3f));
            int before = m.getManagedArrays().size();
            NDArray got = eps.at(x, 700.5);
            assertEquals(0, got.abs().max().getFloat());
            assertSame(m, got.getManager());
            assertSame(m, x.getManager());
            got.close();
            assertTrue(m.getManagedArrays().size() <= before + 2, "the two of this check"); // abs, max
        }
    }
}
