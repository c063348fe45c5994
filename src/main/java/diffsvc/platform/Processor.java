package diffsvc.platform;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Instruction sets of the processor, on which the engine's speed depends; from /proc/cpuinfo, so on Linux only. */
public final class Processor {
    private static final Path INFO = Path.of("/proc/cpuinfo");
    private static final List<String> WITH_BFLOAT16 =
            List.of("ALL", "DEFAULT", "AVX512_CORE_BF16", "AVX512_CORE_FP16", "AVX512_CORE_AMX", "AVX10_1_512");

    /** What /proc/cpuinfo calls it on x86, then on ARM. */
    private static final List<String> IDENTITY = List.of(
            "vendor_id",
            "cpu family",
            "model",
            "model name",
            "stepping",
            "flags",
            "CPU implementer",
            "CPU architecture",
            "CPU variant",
            "CPU part",
            "CPU revision",
            "Features");

    private Processor() {}

    /** Names of the instruction sets, "avx2" for instance; empty where the system does not list them. */
    public static List<String> flags() {
        return first().stream()
                .filter(line -> line.startsWith("flags"))
                .findFirst()
                .map(line -> List.of(line.split("\\s+")))
                .orElse(List.of());
    }

    /**
     * Which processor it is: maker, family, model, name, stepping and instruction sets, on one line; empty where the
     * system does not say.
     */
    public static String identity() {
        return identity(first());
    }

    static String identity(List<String> info) {
        Map<String, String> values = new HashMap<>();
        for (String line : info) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                values.put(
                        line.substring(0, colon).strip(),
                        line.substring(colon + 1).strip());
            }
        }
        return IDENTITY.stream()
                .map(name -> values.getOrDefault(name, ""))
                .filter(value -> !value.isEmpty())
                .collect(Collectors.joining(" "));
    }

    /** The lines about the first processor; the others are alike. */
    private static List<String> first() {
        try (BufferedReader in = Files.newBufferedReader(INFO)) {
            return in.lines().takeWhile(line -> !line.isBlank()).toList();
        } catch (IOException | UncheckedIOException e) {
            return List.of();
        }
    }

    /**
     * Whether the processor multiplies bfloat16 (AVX-512 BF16 or AMX), so that the engine may gain by it; false where
     * the environment variable ONEDNN_MAX_CPU_ISA names an instruction set without it.
     */
    public static boolean multipliesBfloat16() {
        return multipliesBfloat16(flags(), mostIsa());
    }

    /**
     * The environment variable ONEDNN_MAX_CPU_ISA, which limits the engine's instruction sets; "" where it is not set.
     */
    public static String mostIsa() {
        return System.getenv().getOrDefault("ONEDNN_MAX_CPU_ISA", "");
    }

    static boolean multipliesBfloat16(List<String> flags, String mostIsa) {
        boolean allowed = mostIsa.isEmpty() || WITH_BFLOAT16.stream().anyMatch(mostIsa::startsWith);
        return allowed && (flags.contains("avx512_bf16") || flags.contains("amx_bf16"));
    }
}
