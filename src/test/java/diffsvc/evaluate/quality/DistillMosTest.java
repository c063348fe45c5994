package diffsvc.evaluate.quality;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The network with random weights of small widths, and which segments are scored. */
class DistillMosTest {
    private static final DistillMos.Sizes SMALL = new DistillMos.Sizes(List.of(2, 2, 4, 4, 4, 4), 16, 2, 8, 50);

    /** Random weights whose batch norms divide by 1, so that the score is not saturated. */
    private static DistillMos small(NDManager m) {
        DistillMos net = DistillMos.random(m, SMALL, 3);
        DistillMos.table(SMALL).forEach((name, shape) -> {
            if (name.endsWith("running_var")) {
                float[] ones = new float[(int) shape.size()];
                Arrays.fill(ones, 1);
                net.weights().fill(name, ones);
            }
        });
        return net;
    }

    @Test
    void theSegmentsTouchBothEndsAndLieAtMostASecondApart() {
        int n = DistillMos.Sizes.PUBLISHED.segmentSamples();
        assertEquals(122_880, n);
        assertArrayEquals(new int[] {0}, DistillMosJudge.starts(16_000, n), "silence follows a shorter sound");
        assertArrayEquals(new int[] {0}, DistillMosJudge.starts(n, n));
        assertArrayEquals(new int[] {0, 1}, DistillMosJudge.starts(n + 1, n));
        assertArrayEquals(new int[] {0, 14_560, 29_120}, DistillMosJudge.starts(152_000, n), "numpy.linspace's");
        int[] minute = DistillMosJudge.starts(60 * 16_000, n);
        assertEquals(54, minute.length);
        assertEquals(60 * 16_000, minute[53] + n);
        for (int i = 1; i < minute.length; i++) {
            assertTrue(minute[i] - minute[i - 1] <= 16_000, "segment " + i);
        }
    }

    @Test
    void eachStageHasTheShapeOfTheLegend() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        try (NDManager m = NDManager.newBaseManager();
                DistillMos net = small(m)) {
            assertEquals(16_000, SMALL.segmentSamples(), "50 positions of 20 ms");
            float[] mos = net.walk(m.create(new float[][] {Clips.tone(1), Clips.tone(1)}), (name, value) -> {
                        shapes.put(name, value.getShape());
                    })
                    .toFloatArray();
            assertTrue(mos[0] > 1 && mos[0] < 5, Arrays.toString(mos));
            assertEquals(mos[0], mos[1]);
        }
        assertEquals(
                Map.of(
                        "spectrum", new Shape(2, 2, 161, 100),
                        "cnn", new Shape(2, 50, 16),
                        "transformer", new Shape(2, 50, 16),
                        "mos", new Shape(2)),
                shapes);
    }

    @Test
    void aSegmentsScoreDependsNeitherOnItsNeighboursNorOnItsLevel() {
        float[] a = Clips.tone(1), b = Clips.noisy(a, 10), quiet = Clips.times(b, 0.01f);
        try (NDManager m = NDManager.newBaseManager();
                DistillMos net = small(m)) {
            float[] together = net.mos(new float[][] {a, b, quiet});
            assertTrue(Math.abs(together[0] - together[1]) > 1e-4, "the two differ: " + Arrays.toString(together));
            assertEquals(together[1], net.mos(new float[][] {b})[0], 1e-5); // float32 over some thousand sums
            // the peak's floor of 1e-8 is 2e-6 of the quiet one's peak
            assertEquals(together[1], together[2], 1e-4);
        }
    }

    @Test
    void nothingIsLeftBehind() {
        try (NDManager m = NDManager.newBaseManager();
                DistillMos net = small(m)) {
            float[][] segment = {Clips.tone(1)};
            net.mos(segment);
            int before = net.weights().manager().getManagedArrays().size();
            net.mos(segment);
            assertEquals(DistillMos.table(SMALL).size(), before, "the weights alone");
            assertEquals(before, net.weights().manager().getManagedArrays().size());
        }
    }

    @Test
    void whatHasNoQualityGetsNoNumberAndSilentSegmentsNone() {
        try (DistillMosJudge judge = new DistillMosJudge(DistillMosTest::small)) {
            Clips.nothing().forEach(s -> assertEquals(Double.NaN, Clips.figures(judge, s)[0], s.toString()));
            float[] x = Clips.noisy(Clips.tone(1), 20);
            double alone = Clips.figures(judge, Clips.sound(x))[0];
            // the segments at 1 to 4 s are silent
            assertEquals(alone, Clips.figures(judge, Clips.sound(Arrays.copyOf(x, 5 * 16_000)))[0], 1e-5);
        }
    }

    @Test
    void anotherFileIsRefused(@TempDir Path folder) {
        Path file = folder.resolve("other.pt");
        TorchFile.write(file, Map.of("model_state", Map.of("lstm.weight", TorchTensor.of(new float[4], 2, 2))));
        try (NDManager m = NDManager.newBaseManager()) {
            Problem problem = assertThrows(Problem.class, () -> DistillMos.load(m, file));
            assertEquals(
                    "evaluate: " + file
                            + ": need the checkpoint of DistillMOS, got a file without model.cnn.cnn.0.weight; "
                            + "remove it, then ./diffsvc weights judges fetches it again",
                    problem.getMessage());
        }
    }
}
