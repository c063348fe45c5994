package diffsvc.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sizes as people write them, limits as the system keeps them, and what a process takes. */
class ProcessMemoryTest {
    @TempDir Path root;

    @ParameterizedTest @CsvSource({"6GiB,6442450944", "800MiB,838860800", "12 GiB,12884901888", "1.5g,1610612736", "500M,524288000", "2GB,2000000000", "100 kB,100000", "4096,4096", "7B,7"})
    void sizes(String text, long bytes) {
        assertEquals(bytes, ProcessMemory.parse(text));
    }

    @ParameterizedTest @ValueSource(strings = {"", "much", "-3GiB", "3 PiB", "1,5GiB"})
    void noSizes(String text) {
        assertTrue(assertThrows(Problem.class, () -> ProcessMemory.parse(text)).getMessage().contains("6GiB"));
    }

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test void theLeastLimitAroundTheProcessCounts() throws IOException {
        file("proc/meminfo", "MemTotal:       16000000 kB\nMemFree: 1 kB\n");
        assertEquals(16000000L * 1024, ProcessMemory.limit(root), "no control group");
        file("proc/self/cgroup", "0::/user.slice/job\n");
        file("sys/fs/cgroup/user.slice/job/memory.max", "max\n");
        assertEquals(16000000L * 1024, ProcessMemory.limit(root));
        file("sys/fs/cgroup/user.slice/memory.max", "3221225472\n");
        assertEquals(3221225472L, ProcessMemory.limit(root), "the group around it");
        file("sys/fs/cgroup/user.slice/job/memory.max", "1073741824\n");
        assertEquals(1073741824L, ProcessMemory.limit(root));
        file("proc/self/cgroup", "7:cpu:/a\n5:memory:/box\n");
        file("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "536870912\n");
        assertEquals(536870912L, ProcessMemory.limit(root), "version 1");
    }

    /** In a process of its own: here other tests' garbage comes and goes. */
    @Test void whatIsTouchedIsResident() throws Exception {
        Process p = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx64m", "-XX:MaxDirectMemorySize=300m", "-cp",
                System.getProperty("java.class.path"), ProcessMemoryTest.class.getName()).redirectErrorStream(true).start();
        String[] said = new String(p.getInputStream().readAllBytes()).trim().split(" ");
        assertEquals(0, p.waitFor(), String.join(" ", said));
        long before = Long.parseLong(said[0]), after = Long.parseLong(said[1]), peak = Long.parseLong(said[2]), limit = Long.parseLong(said[3]);
        assertEquals(200, (after - before) >> 20, 20, "MiB touched");
        assertTrue(peak >= after - (1 << 20) && limit > 1L << 30, String.join(" ", said));
    }

    /** Touches 200 MiB; prints what was resident before and after, the peak, and the limit. */
    public static void main(String[] args) {
        long before = ProcessMemory.resident();
        ByteBuffer b = ByteBuffer.allocateDirect(200 << 20);
        for (int i = 0; i < b.capacity(); i += 4096) {
            b.put(i, (byte) 1);
        }
        System.out.println(before + " " + ProcessMemory.resident() + " " + ProcessMemory.peak() + " " + ProcessMemory.limit() + (b.get(4096) == 1 ? "" : " lost"));
    }

    /** Other tests have been in this process: what the collector frees of theirs meanwhile hides a rise, so the best of a few tries counts. */
    @Test void whatWorksIsWatchedAtItsHighest() {
        long most = 0, least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            most = Math.max(most, ProcessMemory.risenBy(() -> {
                ByteBuffer block = ByteBuffer.allocateDirect(96 << 20);
                for (int k = 0; k < block.capacity(); k += 4096) {
                    block.put(k, (byte) 1);
                }
            }));
            least = Math.min(least, ProcessMemory.risenBy(() -> { }));
        }
        assertTrue(most > 80L << 20 && most < 300L << 20, ProcessMemory.shown(most));
        assertTrue(least < 16L << 20, "nothing rises by nothing: " + ProcessMemory.shown(least));
    }
}
