package diffsvc.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Instruction sets of the processor, on which the engine's speed depends; from /proc/cpuinfo, so on Linux only. */
public final class Processor {
    private static final Path INFO = Path.of("/proc/cpuinfo");
    private static final List<String> WITH_BFLOAT16 =
            List.of("ALL", "DEFAULT", "AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX10_1_512");

    private Processor() {}

    /** Names of the instruction sets, "avx2" for instance; empty where the system does not list them. */
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
     * Whether the processor multiplies bfloat16 (AVX-512 BF16 or AMX), so that the engine gains by it; false where the
     * environment variable ONEDNN_MAX_CPU_ISA names an instruction set without it.
     */
    public static boolean multipliesBfloat16() {
        return multipliesBfloat16(flags(), System.getenv().getOrDefault("ONEDNN_MAX_CPU_ISA", ""));
    }

    static boolean multipliesBfloat16(List<String> flags, String mostIsa) {
        boolean allowed = mostIsa.isEmpty() || WITH_BFLOAT16.stream().anyMatch(mostIsa::startsWith);
        return allowed && (flags.contains("avx512_bf16") || flags.contains("amx_bf16"));
    }
}
