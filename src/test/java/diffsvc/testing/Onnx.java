package diffsvc.testing;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import diffsvc.checkpoint.OnnxFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** A graph in ONNX Runtime. */
public final class Onnx implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    public Onnx(OnnxFile file) {
        this(bytes(file));
    }

    public Onnx(byte[] model) {
        try {
            session = environment.createSession(model, new OrtSession.SessionOptions());
        } catch (OrtException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] bytes(OnnxFile file) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            file.write(out);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return out.toByteArray();
    }

    /** The outputs by name; the given arrays must be exactly the graph's inputs. */
    public Map<String, NDArray> run(NDManager owner, Map<String, NDArray> inputs) {
        Map<String, OnnxTensor> given = new HashMap<>();
        try {
            for (Map.Entry<String, NDArray> e : inputs.entrySet()) {
                given.put(e.getKey(), tensor(e.getValue()));
            }
            Map<String, NDArray> made = new LinkedHashMap<>();
            try (OrtSession.Result result = session.run(given)) {
                result.forEach(e -> {
                    OnnxTensor t = (OnnxTensor) e.getValue();
                    float[] values = new float[t.getFloatBuffer().remaining()];
                    t.getFloatBuffer().get(values);
                    made.put(
                            e.getKey(),
                            owner.create(values, new Shape(t.getInfo().getShape())));
                });
            }
            return made;
        } catch (OrtException e) {
            throw new AssertionError(e);
        } finally {
            given.values().forEach(OnnxTensor::close);
        }
    }

    private OnnxTensor tensor(NDArray a) throws OrtException {
        long[] shape = a.getShape().getShape();
        return a.getDataType() == DataType.INT64
                ? OnnxTensor.createTensor(environment, LongBuffer.wrap(a.toLongArray()), shape)
                : OnnxTensor.createTensor(environment, FloatBuffer.wrap(a.toFloatArray()), shape);
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new AssertionError(e);
        }
    }
}
