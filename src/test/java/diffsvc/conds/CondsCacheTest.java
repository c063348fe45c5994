package diffsvc.conds;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cached value is used only while its bytes are those that were written. */
class CondsCacheTest {
    @TempDir
    Path folder;

    @Test
    void aDamagedEntryIsComputedAgain() throws Exception {
        CondsCache cache = CondsCache.in(folder);
        Wave wave = Wave.mono(new float[] {0.1f, 0.2f}, 16000);
        Random random = new Random(1);
        float[] units = new float[75 * 16];
        for (int i = 0; i < units.length; i++) {
            units[i] = (float) random.nextGaussian();
        }
        AtomicInteger computed = new AtomicInteger();
        try (NDManager m = NDManager.newBaseManager()) {
            Supplier<NDArray> compute = () -> {
                computed.incrementAndGet();
                return m.create(units, new Shape(1, 75, 16));
            };
            cache.units(m, wave, "x", compute);
            Path entry = cache.entries().get(0).file();
            byte[] good = Files.readAllBytes(entry);
            for (int k = 0; k < 40; k++) {
                byte[] bad = good.clone();
                int at = 200 + random.nextInt(good.length - 600);
                bad[at] ^= (byte) (1 << random.nextInt(8));
                Files.write(entry, bad);
                assertArrayEquals(units, cache.units(m, wave, "x", compute).toFloatArray(), "byte " + at);
                assertArrayEquals(good, Files.readAllBytes(entry), "and is whole again");
            }
            cache.units(m, wave, "x", compute);
        }
        assertEquals(41, computed.get());
    }
}
