package diffsvc.diffusion.wavenet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.hparams.Precision;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WaveNetScriptTest {
    @ParameterizedTest
    @CsvSource({"FLOAT32,2e-6", "BFLOAT16,2e-2"})
    void theScriptIsTheNetwork(Precision precision, double tolerance) {
        WaveNet.Sizes sizes = new WaveNet.Sizes(16, 32, 24, 5, 4);
        try (NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, sizes, 1);
                WaveNetScript script = WaveNetScript.of(m, net, precision)) {
            NDArray spec = m.randomNormal(new Shape(2, 1, 16, 70)), cond = m.randomNormal(new Shape(2, 24, 70));
            NDArray want = net.given(cond).at(spec, 700.5),
                    got = script.given(cond).at(spec, 700.5);
            double apart = got.sub(want).abs().max().getFloat(),
                    scale = want.abs().max().getFloat();
            assertEquals(0, apart, tolerance * scale);
        }
    }
}
