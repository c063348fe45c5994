package diffsvc.conds.hubert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.testing.Npy;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which element types the units of another encoder may have. */
class UnitsFileTest {
    @TempDir
    Path folder;

    private Path npy(String descr, byte[] data) throws IOException {
        return Npy.write(folder.resolve("units.npy"), descr, "1, 2", data);
    }

    @Test
    void float16BecomesFloat32() throws IOException {
        byte[] half = {0x00, 0x3E, 0x00, (byte) 0xC0}; // 1.5 and -2
        try (NDManager manager = NDManager.newBaseManager()) {
            NDArray units = UnitsFile.read(manager, npy("<f2", half));
            assertEquals(new Shape(1, 1, 2), units.getShape());
            assertEquals(DataType.FLOAT32, units.getDataType());
            assertArrayEquals(new float[] {1.5f, -2}, units.toFloatArray());
        }
    }

    @Test
    void integersAreRefusedWithTheTypesThatAreRead() throws IOException {
        Path file = npy("<i4", new byte[8]);
        try (NDManager manager = NDManager.newBaseManager()) {
            String message = assertThrows(Problem.class, () -> UnitsFile.read(manager, file))
                    .getMessage();
            assertTrue(message.contains("float16, float32 or float64") && message.contains("int32"), message);
        }
    }
}
