package diffsvc.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.hparams.Hparams;
import org.junit.jupiter.api.Test;

/**
 * If mels were N(MEAN, SPREAD^2), the best guess of the noise would be eps* = (x - alpha MEAN) sigma / (alpha^2
 * SPREAD^2 + sigma^2). Each step is then affine in x, so mean and spread can be followed from step to step without
 * drawing anything.
 */
class DdpmTest {
    private static final double MEAN = 0.2, SPREAD = 0.1;
    private static final NoiseSchedule NOISE =
            NoiseSchedule.of(Hparams.defaults().noise());

    private record Law(double mean, double spread) {}

    private static Law end(double[] times) {
        Ddpm silent = new Ddpm(NOISE, (x, at) -> x.zerosLike()), loud = new Ddpm(NOISE, (x, at) -> x.onesLike());
        Sampler.Eps best = (x, t) -> {
            double a = NOISE.alpha((int) t), s = NOISE.sigma((int) t);
            return x.sub((float) (a * MEAN)).mul((float) (s / (a * a * SPREAD * SPREAD + s * s)));
        };
        double a = NOISE.alpha((int) times[0]),
                s = NOISE.sigma((int) times[0]),
                mean = a * MEAN,
                spread = Math.sqrt(a * a * SPREAD * SPREAD + s * s);
        for (int i = 0; i + 1 < times.length; i++) {
            try (NDManager m = NDManager.newBaseManager()) {
                double apart = spread / 4;
                NDArray two =
                        m.create(new float[] {(float) (mean - apart), (float) (mean + apart)}, new Shape(1, 1, 1, 2));
                double[] drawn = new double[1];
                float[] next =
                        silent.step(best, two, times, i, Sampler.Past.NONE).x().toFloatArray();
                float[] moved =
                        loud.step(best, two, times, i, Sampler.Past.NONE).x().toFloatArray();
                drawn[0] = moved[0] - next[0];
                double slope = (next[1] - next[0]) / (2 * apart);
                mean = (next[0] + next[1]) / 2;
                spread = Math.sqrt(slope * slope * spread * spread + drawn[0] * drawn[0]);
            }
        }
        return new Law(mean, spread);
    }

    /**
     * The posterior's variance is right for one song and a little too small for many: the spread falls short by a share
     * of first order in the interval.
     */
    @Test
    void theMeanIsKeptAndTheSpreadLostFallsWithTheInterval() {
        double[] lost = new double[4];
        int[] intervals = {1, 2, 4, 8};
        for (int i = 0; i < lost.length; i++) {
            Law law = end(Spacing.TRAILING.every(NOISE.steps(), intervals[i]));
            assertEquals(MEAN, law.mean(), 2e-3, "interval " + intervals[i]);
            lost[i] = SPREAD - law.spread();
            assertTrue(
                    lost[i] > 0 && (i == 0 || lost[i] / lost[i - 1] > 1.5 && lost[i] / lost[i - 1] < 2.1),
                    "interval " + intervals[i] + " loses " + lost[i]);
        }
        assertTrue(lost[0] < 0.05 * SPREAD, "every step loses " + lost[0]);
    }

    @Test
    void timesStandOnIntervalLessOneLast() {
        assertArrayEquals(new double[] {9, 4, -1}, Spacing.TRAILING.every(10, 5));
        assertArrayEquals(new double[] {6, 1, -1}, Spacing.TRAILING.every(7, 5));
        assertEquals(2, Spacing.TRAILING.every(5, 5).length);
        assertArrayEquals(new double[] {9, 4, -1}, Spacing.TRAILING.times(10, 2));
        assertArrayEquals(new double[] {6, 3, -1}, Spacing.TRAILING.times(7, 2));
    }

    /** 300 of 1000: steps of 3 and of 4 in turns, each with the posterior of the steps that it takes. */
    @Test
    void stepsThatDoNotDivideLoseAsMuchAsTheirMeanIntervalWould() {
        double[] times = Spacing.TRAILING.times(NOISE.steps(), 300);
        Law uneven = end(times),
                wide = end(Spacing.TRAILING.every(NOISE.steps(), 4)),
                fine = end(Spacing.TRAILING.every(NOISE.steps(), 3));
        assertEquals(MEAN, uneven.mean(), 2e-3);
        assertTrue(
                uneven.spread() > wide.spread() && uneven.spread() < fine.spread(),
                wide.spread() + " < " + uneven.spread() + " < " + fine.spread());
    }
}
