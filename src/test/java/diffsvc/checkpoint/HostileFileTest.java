package diffsvc.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.sun.management.ThreadMXBean;
import diffsvc.check.Problem;
import diffsvc.testing.Golden;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are broken or mean harm end in one sentence, soon, and without eating memory. */
class HostileFileTest {
    private static final long MOST_CPU_NANOS = 5_000_000_000L, MOST_BYTES = 300L << 20;

    /** Processor time and allocations of this thread: what the machine's other work does not change. */
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    Path folder;

    @Tag("conversion")
    @Test
    void twoThousandMutatedFiles() throws IOException {
        mutate(2000, 1);
    }

    @Tag("long")
    @Test
    void twentyThousandMutatedFiles() throws IOException {
        mutate(20000, 2);
    }

    /**
     * Half the mutants are damaged as bytes, half inside their pickle with the zip's checksums made right again, so
     * that the pickle reader meets them.
     */
    private void mutate(int count, long seed) throws IOException {
        List<byte[]> good = new ArrayList<>();
        for (String name :
                new String[] {"pickle/odd.pt", "pickle/odd_legacy.pt", "pickle/numpy_scalar.pt", "hubert/nested_tiny.pt"
                }) {
            good.add(Files.readAllBytes(Golden.FOLDER.resolve(name)));
        }
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        long slowest = 0;
        Path file = folder.resolve("mutant.pt");
        for (int i = 0; i < count; i++) {
            byte[] base = good.get(random.nextInt(good.size()));
            boolean inside = base[0] == 'P' && random.nextBoolean();
            byte[] bad;
            if (inside) {
                Map<String, byte[]> entries = unzip(Files.write(file, base));
                for (Map.Entry<String, byte[]> e : entries.entrySet()) {
                    if (e.getKey().endsWith("data.pkl")) {
                        e.setValue(damaged(e.getValue(), random));
                    }
                }
                bad = zip(entries);
            } else {
                bad = damaged(base, random);
            }
            Files.write(file, bad);
            long start = THREADS.getCurrentThreadCpuTime();
            try {
                touch(TorchFile.read(file));
            } catch (Problem expected) {
                refused++;
                assertTrue(expected.getMessage().contains("mutant.pt"), expected.getMessage());
            } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
                fail("mutant " + i + " of seed " + seed + " ended in " + e, e);
            }
            slowest = Math.max(slowest, THREADS.getCurrentThreadCpuTime() - start);
        }
        assertTrue(slowest < MOST_CPU_NANOS, "slowest " + slowest / 1e9 + " s");
        assertTrue(refused > count / 2, refused + " refused of " + count);
        System.out.printf("hostile files: %d mutants, %d refused, slowest %.3f s%n", count, refused, slowest / 1e9);
    }

    private static byte[] damaged(byte[] good, SplittableRandom random) {
        byte[] bad = good.clone();
        switch (random.nextInt(5)) {
            case 0 -> bad = Arrays.copyOf(bad, random.nextInt(bad.length));
            case 1 -> {
                for (int k = random.nextInt(4); k >= 0; k--) {
                    bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
                }
            }
            case 2 -> { // a length or a count that claims a lot
                int at = random.nextInt(Math.max(1, bad.length - 8)), n = 1 + random.nextInt(8);
                for (int k = at; k < Math.min(bad.length, at + n); k++) {
                    bad[k] = (byte) (random.nextBoolean() ? 0xff : 0x7f);
                }
            }
            case 3 -> { // a piece of it elsewhere
                int from = random.nextInt(bad.length),
                        to = random.nextInt(bad.length),
                        n = random.nextInt(Math.min(64, bad.length - Math.max(from, to)) + 1);
                System.arraycopy(good, from, bad, to, n);
            }
            default -> { // a byte more or fewer
                int at = random.nextInt(bad.length);
                boolean more = random.nextBoolean();
                byte[] other = new byte[bad.length + (more ? 1 : -1)];
                System.arraycopy(bad, 0, other, 0, at);
                System.arraycopy(
                        bad, at + (more ? 0 : 1), other, at + (more ? 1 : 0), bad.length - at - (more ? 0 : 1));
                bad = other;
            }
        }
        return bad;
    }

    private static void touch(Object value) {
        if (value instanceof TorchTensor t) {
            t.bytes();
        } else if (value instanceof Map<?, ?> map) {
            map.values().forEach(HostileFileTest::touch);
        } else if (value instanceof List<?> list) {
            list.forEach(HostileFileTest::touch);
        }
    }

    private static Map<String, byte[]> unzip(Path file) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (ZipEntry e : Collections.list(zip.entries())) {
                entries.put(e.getName(), zip.getInputStream(e).readAllBytes());
            }
        }
        return entries;
    }

    private static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> e : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(e.getKey());
                CRC32 crc = new CRC32();
                crc.update(e.getValue());
                entry.setMethod(ZipEntry.STORED);
                entry.setSize(e.getValue().length);
                entry.setCrc(crc.getValue());
                out.putNextEntry(entry);
                out.write(e.getValue());
                out.closeEntry();
            }
        }
        return bytes.toByteArray();
    }

    private Path pickle(String name, byte[] pickle) throws IOException {
        return Files.write(folder.resolve(name), zip(new LinkedHashMap<>(Map.of("archive/data.pkl", pickle))));
    }

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    private String refused(Path file) {
        long bytes = THREADS.getCurrentThreadAllocatedBytes(), start = THREADS.getCurrentThreadCpuTime();
        String said = assertThrows(Problem.class, () -> TorchFile.read(file), file.toString())
                .getMessage();
        long took = THREADS.getCurrentThreadCpuTime() - start, taken = THREADS.getCurrentThreadAllocatedBytes() - bytes;
        assertTrue(took < MOST_CPU_NANOS, "took " + took / 1e9 + " s");
        assertTrue(taken < MOST_BYTES, "took " + (taken >> 20) + " MiB");
        assertTrue(
                said.startsWith("checkpoint")
                        && said.contains(file.getFileName().toString()),
                said);
        return said;
    }

    @Test
    void aListInsideItselfIsRefused() throws IOException {
        assertTrue(refused(pickle("cycle.pt", bytes("\u0080\u0002]q\0h\0a."))).contains("holds itself"));
        assertTrue(refused(pickle("cycle2.pt", bytes("\u0080\u0002}q\0X\u0001\0\0\0ah\0s.")))
                .contains("holds itself"));
    }

    @Test
    void aValueThatUnfoldsWithoutEndIsRefused() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(bytes("\u0080\u0002]q\0"));
        for (int i = 0; i < 60; i++) { // each list holds the one before it twice: 2^60 when walked
            out.writeBytes(bytes("](h"));
            out.write(i);
            out.write('h');
            out.write(i);
            out.writeBytes(bytes("eq"));
            out.write(i + 1);
        }
        out.write('.');
        assertTrue(refused(pickle("laughs.pt", out.toByteArray())).contains("unfolds"));
    }

    @Test
    void tooManyInstructionsAreRefused() throws IOException {
        byte[] many = new byte[8 << 20];
        Arrays.fill(many, (byte) '}');
        for (int i = 1; i < many.length; i += 2) {
            many[i] = '0';
        }
        assertTrue(refused(pickle("many.pt", many)).contains("instructions"));
        Arrays.fill(many, (byte) '(');
        refused(pickle("marks.pt", many));
        Arrays.fill(many, (byte) ']');
        refused(pickle("lists.pt", many));
    }

    @Test
    void aTensorLargerThanItsStorageIsRefused() throws IOException {
        String tensor =
                "\u0080\u0002ctorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\nFloatStorage\nX\u0001\0\0\0%sX\u0003\0\0\0cpuK\u0004tQK\0%s%s\u0089ccollections\nOrderedDict\n)RtR.";
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("archive/data/0", new byte[16]);
        entries.put("archive/data.pkl", bytes(String.format(tensor, "0", "(K\u0004t", "(K\u0001t")));
        Path file = Files.write(folder.resolve("fits.pt"), zip(entries));
        assertEquals(4, ((TorchTensor) TorchFile.read(file)).size());
        String[][] views = {
            {"(K\u0005t", "(K\u0001t"},
            {"(J\u00ff\u00ff\u00ff\u007ft", "(K\0t"},
            {"(J\u00ff\u00ff\u00ff\u007fJ\u00ff\u00ff\u00ff\u007ft", "(K\0K\0t"},
            {"(K\u0002t", "(J\u00ff\u00ff\u00ff\u00fft"},
            {"(\u008a\u0008\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007ft", "(K\u0001t"},
            {"(K\u0001K\u0001t", "(K\u0001t"}
        };
        for (String[] v : views) {
            entries.put("archive/data.pkl", bytes(String.format(tensor, "0", v[0], v[1])));
            assertTrue(
                    refused(Files.write(folder.resolve("view.pt"), zip(entries)))
                            .contains("inside their storages"),
                    v[0] + v[1]);
        }
        entries.put("archive/data.pkl", bytes(String.format(tensor, "/", "(K\u0004t", "(K\u0001t")));
        assertTrue(refused(Files.write(folder.resolve("path.pt"), zip(entries))).contains("storages named by numbers"));
    }

    @Test
    void globalsOutsideTheListAreNamed() throws IOException {
        for (String name : new String[] {
            "os\nsystem",
            "builtins\neval",
            "torch\nload",
            "numpy.core.multiarray\n_reconstruct",
            "torch.storage\n_load_from_bytes",
            "torch.jit\nEvilStorageX"
        }) {
            assertTrue(refused(pickle("global.pt", bytes("\u0080\u0002c" + name + "\n.")))
                    .contains(name.replace('\n', '.')));
        }
    }

    @Test
    void aCompressedBombIsNotUnpacked() throws IOException {
        Path file = folder.resolve("bomb.pt");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
            out.putNextEntry(new ZipEntry("archive/data.pkl"));
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 512; i++) {
                out.write(zeros);
            }
            out.closeEntry();
        }
        assertTrue(Files.size(file) < 1 << 20);
        assertTrue(refused(file).contains("compressed"));
    }

    @Test
    void emptyTextAndForeignFilesAreToldApart() throws IOException {
        assertTrue(refused(Files.write(folder.resolve("empty.pt"), new byte[0])).contains("an empty file"));
        assertTrue(
                refused(Files.write(folder.resolve("text.pt"), bytes("hello"))).contains("another kind of file"));
        assertTrue(
                refused(Files.write(folder.resolve("zip.pt"), zip(new LinkedHashMap<>(Map.of("a.txt", new byte[3])))))
                        .contains("data.pkl"));
        assertTrue(refused(Files.write(folder.resolve("pickle.pt"), bytes("\u0080\u0002K\u0001.")))
                .contains("pickle.pt"));
    }
}
