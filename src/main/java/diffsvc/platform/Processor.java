package diffsvc.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the processor can do, as far as the engine's memory depends on it; from /proc/cpuinfo, so on Linux only. */
public final class Processor {
    private static final Path INFO = Path.of("/proc/cpuinfo");
    private static final List<String> NARROW = List.of("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2");

    private Processor() {}

    /**
     * The instruction sets it names, "avx2" for instance.
     *
     * @return empty where the system does not tell
     */
    public static List<String> flags() {
        try {
            return Files.isReadable(INFO)
                    ? Files.readAllLines(INFO).stream()
                            .filter(line -> line.startsWith("flags"))
                            .findFirst()
                            .map(line -> List.of(line.split("\\s+")))
                            .orElse(List.of())
                    : List.of();
        } catch (IOException e) {
            return List.of();
        }
    }

    /**
     * Whether the engine's convolutions work on 16 floats at once (AVX-512), and so in a layout of their own.
     *
     * @return false where the environment's ONEDNN_MAX_CPU_ISA forbids it
     */
    public static boolean isWide() {
        return flags().contains("avx512f") && !NARROW.contains(System.getenv().getOrDefault("ONEDNN_MAX_CPU_ISA", ""));
    }
}
