package diffsvc.evaluate.quality;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import diffsvc.check.Problem;
import diffsvc.platform.EngineThreads;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Map;

/**
 * One ONNX file in ONNX Runtime, on the CPU. No other class names one of ONNX Runtime's, so that the judges load where
 * its jar is absent; the JVM resolves those names when this class is first used.
 */
final class OnnxModel implements AutoCloseable {
    private static final String AGAIN = "remove it, then ./diffsvc weights judges fetches it again";

    private final Path file;
    private final OrtEnvironment environment;
    private final OrtSession session;
    private final String input;
    /** The input outside the Java heap, kept for the next call: the collector is slow to free such memory. */
    private FloatBuffer given = FloatBuffer.allocate(0);

    private OnnxModel(Path file, OrtEnvironment environment, OrtSession session) {
        this.file = file;
        this.environment = environment;
        this.session = session;
        input = session.getInputNames().iterator().next();
    }

    /**
     * Opens a file of one input, with as many threads as the engine has.
     *
     * @throws Problem when ONNX Runtime does not run on this machine, or does not read the file
     */
    static OnnxModel open(Path file) {
        OrtEnvironment environment = environment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(EngineThreads.count());
            // a thread that waits sleeps, as the engine's do: it would take the processor from other programs
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            return new OnnxModel(file, environment, environment.createSession(file.toString(), options));
        } catch (OrtException e) {
            throw Problem.in(
                    "evaluate", file, "a model that ONNX Runtime reads", String.valueOf(e.getMessage()), AGAIN);
        }
    }

    /** Loads the native libraries, which the jar holds for some systems and unpacks to the temporary folder. */
    private static OrtEnvironment environment() {
        try {
            return OrtEnvironment.getEnvironment();
        } catch (RuntimeException | LinkageError e) {
            throw Problem.in(
                    "evaluate",
                    "a system that ONNX Runtime's native libraries run on",
                    String.valueOf(e.getCause() == null ? e : e.getCause()),
                    "leave the judge out");
        }
    }

    /**
     * The values of the first output.
     *
     * @param values of the one input, in C order
     * @param shape of the input
     */
    float[] run(float[] values, long... shape) {
        if (given.capacity() != values.length) {
            given = ByteBuffer.allocateDirect(Float.BYTES * values.length)
                    .order(ByteOrder.nativeOrder())
                    .asFloatBuffer();
        }
        given.clear().put(values).flip();
        try (OnnxTensor tensor = OnnxTensor.createTensor(environment, given, shape);
                OrtSession.Result result = session.run(Map.of(input, tensor))) {
            FloatBuffer out = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] copy = new float[out.remaining()];
            out.get(copy);
            return copy;
        } catch (OrtException e) {
            throw Problem.in("evaluate", file, "a model that takes " + input, String.valueOf(e.getMessage()), AGAIN);
        }
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException(e); // only for a session that was closed before
        }
    }
}
