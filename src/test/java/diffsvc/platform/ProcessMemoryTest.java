package diffsvc.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jna.Memory;
import diffsvc.check.Problem;
import diffsvc.testing.Allocator;
import diffsvc.testing.Alone;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sizes as people write them, limits as the system keeps them, and what a process takes. */
class ProcessMemoryTest {
    @TempDir
    Path root;

    @ParameterizedTest
    @CsvSource({
        "6GiB,6442450944",
        "800MiB,838860800",
        "12 GiB,12884901888",
        "1.5g,1610612736",
        "500M,524288000",
        "2GB,2000000000",
        "100 kB,100000",
        "4096,4096",
        "7B,7"
    })
    void sizes(String text, long bytes) {
        assertEquals(bytes, ProcessMemory.parse(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "much", "-3GiB", "3 PiB", "1,5GiB"})
    void noSizes(String text) {
        assertTrue(assertThrows(Problem.class, () -> ProcessMemory.parse(text))
                .getMessage()
                .contains("6GiB"));
    }

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void theLeastLimitAroundTheProcessCounts() throws IOException {
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

    @Tag("memory")
    @Test
    void whatIsTouchedIsResident() throws Exception {
        long[] said = alone("resident");
        assertEquals(200, (said[1] - said[0]) >> 20, 20, "MiB touched");
        assertTrue(said[2] >= said[1] - (1 << 20) && said[3] > 1L << 30, Arrays.toString(said));
    }

    @Tag("memory")
    @Test
    void whatWorksIsWatchedAtItsHighest() throws Exception {
        long[] said = alone("risen");
        assertEquals(96, said[0] >> 20, 12, "MiB touched");
        assertEquals(0, said[1] >> 20, 12, "MiB by nothing");
        assertEquals(96, said[2] >> 20, 12, "MiB touched where 240 MiB were freed before");
        assertEquals(96, said[3] >> 20, 12, "MiB touched and freed within the work");
    }

    /**
     * What main prints in a process of its own: here other tests' garbage comes and goes. One arena, as the launcher
     * has it: what is freed stays at hand.
     */
    private static long[] alone(String what) throws Exception {
        String said = Alone.run(
                ProcessMemoryTest.class, Allocator.KEEPS, List.of("-Xmx64m", "-XX:MaxDirectMemorySize=500m"), what);
        return Stream.of(said.split(" ")).mapToLong(Long::parseLong).toArray();
    }

    /**
     * "resident": what was resident before 200 MiB were touched and after, the peak, and the limit. "risen": four
     * rises, see above.
     */
    public static void main(String[] args) {
        if (args[0].equals("resident")) {
            long before = ProcessMemory.resident();
            ByteBuffer b = touched(200);
            System.out.println(before + " " + ProcessMemory.resident() + " " + ProcessMemory.peak() + " "
                    + ProcessMemory.limit() + (b.get(4096) == 1 ? "" : " lost"));
            return;
        }
        List<ByteBuffer> kept = new ArrayList<>();
        long fresh = ProcessMemory.risenBy(() -> kept.add(touched(96))), nothing = ProcessMemory.risenBy(() -> {});
        blocks().forEach(Memory::close);
        long after = ProcessMemory.risenBy(() -> kept.add(touched(96)));
        long within = ProcessMemory.risenBy(() -> {
            try (Memory m = new Memory(96 << 20)) {
                m.clear();
            }
        });
        System.out.println(fresh + " " + nothing + " " + after + " " + within);
    }

    private static ByteBuffer touched(int mib) {
        ByteBuffer b = ByteBuffer.allocateDirect(mib << 20);
        for (int i = 0; i < b.capacity(); i += 4096) {
            b.put(i, (byte) 1);
        }
        return b;
    }

    /** Some 240 MiB in blocks below the allocator's threshold, which it keeps when they are freed. */
    private static List<Memory> blocks() {
        List<Memory> blocks = new ArrayList<>();
        for (int i = 0; i < 4096; i++) {
            Memory m = new Memory(60 << 10);
            m.clear();
            blocks.add(m);
        }
        return blocks;
    }
}
