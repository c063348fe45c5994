package diffsvc.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Safetensors in and out, and what an inspection shows. */
class SafetensorsTest {
    @TempDir
    Path folder;

    @Test
    void everyTypeSurvivesAndBrokenFilesEndInASentence() throws IOException {
        Map<String, TorchTensor> tensors =
                StateDict.read(Golden.FOLDER.resolve("pickle/odd.pt")).tensors();
        Path file = folder.resolve("odd.safetensors");
        Safetensors.write(file, tensors);
        assertEquals(tensors, Safetensors.read(file));
        assertEquals(
                new ArrayList<>(tensors.keySet()),
                new ArrayList<>(Safetensors.read(file).keySet()),
                "order");
        assertEquals(tensors, StateDict.read(file).tensors());
        byte[] good = Files.readAllBytes(file);
        SplittableRandom random = new SplittableRandom(3);
        int refused = 0;
        for (int i = 0; i < 500; i++) {
            byte[] bad = i % 2 == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : good.clone();
            bad[random.nextInt(Math.max(1, Math.min(bad.length, 600))) % Math.max(1, bad.length - 1)] ^=
                    (byte) (1 << random.nextInt(8));
            Path mutant = Files.write(folder.resolve("m.safetensors"), bad.length == 0 ? new byte[1] : bad);
            try {
                Safetensors.read(mutant).values().forEach(TorchTensor::bytes);
            } catch (Problem e) {
                refused++;
                assertTrue(e.getMessage().contains("m.safetensors"));
            }
        }
        assertTrue(refused > 250, "refused " + refused);
    }

    @Test
    void anInspectionListsKeysShapesRangesAndNans() {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("a", TorchTensor.of(new float[] {1, Float.NaN, -3, 2}, 2, 2));
        root.put("nested", Map.of("n", 5L));
        Path file = folder.resolve("x.pt");
        TorchFile.write(file, root);
        Inspection seen = Inspection.of(file);
        assertEquals(2, seen.table().rowCount());
        assertEquals("[2, 2]", seen.table().getString(0, "shape"));
        assertEquals(-3, seen.table().doubleColumn("min").get(0));
        assertEquals(2, seen.table().doubleColumn("max").get(0));
        assertEquals(1, seen.table().longColumn("nan").get(0));
        assertEquals("nested/n", seen.table().getString(1, "key"));
        assertEquals(1, seen.tensors());
        assertThrows(Problem.class, () -> Inspection.of(folder.resolve("none.pt")));
    }
}
