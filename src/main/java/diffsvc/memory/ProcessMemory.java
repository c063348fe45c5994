package diffsvc.memory;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What this process takes and what the machine has, in bytes; from /proc and the control group, so on Linux only: -1 elsewhere. */
public final class ProcessMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Pattern SIZE = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*([KMGT]?)(i?)B?", Pattern.CASE_INSENSITIVE);

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

    /** Begins {@link #peak} anew; false where the system does not allow it. */
    public static boolean forgetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** What this process may take: the control group's limit (version 2, then 1), else the machine's memory. */
    public static long limit() {
        long least = Long.MAX_VALUE;
        for (String file : new String[] {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
            try {
                String text = Files.readString(Path.of(file)).trim();
                if (text.matches("\\d+")) {
                    least = Math.min(least, Long.parseLong(text));
                }
            } catch (IOException | NumberFormatException e) {
                // no such control group
            }
        }
        long machine = line(Path.of("/proc/meminfo"), "MemTotal:");
        return machine < 0 ? (least == Long.MAX_VALUE ? -1 : least) : Math.min(least, machine);
    }

    /** "6GiB", "800M", "12 GB" as bytes; i = powers of 1024, without it powers of 1000; a lone K, M, G counts as binary, as in Java's options. */
    public static long parse(String text) {
        Matcher m = SIZE.matcher(text.trim());
        if (!m.matches()) {
            throw Problem.in("memory", "a size like 6GiB or 800MiB", text, "write a number and a unit");
        }
        boolean decimal = m.group(3).isEmpty() && text.trim().toUpperCase().endsWith("B") && !m.group(2).isEmpty();
        int power = "KMGT".indexOf(m.group(2).toUpperCase()) + 1;
        if (m.group(2).isEmpty()) {
            power = 0;
        }
        return Math.round(Double.parseDouble(m.group(1)) * Math.pow(decimal ? 1000 : 1024, power));
    }

    /** Bytes for people: MiB below 10 GiB, else GiB. */
    public static String shown(long bytes) {
        double mib = bytes / 1048576.0;
        return mib < 10240 ? String.format(java.util.Locale.ROOT, "%.0f MiB", mib) : String.format(java.util.Locale.ROOT, "%.1f GiB", mib / 1024);
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
