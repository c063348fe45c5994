package diffsvc.platform;

import com.sun.jna.Function;
import com.sun.jna.NativeLong;
import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Memory that this process takes and may take, in bytes; from /proc and the control groups, so on Linux only: -1
 * elsewhere.
 *
 * <p>{@code com.sun.management.OperatingSystemMXBean.getTotalMemorySize()} is not used for {@link #limit}: it answers
 * the same in nested groups of version 1 (it reads memory.stat's hierarchical_memory_limit, uncached), but in nested
 * groups of version 2 the bean of JDK 17 reads memory.max of the innermost group only. With the limit on the group
 * around it (a systemd slice, a job's group), it returned the whole machine's memory.
 */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Pattern SIZE =
            Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*([KMGT]?)(i?)B?", Pattern.CASE_INSENSITIVE);

    /** No process works with less, no machine has more. */
    private static final long LEAST = 16 << 20, MOST = 1L << 50;

    private ProcessMemory() {}

    /** Resident now (VmRSS). */
    public static long resident() {
        return status("VmRSS:");
    }

    /** The most that was ever resident (VmHWM), or since {@link #forgetPeak}. */
    public static long peak() {
        return status("VmHWM:");
    }

    /** Anonymous resident memory (RssAnon): without mapped files. */
    public static long anonymous() {
        return status("RssAnon:");
    }

    /**
     * Gives free gaps between native blocks back to the system (glibc's malloc_trim(0)). The engine's arrays come and
     * go in thousands of sizes, and the gaps they leave would stay resident.
     *
     * @return whether anything went back; false without {@link Reach#ALLOCATOR}
     */
    public static boolean release() {
        return Reach.ALLOCATOR.works() && trim();
    }

    /** malloc_trim itself; throws UnsatisfiedLinkError where the C library has none. */
    static boolean trim() {
        return Function.getFunction("c", "malloc_trim").invokeInt(new Object[] {new NativeLong(0)}) == 1;
    }

    /** "glibc 2.36"; throws UnsatisfiedLinkError for another C library. */
    static String libraryVersion() {
        return "glibc " + Function.getFunction("c", "gnu_get_libc_version").invokeString(new Object[0], false);
    }

    /**
     * Resets {@link #peak} to what is resident now.
     *
     * @return false where the system does not allow it
     */
    public static boolean forgetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * How far the resident memory rises, at its highest, while {@code work} runs. What earlier work freed goes back to
     * the system first ({@link #release}); otherwise the allocator would use it again, and nothing would rise. Memory
     * that other threads take meanwhile counts too.
     *
     * @return bytes; 0 where the system gives no figures
     */
    public static long risenBy(Runnable work) {
        release();
        forgetPeak();
        long before = resident();
        work.run();
        return Math.max(0, peak() - before);
    }

    /**
     * What this process may take: the least limit of its control group and those around it (version 2 or 1), and of the
     * machine's memory.
     */
    public static long limit() {
        return limit(Path.of("/"));
    }

    static long limit(Path root) {
        long least = Long.MAX_VALUE, machine = line(root.resolve("proc/meminfo"), "MemTotal:");
        for (Path folder : groups(root)) {
            for (String file : new String[] {"memory.max", "memory.limit_in_bytes"}) {
                try {
                    String text = Files.readString(folder.resolve(file)).trim();
                    if (text.matches("\\d{1,18}")) { // "max" is none
                        least = Math.min(least, Long.parseLong(text));
                    }
                } catch (IOException e) {
                    // no such control group
                }
            }
        }
        return machine < 0 ? (least == Long.MAX_VALUE ? -1 : least) : Math.min(least, machine);
    }

    /** The process's own control group and those around it. */
    private static List<Path> groups(Path root) {
        List<Path> folders = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(root.resolve("proc/self/cgroup"))) { // 0::/path, or 5:memory:/path
                String[] parts = line.split(":", 3);
                if (parts.length == 3
                        && (parts[1].isEmpty() || List.of(parts[1].split(",")).contains("memory"))) {
                    Path mount = root.resolve(parts[1].isEmpty() ? "sys/fs/cgroup" : "sys/fs/cgroup/memory");
                    for (Path p = mount.resolve(parts[2].replaceFirst("^/+", ""))
                                    .normalize();
                            p.startsWith(mount);
                            p = p.getParent()) {
                        folders.add(p);
                    }
                }
            }
        } catch (IOException e) {
            // not Linux
        }
        return folders;
    }

    /**
     * "6GiB", "800M", "12 GB" as bytes. With i: powers of 1024; without: powers of 1000; a lone K, M, G, T is binary,
     * as in Java's options.
     *
     * @throws Problem for anything else
     */
    public static long parse(String text) {
        Matcher m = SIZE.matcher(text.trim());
        if (!m.matches()) {
            throw Problem.in("memory", "a size like 6GiB or 800MiB", text, "write a number and a unit");
        }
        boolean decimal = m.group(3).isEmpty()
                && text.trim().toUpperCase().endsWith("B")
                && !m.group(2).isEmpty();
        int power = "KMGT".indexOf(m.group(2).toUpperCase()) + 1;
        if (m.group(2).isEmpty()) {
            power = 0;
        }
        return Math.round(Double.parseDouble(m.group(1)) * Math.pow(decimal ? 1000 : 1024, power));
    }

    /**
     * The same for a limit of the whole process (--max-memory).
     *
     * @throws Problem below 16 MiB or above 1024 TiB
     */
    public static long asked(String text) {
        long bytes = parse(text);
        if (bytes < LEAST || bytes > MOST) {
            throw Problem.in(
                    "memory",
                    "--max-memory from " + shown(LEAST) + " to " + (MOST >> 40) + " TiB",
                    text,
                    "write for instance 6GiB, or leave it out for what the machine has");
        }
        return bytes;
    }

    /** "735 MiB" below 10 GiB, else "12.5 GiB". */
    public static String shown(long bytes) {
        double mib = bytes / 1048576.0;
        return mib < 10240
                ? String.format(Locale.ROOT, "%.0f MiB", mib)
                : String.format(Locale.ROOT, "%.1f GiB", mib / 1024);
    }

    private static long status(String key) {
        return line(STATUS, key);
    }

    private static long line(Path file, String key) {
        try {
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith(key)) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
                }
            }
        } catch (IOException e) {
            // not Linux
        }
        return -1;
    }
}
