package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchTensor;
import java.nio.FloatBuffer;
import java.util.Map;

/** Weights that are no numbers come out of no file and go into none. */
final class FiniteTensors {
    private FiniteTensors() {}

    /** Names the first tensor that holds NaN or infinity. */
    static void require(String what, Map<String, TorchTensor> tensors, String remedy) {
        tensors.forEach((name, t) -> {
            FloatBuffer values =
                    t.type() == TorchTensor.Type.FLOAT ? t.bytes().asFloatBuffer() : FloatBuffer.wrap(t.toFloats());
            while (values.hasRemaining()) {
                float v = values.get();
                if (!Float.isFinite(v)) {
                    throw Problem.in("train", "finite " + what, v + " in " + name, remedy);
                }
            }
        });
    }
}
