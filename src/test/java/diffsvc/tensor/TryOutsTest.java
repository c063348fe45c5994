package diffsvc.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.files.CacheFiles;
import diffsvc.files.Remembered;
import diffsvc.platform.ComputeDevice;
import diffsvc.testing.Machines;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TryOutsTest {
    private static final byte[] SCRIPT = {1, 2}, OTHER = {1, 3};

    @TempDir
    Path folder;

    private int attempts;

    private boolean attempt() {
        attempts++;
        return true;
    }

    private void tried(int times, TryOuts tryOuts, byte[] script) {
        attempts = 0;
        assertTrue(tryOuts.isNear(script, this::attempt));
        assertTrue(tryOuts.isNear(script, this::attempt));
        assertEquals(times, attempts);
    }

    @Test
    void aFileIsTriedOnceInEachFormOnEachMachine() throws IOException {
        Remembered kept = new Remembered(folder.resolve("cache"));
        Path file = Files.writeString(folder.resolve("wavenet.pt"), "weights");
        TryOuts first = new TryOuts(kept, "a machine", null).of(file);
        tried(1, first, SCRIPT);
        tried(0, new TryOuts(new Remembered(folder.resolve("cache")), "a machine", file), SCRIPT);
        tried(1, first, OTHER);
        tried(1, new TryOuts(kept, "another machine", file), SCRIPT);
        Files.writeString(file, "other weights");
        tried(1, first, SCRIPT);
        Path copy = Files.writeString(folder.resolve("copy.pt"), "weights");
        tried(0, first.of(copy), SCRIPT);
        for (CacheFiles.Entry e : kept.entries()) {
            Files.writeString(e.file(), "damaged");
        }
        tried(1, first.of(copy), SCRIPT);
    }

    @Test
    void withoutFileFolderOrMachineEachNetworkIsTriedEachTime() throws IOException {
        Path file = Files.writeString(folder.resolve("wavenet.pt"), "weights");
        Remembered kept = new Remembered(folder.resolve("cache"));
        tried(2, TryOuts.EACH_TIME.of(file), SCRIPT);
        tried(2, new TryOuts(kept, "a machine", null), SCRIPT);
        tried(2, new TryOuts(kept, "", file), SCRIPT);
        tried(2, new TryOuts(new Remembered(file), "a machine", file), SCRIPT); // a file where the folder would be
        assertSame(
                TryOuts.EACH_TIME,
                TryOuts.on(ComputeDevice.named("cuda:0", Machines.ONE.report()), new Remembered(folder)));
    }

    @Test
    void aFailureIsTriedAgain() throws IOException {
        Path file = Files.writeString(folder.resolve("wavenet.pt"), "weights");
        TryOuts tryOuts = new TryOuts(new Remembered(folder.resolve("cache")), "a machine", file);
        assertFalse(tryOuts.isNear(SCRIPT, () -> false));
        assertThrows(
                IllegalStateException.class,
                () -> tryOuts.isNear(SCRIPT, () -> {
                    throw new IllegalStateException("wrong");
                }));
        tried(1, tryOuts, SCRIPT);
    }
}
