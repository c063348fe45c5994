package diffsvc.diffusion.wavenet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import diffsvc.hparams.Precision;
import diffsvc.platform.EngineLock;
import diffsvc.tensor.Rounding;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The pass of training against the network operation by operation: prediction, and the gradient of every parameter. */
class WaveNetPassTest {
    private static final WaveNet.Sizes SIZES = new WaveNet.Sizes(16, 32, 24, 5, 4);

    @ParameterizedTest
    @CsvSource({"FLOAT32,1e-5", "BFLOAT16,5e-2"})
    void predictionAndGradientsAreTheNetworks(Precision precision, double tolerance) {
        try (EngineLock lock = EngineLock.take("test");
                NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, SIZES, 1);
                WaveNetPass pass = WaveNetPass.of(m, net, precision)) {
            Map<String, NDArray> want = gradients(m, net, null), got = gradients(m, net, pass);
            assertEquals(WaveNet.table(SIZES).size() + 2, want.size());
            want.forEach((name, w) -> assertTrue(w.abs().max().getFloat() > 0, name));
            want.forEach((name, w) -> {
                double apart = w.sub(got.get(name)).norm().getFloat(),
                        scale = w.norm().getFloat();
                assertEquals(0, apart, tolerance * scale, name);
            });
            assertEquals(
                    precision == Precision.FLOAT32,
                    Rounding.isNear(want.get("prediction"), got.get("prediction"))
                            && want.get("prediction")
                                            .sub(got.get("prediction"))
                                            .abs()
                                            .max()
                                            .getFloat()
                                    < 1e-5,
                    "a narrow precision rounds");
        }
    }

    /** Prediction, and gradients of the mean square by parameter, and of the condition. */
    private static Map<String, NDArray> gradients(NDManager m, WaveNet net, WaveNetPass pass) {
        NDArray spec = Rounding.noise(m, new Shape(2, 1, 16, 70)),
                cond = Rounding.noise(m, new Shape(2, 24, 70)),
                step = m.create(new float[] {700.5f, 3}).toType(DataType.FLOAT32, false);
        Map<String, NDArray> leaves = new LinkedHashMap<>(), gradients = new LinkedHashMap<>();
        net.weights().all().forEach((name, array) -> leaves.put(name, array.stopGradient()));
        leaves.put("cond", cond.stopGradient());
        leaves.values().forEach(leaf -> leaf.setRequiresGradient(true));
        leaves.forEach((name, leaf) -> {
            if (!name.equals("cond")) {
                net.weights().lend(name, leaf);
            }
        });
        try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray given = leaves.get("cond");
            NDArray eps = pass == null
                    ? net.walk(spec, step, net.project(given), (name, value) -> {})
                    : pass.predict(spec, step, given);
            gradients.put("prediction", eps.stopGradient());
            collector.backward(eps.square().mean());
        }
        leaves.forEach((name, leaf) -> gradients.put(name, leaf.getGradient()));
        net.weights().all().keySet().forEach(name -> net.weights().lend(name, null));
        return gradients;
    }
}
