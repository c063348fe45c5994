package diffsvc.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.testing.Npy;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NumPy's files: every type that may come, and none that would end the process. */
class NpzTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        try (NDManager m = NDManager.newBaseManager()) {
            Map<String, NDArray> values = new LinkedHashMap<>();
            values.put("mel_in", m.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3)));
            values.put("mel2ph", m.create(new long[] {1, 1, 2}, new Shape(1, 3)));
            values.put("wide", m.create(new double[] {Math.PI}));
            values.put("ids", m.create(new int[] {-7, 7}));
            values.put("none", m.create(new float[0], new Shape(0, 4)));
            Path file = Npz.write("trace", folder.resolve("값.npz"), values);
            Map<String, NDArray> back = Npz.read(m, "trace", file);
            assertEquals(
                    values.keySet().stream().toList(), back.keySet().stream().toList());
            values.forEach((name, value) -> {
                assertEquals(value.getShape(), back.get(name).getShape());
                assertEquals(value.getDataType(), back.get(name).getDataType());
                assertArrayEquals(
                        value.toByteBuffer().array(),
                        back.get(name).toByteBuffer().array());
            });
            byte[] once = Files.readAllBytes(file);
            assertArrayEquals(
                    once, Files.readAllBytes(Npz.write("trace", file, values)), "the same values, the same bytes");
        }
    }

    private Path npy(String descr, String shape, byte[] data) throws IOException {
        return Npy.write(folder.resolve("a.npy"), descr, shape, data);
    }

    @Test
    void smallIntegersAndFlagsBecomeInt32() throws IOException {
        try (NDManager m = NDManager.newBaseManager()) {
            for (String type : new String[] {"<i2", "<u2", "|i1", "|u1", "|b1"}) {
                int width = type.endsWith("2") ? 2 : 1;
                byte[] data = new byte[2 * width];
                Arrays.fill(data, (byte) (type.equals("|b1") ? 1 : 255));
                int expected =
                        switch (type) {
                            case "<u2" -> 65535;
                            case "|u1" -> 255;
                            case "|b1" -> 1;
                            default -> -1;
                        };
                assertArrayEquals(
                        new int[] {expected, expected},
                        Npz.read(m, "trace", npy(type, "2,", data)).get("").toIntArray(),
                        type);
            }
            assertEquals(
                    1, Npz.read(m, "trace", npy("<f4", "", new byte[4])).get("").size(), "a scalar");
        }
    }

    @Test
    void whatNobodyReadsIsRefusedByName() throws IOException {
        try (NDManager m = NDManager.newBaseManager()) {
            for (String[] bad : new String[][] {
                {"<f16", "2,", "<f16"},
                {"|O", "1,", "|O"},
                {"<c8", "1,", "<c8"},
                {">u8", "1,", ">u8"},
                {"|f4", "2,", "|f4"},
                {"<U2", "1,", "<U2"},
                {"<M8[ns]", "1,", "<M8"},
                {"<f4", "900000000, 900000000", "900000000"},
                {"<f4", "9,", "bytes"},
                {"<f4", "-1,", "bytes"}
            }) {
                String said = assertThrows(Problem.class, () -> Npz.read(m, "trace", npy(bad[0], bad[1], new byte[8])))
                        .getMessage();
                assertTrue(said.contains("a.npy") && said.contains(bad[2]), said);
            }
        }
    }

    @Test
    void eitherByteOrderAndHalfPrecisionAreRead() throws IOException {
        try (NDManager m = NDManager.newBaseManager()) {
            for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
                String sign = order == ByteOrder.BIG_ENDIAN ? ">" : "<";
                assertArrayEquals(
                        new float[] {1.5f, -2},
                        Npz.read(
                                        m,
                                        "t",
                                        npy(
                                                sign + "f4",
                                                "2,",
                                                ByteBuffer.allocate(8)
                                                        .order(order)
                                                        .putFloat(1.5f)
                                                        .putFloat(-2)
                                                        .array()))
                                .get("")
                                .toFloatArray());
                assertArrayEquals(
                        new double[] {Math.PI},
                        Npz.read(
                                        m,
                                        "t",
                                        npy(
                                                sign + "f8",
                                                "1,",
                                                ByteBuffer.allocate(8)
                                                        .order(order)
                                                        .putDouble(Math.PI)
                                                        .array()))
                                .get("")
                                .toDoubleArray());
                assertArrayEquals(
                        new long[] {1L << 60},
                        Npz.read(
                                        m,
                                        "t",
                                        npy(
                                                sign + "i8",
                                                "1,",
                                                ByteBuffer.allocate(8)
                                                        .order(order)
                                                        .putLong(1L << 60)
                                                        .array()))
                                .get("")
                                .toLongArray());
                assertArrayEquals(
                        new long[] {0xfffffffeL},
                        Npz.read(
                                        m,
                                        "t",
                                        npy(
                                                sign + "u4",
                                                "1,",
                                                ByteBuffer.allocate(4)
                                                        .order(order)
                                                        .putInt(-2)
                                                        .array()))
                                .get("")
                                .toLongArray());
                assertArrayEquals(
                        new int[] {-7},
                        Npz.read(
                                        m,
                                        "t",
                                        npy(
                                                sign + "i4",
                                                "1,",
                                                ByteBuffer.allocate(4)
                                                        .order(order)
                                                        .putInt(-7)
                                                        .array()))
                                .get("")
                                .toIntArray());
                short[] halves = {
                    0x3c00,
                    (short) 0xc000,
                    0x3555,
                    0x0001,
                    0x03ff,
                    0x0400,
                    0x7bff,
                    (short) 0x8000,
                    0x7c00,
                    (short) 0xfc00,
                    0x7e00
                };
                float[] floats = {
                    1,
                    -2,
                    0.333251953125f,
                    5.9604645e-8f,
                    6.097555e-5f,
                    6.1035156e-5f,
                    65504,
                    -0f,
                    Float.POSITIVE_INFINITY,
                    Float.NEGATIVE_INFINITY,
                    Float.NaN
                };
                ByteBuffer data = ByteBuffer.allocate(2 * halves.length).order(order);
                for (short h : halves) {
                    data.putShort(h);
                }
                assertArrayEquals(
                        floats,
                        Npz.read(m, "t", npy(sign + "f2", halves.length + ",", data.array()))
                                .get("")
                                .toFloatArray());
            }
        }
    }

    @Test
    void columnsFirstIsRead() throws IOException {
        try (NDManager m = NDManager.newBaseManager()) {
            ByteBuffer data = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
            for (float v : new float[] {1, 4, 2, 5, 3, 6}) {
                data.putFloat(v);
            }
            Path file = npy("<f4", "2, 3", data.array());
            Files.write(
                    file,
                    new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
                            .replace("False", "True ")
                            .getBytes(StandardCharsets.ISO_8859_1));
            NDArray a = Npz.read(m, "t", file).get("");
            assertEquals(new Shape(2, 3), a.getShape());
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, a.toFloatArray());
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, a.reshape(6).toFloatArray());
        }
    }

    /**
     * An array made from Java values borrows their buffer; a view of it reads freed memory once it is closed, and such
     * a view made songs of one seed differ.
     */
    @Test
    void whatIsReadOwnsItsMemory() throws IOException {
        try (NDManager m = NDManager.newBaseManager()) {
            for (int n : new int[] {1, 1000, 300_000}) {
                ByteBuffer data = ByteBuffer.allocate(8 * n).order(ByteOrder.LITTLE_ENDIAN);
                for (int i = 0; i < 2 * n; i++) {
                    data.putFloat(i);
                }
                Path file = npy("<f4", n + ", 2", data.array());
                NDArray view;
                try (NDManager scratch = m.newSubManager()) {
                    view = Npz.read(scratch, "t", file).get("").reshape(1, 2L * n);
                    view.attach(m);
                }
                List<NDArray> litter = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    System.gc();
                    litter.add(m.create(new float[2 * n]));
                }
                float[] kept = view.toFloatArray();
                for (int i = 0; i < 2 * n; i++) {
                    assertEquals(i, kept[i]);
                }
            }
        }
    }

    private static String said(Path file) {
        return said(file, Npz.mostBytes());
    }

    private static String said(Path file, long most) {
        try (NDManager m = NDManager.newBaseManager()) {
            String said = assertThrows(Problem.class, () -> Npz.read(m, "content", file, most))
                    .getMessage();
            assertTrue(
                    said.startsWith("content: " + file + ": need ")
                            && said.length() < 400 + file.toString().length()
                            && said.lines().count() == 1,
                    said);
            return said;
        }
    }

    private static byte[] npyBytes(String header, byte[] data) {
        byte[] text = header.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer b = ByteBuffer.allocate(12 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        b.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 2, 0})
                .putInt(text.length)
                .put(text)
                .put(data);
        return b.array();
    }

    private static byte[] floats(int n) {
        return npyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (" + n + ",), }\n", new byte[4 * n]);
    }

    private Path zip(boolean stored, Object... namesAndBytes) throws IOException {
        Path file = folder.resolve("z.npz");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (int i = 0; i < namesAndBytes.length; i += 2) {
                byte[] bytes = (byte[]) namesAndBytes[i + 1];
                ZipEntry entry = new ZipEntry((String) namesAndBytes[i]);
                if (stored) {
                    CRC32 sum = new CRC32();
                    sum.update(bytes);
                    entry.setMethod(ZipEntry.STORED);
                    entry.setSize(bytes.length);
                    entry.setCrc(sum.getValue());
                }
                zip.putNextEntry(entry);
                zip.write(bytes);
                zip.closeEntry();
            }
        }
        return file;
    }

    @Test
    void aChangedByteIsNoticedWhereverItLies() throws IOException {
        Random random = new Random(1);
        try (NDManager m = NDManager.newBaseManager()) {
            float[] values = new float[3000];
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextFloat();
            }
            byte[] data = new byte[4 * values.length];
            ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
            byte[] npy = npyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (3000,), }\n", data);
            for (boolean stored : new boolean[] {true, false}) {
                byte[] good = Files.readAllBytes(zip(stored, "units.npy", npy));
                assertArrayEquals(
                        values,
                        Npz.read(m, "t", zip(stored, "units.npy", npy))
                                .get("units")
                                .toFloatArray());
                for (int k = 0; k < 60; k++) {
                    byte[] bad = good.clone();
                    bad[60 + random.nextInt(good.length - 200)] ^= (byte) (1 << random.nextInt(8));
                    assertTrue(said(Files.write(folder.resolve("z.npz"), bad)).contains("save it"));
                }
                for (int length : new int[] {0, 1, 2, 3, 30, good.length / 2, good.length - 1}) {
                    said(Files.write(folder.resolve("z.npz"), Arrays.copyOf(good, length)));
                }
            }
        }
    }

    @Test
    void valuesBeyondTheMemoryAreRefusedBeforeTheyAreRead() throws IOException {
        byte[] million = floats(1_000_000);
        assertTrue(said(zip(false, "units.npy", million), 3 << 20)
                .contains("at most 3 MiB of values, half of what the Java heap may take"));
        assertTrue(said(zip(false, "a.npy", million, "b.npy", million), 6 << 20).contains("in b after others"));
        for (String shape : new String[] {
            "2147483647,",
            "2147483647, 2147483647, 2147483647",
            "1, 1, 1000000000000",
            "99999999999999999999,",
            "-1,",
            "-1, -1",
            "0x7, 3",
            "1.5,",
            "1, 2, 3, x",
            "1, ".repeat(33),
            "4, ".repeat(32)
        }) {
            Path file = Files.write(
                    folder.resolve("s.npy"),
                    npyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (" + shape + "), }", new byte[8]));
            assertTrue(
                    said(file).contains("need at most") || said(file).contains("as many values as the shape"),
                    said(file));
        }
        try (NDManager m = NDManager.newBaseManager()) {
            assertEquals(
                    new Shape(0, 2147483647),
                    Npz.read(
                                    m,
                                    "t",
                                    Files.write(
                                            folder.resolve("s.npy"),
                                            npyBytes(
                                                    "{'descr': '<f4', 'fortran_order': True, 'shape': (0, 2147483647), }",
                                                    new byte[0])))
                            .get("")
                            .getShape());
        }
    }

    @Test
    void whatIsNoArchiveOfArraysIsSaid() throws IOException {
        byte[] one = floats(1);
        assertTrue(said(zip(false, "readme.txt", one)).contains("\"readme.txt\" among them"));
        assertTrue(said(zip(false, "a.npy", one, "folder/", new byte[0])).contains("\"folder/\" among them"));
        assertTrue(said(zip(false, "a.npy", new byte[0])).contains("NumPy's format in a"));
        assertTrue(said(zip(false, "x".repeat(5000) + ".npy", new byte[7])).contains("xxx..."));
        assertTrue(said(zip(false, "a.npy", Arrays.copyOf(one, one.length + 4))).contains("got more bytes"));
        byte[] two = Files.readAllBytes(zip(false, "aa.npy", one, "bb.npy", one));
        assertTrue(said(Files.write(
                        folder.resolve("z.npz"),
                        new String(two, StandardCharsets.ISO_8859_1)
                                .replace("bb.npy", "aa.npy")
                                .getBytes(StandardCharsets.ISO_8859_1)))
                .contains("\"aa\" twice"));
        Object[] many = new Object[2 * 5000];
        for (int i = 0; i < many.length; i += 2) {
            many[i] = i + ".npy";
            many[i + 1] = one;
        }
        assertTrue(said(zip(false, many)).contains("need at most 4096 arrays, got 5000"));
        byte[] lying = Files.readAllBytes(zip(false, "a.npy", one));
        ByteBuffer.wrap(lying).order(ByteOrder.LITTLE_ENDIAN).putInt(lying.length - 22 + 12, 0x7fffffff);
        assertTrue(said(Files.write(folder.resolve("z.npz"), lying)).contains("at most 4096 arrays"));
        assertTrue(said(Files.write(
                        folder.resolve("z.npz"),
                        "PK and nothing else that an archive has".getBytes(StandardCharsets.US_ASCII)))
                .contains("damaged"));
    }

    @Test
    void headersAreBounded() throws IOException {
        String start = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
        for (byte[] bad : new byte[][] {
            npyBytes(start + " ".repeat(20_000), new byte[4]),
            npyBytes("{'descr': " + "'x', 'descr': ".repeat(600), new byte[4]),
            npyBytes("", new byte[4]),
            npyBytes("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", new byte[4]),
            npyBytes(start, new byte[3]),
            npyBytes(start, new byte[5]),
            new byte[0],
            new byte[] {1},
            Arrays.copyOf(floats(1), 9)
        }) {
            said(Files.write(folder.resolve("h.npy"), bad));
        }
        byte[] huge = floats(1), version = floats(1);
        ByteBuffer.wrap(huge).order(ByteOrder.LITTLE_ENDIAN).putInt(8, -1);
        version[6] = 9;
        assertTrue(said(Files.write(folder.resolve("h.npy"), huge)).contains("another header"));
        assertTrue(said(Files.write(folder.resolve("h.npy"), version)).contains("NumPy's format"));
        assertTrue(said(folder).contains("a folder"));
        assertTrue(said(folder.resolve("none.npy")).contains("nothing at that path"));
    }

    /**
     * With the launcher's heap: an hour of units is read, and zeros that a small file unfolds to beyond the bound are
     * not.
     */
    @Tag("process")
    @Test
    void anHourOfUnitsFitsTheLaunchersHeap() throws Exception {
        Path hour = folder.resolve("hour.npz"), zeros = folder.resolve("zeros.npz");
        for (Path file : new Path[] {hour, zeros}) {
            try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
                zip.setLevel(1);
                zip.putNextEntry(new ZipEntry("units.npy"));
                int rows = file == hour ? 180_000 : 400_000;
                zip.write(npyBytes(
                        "{'descr': '<f4', 'fortran_order': False, 'shape': (" + rows + ", 256), }", new byte[0]));
                for (int i = 0; i < rows / 1000; i++) {
                    zip.write(new byte[1000 * 256 * 4]);
                }
                zip.closeEntry();
            }
        }
        Process p = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx384m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Reads.class.getName(),
                        hour.toString(),
                        zeros.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(
                said.contains("read (180000, 256)")
                        && said.contains("need at most 192 MiB of values")
                        && !said.contains("OutOfMemory"),
                said);
    }

    /** A process of its own. */
    static final class Reads {
        public static void main(String[] files) {
            for (String file : files) {
                try (NDManager m = NDManager.newBaseManager()) {
                    System.out.println("read "
                            + Npz.read(m, "content", Path.of(file)).get("units").getShape());
                } catch (Problem e) {
                    System.out.println(e.getMessage());
                }
            }
        }
    }
}
