package diffsvc.testing;

import java.util.Map;

/** The settings that the launcher gives glibc, for child processes that tests start without it. */
public final class Allocator {
    /** Blocks are kept: train, memory, bench. */
    public static final Map<String, String> KEEPS = Map.of(
            "MALLOC_MMAP_THRESHOLD_", "67108864", "MALLOC_TRIM_THRESHOLD_", "4294967296", "MALLOC_ARENA_MAX", "1");
    /** Big blocks come from the system and go back to it: infer, again, JShell, the kernel. */
    public static final Map<String, String> LEVEL = Map.of(
            "MALLOC_MMAP_THRESHOLD_",
            "4194304",
            "MALLOC_TRIM_THRESHOLD_",
            "67108864",
            "MALLOC_ARENA_MAX",
            "1",
            "GLIBC_TUNABLES",
            "glibc.malloc.hugetlb=1");

    private Allocator() {}
}
