package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchTensor;
import java.nio.FloatBuffer;
import java.util.Map;

/** Keeps values that are not finite out of every file that is read or written. */
final class FiniteTensors {
    private FiniteTensors() {}

    /** Requires finite tensors; the error names the first that holds NaN or infinity. */
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
