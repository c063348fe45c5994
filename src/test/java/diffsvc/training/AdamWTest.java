package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.random.KeyedRandom;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The optimizer by array operations, as on a GPU, beside the one pass over memory. */
class AdamWTest {
    private static final WaveNet.Sizes SIZES = new WaveNet.Sizes(8, 16, 6, 2, 2);
    private static final double RATE = 1e-3;

    /** A network with its optimizer. */
    private record Trained(WaveNet net, AdamW optimizer) implements AutoCloseable {
        static Trained of(NDManager m, boolean onePass) {
            WaveNet net = WaveNet.random(m, SIZES, 3);
            return new Trained(net, new AdamW(m, Map.of("net.", net.weights()), 0.9, 0.98, 1e-8, 0.01, true, onePass));
        }

        /** One update; an odd one comes from two projections alone: the other gradients are zeros. */
        double update(int i) {
            try (NDManager scratch = net.weights().manager().newSubManager();
                    GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray spec = KeyedRandom.of(scratch, 1, "spec", i).normal(new Shape(2, 1, 8, 20)),
                        cond = KeyedRandom.of(scratch, 1, "cond", i).normal(new Shape(2, 6, 20)),
                        t = scratch.create(new long[] {i, 10 + i});
                WaveNet.Projected projected = net.project(cond);
                NDArray loss = i % 2 == 1
                        ? projected
                                .layers()
                                .get(0)
                                .square()
                                .mean()
                                .add(projected.layers().get(1).square().mean())
                        : net.walk(spec, t, projected, (name, value) -> {})
                                .square()
                                .mean();
                collector.backward(loss);
            }
            return optimizer.update(RATE, 0.5, 0.9, optimizer.gradientNorm());
        }

        @Override
        public void close() {
            optimizer.close();
            net.close();
        }
    }

    @Test
    void arrayOperationsAreTheOnePassOverMemory() {
        try (NDManager m = NDManager.newBaseManager();
                Trained pass = Trained.of(m, true);
                Trained arrays = Trained.of(m, false)) {
            float[] before = pass.optimizer.weights().get("net.mlp.0.weight").toFloats();
            for (int i = 0; i < 6; i++) {
                double norm = pass.update(i);
                assertTrue(norm > 0);
                assertEquals(norm, arrays.update(i), 1e-5 * norm);
            }
            // 1e-4 of what the updates may have moved a weight
            near(pass.optimizer.weights(), arrays.optimizer.weights(), 6e-4 * RATE);
            near(pass.optimizer.averages(), arrays.optimizer.averages(), 6e-4 * RATE);
            near(pass.optimizer.firstMoments(), arrays.optimizer.firstMoments(), 1e-6);
            near(pass.optimizer.secondMoments(), arrays.optimizer.secondMoments(), 1e-7);
            assertNotEquals(
                    before[0],
                    arrays.optimizer.weights().get("net.mlp.0.weight").toFloats()[0],
                    RATE / 2);
        }
    }

    @Test
    void momentsAndAverageGoFromOneWayToTheOther() {
        try (NDManager m = NDManager.newBaseManager();
                Trained arrays = Trained.of(m, false);
                Trained pass = Trained.of(m, true);
                Trained back = Trained.of(m, false)) {
            for (int i = 0; i < 3; i++) {
                arrays.update(i);
            }
            resume(pass.optimizer, arrays.optimizer);
            resume(back.optimizer, pass.optimizer);
            same(arrays.optimizer, back.optimizer);
            assertEquals(arrays.update(3), pass.update(3), 1e-6);
            near(pass.optimizer.weights(), arrays.optimizer.weights(), 1e-4 * RATE);
        }
    }

    @Test
    void whatWasCopiedFromADeviceStaysUntilItIsAskedForAgain() {
        try (NDManager m = NDManager.newBaseManager();
                Trained arrays = Trained.of(m, false)) {
            Map<String, TorchTensor> copied = arrays.optimizer.weights();
            float[] before = copied.get("net.mlp.0.weight").toFloats();
            arrays.update(0);
            assertArrayEquals(before, copied.get("net.mlp.0.weight").toFloats());
            float[] after = arrays.optimizer.weights().get("net.mlp.0.weight").toFloats();
            assertNotEquals(before[0], after[0]);
            assertArrayEquals(after, copied.get("net.mlp.0.weight").toFloats());
        }
    }

    private static void resume(AdamW to, AdamW from) {
        to.restore(from.weights());
        to.resume(from.firstMoments(), from.secondMoments(), from.updates());
        to.resumeAverage(from.averages());
    }

    private static void same(AdamW a, AdamW b) {
        near(a.weights(), b.weights(), 0);
        near(a.averages(), b.averages(), 0);
        near(a.firstMoments(), b.firstMoments(), 0);
        near(a.secondMoments(), b.secondMoments(), 0);
    }

    private static void near(Map<String, TorchTensor> a, Map<String, TorchTensor> b, double tolerance) {
        assertEquals(a.keySet(), b.keySet());
        a.forEach((name, tensor) ->
                assertArrayEquals(tensor.toFloats(), b.get(name).toFloats(), (float) tolerance, name));
    }
}
