package diffsvc.platform;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;
import diffsvc.check.Problem;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/** The threads of the engine. */
public final class EngineThreads {
    private static final int MOST_A_CORE = 4;

    private EngineThreads() {}

    /**
     * Checks a number of threads: more than a few per core only wait for one another.
     *
     * @param name of the option or key
     * @param least 0 where 0 means all cores, else 1
     */
    public static void require(String name, int threads, int least) {
        int most = MOST_A_CORE * Runtime.getRuntime().availableProcessors();
        if (threads < least || threads > most) {
            throw Problem.in(
                    "options",
                    name + " from " + least + " to " + most + ", four per core",
                    String.valueOf(threads),
                    "leave it out to use all cores");
        }
    }

    /** Uses so many threads; 0 keeps all cores. To be called before the engine's first operation. */
    public static void use(int threads) {
        if (threads > 0) {
            System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(threads));
            Engine.getInstance();
            JniUtils.setNumThreads(threads);
        }
    }

    /** The threads in use; starts the engine. */
    public static int count() {
        Engine.getInstance();
        return JniUtils.getNumThreads();
    }

    /**
     * Runs Java code for 0 up to, not including, {@code end}, on all cores unless the engine has one thread. The calls
     * must not depend on each other.
     */
    public static void forEach(int end, IntConsumer work) {
        IntStream all = IntStream.range(0, end);
        (count() == 1 ? all : all.parallel()).forEach(work);
    }
}
