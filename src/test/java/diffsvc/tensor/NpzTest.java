package diffsvc.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NumPy's files: every type that may come, and none that would end the process. */
class NpzTest {
    @TempDir Path folder;

    @Test void whatIsWrittenIsReadAgain() throws IOException {
        try (NDManager m = NDManager.newBaseManager()) {
            Map<String, NDArray> values = new LinkedHashMap<>();
            values.put("mel_in", m.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3)));
            values.put("mel2ph", m.create(new long[] {1, 1, 2}, new Shape(1, 3)));
            values.put("wide", m.create(new double[] {Math.PI}));
            values.put("ids", m.create(new int[] {-7, 7}));
            values.put("none", m.create(new float[0], new Shape(0, 4)));
            Path file = Npz.write("trace", folder.resolve("값.npz"), values);
            Map<String, NDArray> back = Npz.read(m, "trace", file);
            assertEquals(values.keySet().stream().toList(), back.keySet().stream().toList());
            values.forEach((name, value) -> {
                assertEquals(value.getShape(), back.get(name).getShape());
                assertEquals(value.getDataType(), back.get(name).getDataType());
                assertArrayEquals(value.toByteBuffer().array(), back.get(name).toByteBuffer().array());
            });
            byte[] once = Files.readAllBytes(file);
            assertArrayEquals(once, Files.readAllBytes(Npz.write("trace", file, values)), "the same values, the same bytes");
        }
    }

    private Path npy(String descr, String shape, byte[] data) throws IOException {
        byte[] header = ("{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }\n").getBytes(StandardCharsets.US_ASCII);
        ByteBuffer b = ByteBuffer.allocate(10 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        b.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0}).putShort((short) header.length).put(header).put(data);
        return Files.write(folder.resolve("a.npy"), b.array());
    }

    @Test void smallIntegersAndFlagsBecomeInt32() throws IOException {
        try (NDManager m = NDManager.newBaseManager()) {
            for (String type : new String[] {"<i2", "<u2", "|i1", "|u1", "|b1"}) {
                int width = type.endsWith("2") ? 2 : 1;
                byte[] data = new byte[2 * width];
                Arrays.fill(data, (byte) (type.equals("|b1") ? 1 : 255));
                int expected = switch (type) {
                    case "<u2" -> 65535;
                    case "|u1" -> 255;
                    case "|b1" -> 1;
                    default -> -1;
                };
                assertArrayEquals(new int[] {expected, expected}, Npz.read(m, "trace", npy(type, "2,", data)).get("").toIntArray(), type);
            }
            assertEquals(1, Npz.read(m, "trace", npy("<f4", "", new byte[4])).get("").size(), "a scalar");
        }
    }

    @Test void whatNobodyReadsIsRefusedByName() throws IOException {
        try (NDManager m = NDManager.newBaseManager()) {
            for (String[] bad : new String[][] {{"<f2", "2,", "<f2"}, {"|O", "1,", "|O"}, {"<c8", "1,", "<c8"}, {">f4", "1,", ">f4"}, {"<f4", "900000000, 900000000", "900000000"},
                {"<f4", "9,", "bytes"}, {"<f4", "-1,", "bytes"}}) {
                String said = assertThrows(Problem.class, () -> Npz.read(m, "trace", npy(bad[0], bad[1], new byte[8]))).getMessage();
                assertTrue(said.contains("a.npy") && said.contains(bad[2]), said);
            }
        }
    }
}
