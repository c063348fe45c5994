package diffsvc.platform;

import ai.djl.engine.Engine;
import java.util.List;
import java.util.stream.Collectors;

/** The engine on this machine's processor: what decides how fast and how right it computes there. */
public final class CpuEngine {
    /** Variables that choose the engine's libraries, or the instruction sets that they use. */
    private static final List<String> VARIABLES =
            List.of("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "PYTORCH_LIBRARY_PATH");

    private CpuEngine() {}

    /**
     * Names processor, engine, threads and the variables of the environment that choose instruction sets, on one line:
     * what is measured under one key holds wherever the key is the same. Empty where the processor is not known.
     */
    public static String key() {
        return key(Processor.identity());
    }

    static String key(String processor) {
        if (processor.isEmpty()) {
            return "";
        }
        Engine engine = Engine.getInstance();
        String set = VARIABLES.stream()
                .map(name -> name + "=" + System.getenv().getOrDefault(name, ""))
                .collect(Collectors.joining(", "));
        return (engine.getEngineName() + " " + engine.getVersion() + ", " + EngineThreads.count() + " threads, " + set
                        + ", " + processor)
                .replaceAll("\\p{Cntrl}", "?");
    }
}
