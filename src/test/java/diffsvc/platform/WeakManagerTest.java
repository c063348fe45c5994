package diffsvc.platform;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.testing.Allocator;
import diffsvc.testing.Alone;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class WeakManagerTest {
    private final WeakManager held = WeakManager.open();

    @AfterEach
    void close() {
        held.close();
    }

    @Test
    void whatNobodyRefersToGoes() {
        NDArray kept = held.manager().ones(new Shape(1000));
        for (int i = 0; i < 50; i++) {
            held.manager().randomNormal(new Shape(1000)).add(kept).mul(2);
        }
        assertEquals(1, held.arrays().size());
        assertEquals(4000, held.bytes());
        assertEquals(1000, kept.sum().getFloat());
    }

    /**
     * In a process of its own with the launcher's allocator: with glibc's own settings freed blocks of 16 MiB stay in
     * the heap and split, and the resident memory says more about that than about the arrays (260 to 470 MiB,
     * measured).
     */
    @Tag("memory")
    @Test
    void nativeMemoryStaysFlatWhenAVariableIsAssignedAnew() throws Exception {
        String said = Alone.run(WeakManagerTest.class, Allocator.LEVEL, List.of("-Xmx256m", "-Dai.djl.offline=true"));
        String[] numbers = said.lines().reduce((first, last) -> last).orElse("").split(" ");
        assertEquals("421.0", numbers[0], said);
        long grew = Long.parseLong(numbers[1]);
        assertTrue(grew < WeakArrays.PRESSURE_MIB + 64, "grew by " + grew + " MiB"); // what waits for the collector
    }

    /** Passes 6 GiB through one variable; prints its last value and by how many MiB the process grew at its highest. */
    public static void main(String[] args) {
        try (WeakManager held = WeakManager.open()) {
            NDArray x = held.manager().ones(new Shape(4 << 20)).add(1); // 16 MiB
            long before = ProcessMemory.resident(), highest = before;
            for (int i = 0; i < 419; i++) {
                x = x.add(1);
                highest = Math.max(highest, ProcessMemory.resident());
            }
            System.out.println(x.getFloat(0) + " " + (highest - before >> 20));
        }
    }

    @Test
    void theCollectorIsCalledForArraysThatNobodyCloses() {
        int before = WeakArrays.collections(), many = 2 * WeakArrays.PRESSURE_MIB / 16;
        for (int i = 0; i < many; i++) {
            held.manager().zeros(new Shape(4 << 20)).close(); // 16 MiB
        }
        assertEquals(before, WeakArrays.collections());
        for (int i = 0; i < many; i++) {
            held.manager().zeros(new Shape(4 << 20));
        }
        assertTrue(WeakArrays.collections() > before);
    }

    @Test
    void aViewOutlivesTheArrayItWasTakenFrom() {
        float[] values = new float[1 << 16];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        NDArray view =
                held.manager().create(values).reshape(256, 256).transpose(1, 0).get(3);
        NDArray moved;
        try (NDManager scratch = NDManager.newBaseManager()) {
            NDArray borrowed = scratch.create(values); // attached from a manager of DJL's own
            borrowed.attach(held.manager());
            moved = borrowed.get("5:8");
        }
        for (int i = 0; i < 40; i++) {
            held.manager().create(new float[1 << 16]); // would land where the buffer was
            WeakManager.collect();
        }
        assertArrayEquals(new float[] {3, 259, 515}, view.get(":3").toFloatArray());
        assertArrayEquals(new float[] {5, 6, 7}, moved.toFloatArray());
    }

    /** To read a GPU's values DJL copies them to the CPU, on a manager that it never closes. */
    @Test
    void aCopyOnAnotherDeviceGoesWithTheManagerThatTheEngineMadeForIt() {
        try (NDManager manager = ComputeDevice.CPU.newManager()) {
            WeakArrays arrays = WeakArrays.into(manager, Device.gpu(0)); // a GPU's, as far as the map knows
            NDArray kept = manager.newSubManager(Device.cpu()).ones(new Shape(100));
            for (int i = 0; i < 50; i++) {
                manager.newSubManager(Device.cpu()).ones(new Shape(100));
            }
            manager.newSubManager(Device.cpu()).close();
            // a busy machine hands over in parts what one collection found
            for (int i = 0; i < 100 && arrays.size() > 1; i++) {
                WeakManager.collect();
            }
            assertEquals(1, arrays.size(), "the manager of the one copy that is kept");
            assertEquals(100, kept.sum().getFloat());
            manager.close();
            assertThrows(IllegalStateException.class, kept::toFloatArray);
        }
    }

    @Test
    void everyTypeKeepsItsValues() {
        assertArrayEquals(
                new long[] {10, 700},
                held.manager().create(new long[] {10, 700}).toLongArray());
        assertArrayEquals(
                new boolean[] {true, false},
                held.manager().create(new boolean[] {true, false}).toBooleanArray());
        assertEquals(2.5f, held.manager().create(2.5f).getFloat());
        assertEquals(0, held.manager().create(new Shape(0), DataType.FLOAT32).size());
        assertEquals(0, held.manager().create(new float[0]).size());
    }

    @Test
    void clearFreesAtOnceAndSaysSoToWhoStillUsesOne() {
        NDArray x = held.manager().ones(new Shape(10));
        held.clear();
        assertTrue(held.arrays().isEmpty());
        assertThrows(IllegalStateException.class, x::toFloatArray);
        assertFalse(held.manager().ones(new Shape(2)).isEmpty()); // the manager still works
    }

    @Test
    void aScopeUnderItClosesAsEver() {
        NDArray outer = held.manager().ones(new Shape(10)), back;
        try (NDManager scratch = held.manager().newSubManager()) {
            scratch.tempAttachAll(outer);
            back = outer.add(1);
            back.attach(held.manager());
        }
        assertEquals(10, outer.sum().getFloat());
        assertEquals(20, back.sum().getFloat());
        assertEquals(2, held.arrays().size());
    }

    @Test
    void closedByHandIsNotFreedTwice() {
        for (int i = 0; i < 100; i++) {
            held.manager().ones(new Shape(1000)).close();
        }
        assertEquals(0, held.arrays().size());
        assertEquals(3, held.manager().ones(new Shape(3)).sum().getFloat());
    }
}
