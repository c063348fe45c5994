package diffsvc.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.testing.CTranslate2Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The reader of CTranslate2's files, on whole files and on damaged ones. */
class CTranslate2Test {
    @TempDir
    Path folder;

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("model.bin"), bytes);
    }

    /** A matrix of float32, a float16 scalar, an int8 vector, an alias. */
    private static CTranslate2Bytes whole() {
        return CTranslate2Bytes.whisper(3)
                .floats("a/weight", new float[] {1, 2, 3, 4, 5, 6}, 2, 3)
                .text("b")
                .u8(0)
                .u8(4)
                .u32(2)
                .u16(0x3e00) // 1.5
                .text("c")
                .u8(1)
                .u32(2)
                .u8(1)
                .u32(2)
                .u8(7)
                .u8(255)
                .u32(1)
                .text("d")
                .text("b");
    }

    @Test
    void tensorsComeWithTypeShapeAndValuesAndAliasesAreTheirTensors() throws IOException {
        Path file = file(whole().bytes());
        assertTrue(CTranslate2.isOne(file));
        Map<String, TorchTensor> all = StateDict.read(file).tensors();
        assertEquals(List.of("a/weight", "b", "c", "d"), List.copyOf(all.keySet()));
        assertArrayEquals(new long[] {2, 3}, all.get("a/weight").shape());
        assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, all.get("a/weight").toFloats());
        assertEquals(TorchTensor.Type.HALF, all.get("b").type());
        assertArrayEquals(new float[] {1.5f}, all.get("b").toFloats());
        assertArrayEquals(new float[] {7, -1}, all.get("c").toFloats());
        assertTrue(all.get("d").sharesStorage(all.get("b")));
        assertEquals(4, Inspection.of(file).tensors());
    }

    @Test
    void aFileThatEndsAnywhereIsRefused() throws IOException {
        byte[] whole = whole().bytes();
        for (int length = 0; length < whole.length; length++) {
            Path file = file(Arrays.copyOf(whole, length));
            assertThrows(Problem.class, () -> CTranslate2.read(file), length + " bytes");
        }
    }

    @Test
    void anyDamagedByteGivesAProblemOrAFileThatCanBeRead() throws IOException {
        byte[] whole = whole().bytes();
        int refused = 0;
        for (int at = 0; at < whole.length; at++) {
            for (int bit = 0; bit < 8; bit++) {
                byte[] damaged = whole.clone();
                damaged[at] ^= (byte) (1 << bit);
                Path file = file(damaged);
                try {
                    CTranslate2.read(file).values().forEach(TorchTensor::toFloats);
                } catch (Problem e) {
                    refused++;
                }
            }
        }
        // names (37 bytes), values (28), the revision (4) are free; every other byte decides a length or a type
        assertTrue(refused > 8 * (whole.length - 37 - 28 - 4) * 0.8, refused + " of " + 8 * whole.length);
    }

    @Test
    void hostileSizesAreRefusedBeforeAnythingIsTaken() throws IOException {
        long huge = 0xffffffffL;
        refused(CTranslate2Bytes.whisper(-1).bytes(), "tensors");
        refused(
                CTranslate2Bytes.whisper(1)
                        .text("w")
                        .u8(3)
                        .u32(huge)
                        .u32(huge)
                        .u32(huge)
                        .u8(0)
                        .u32(0)
                        .bytes(),
                "w");
        refused(
                CTranslate2Bytes.whisper(1)
                        .text("w")
                        .u8(1)
                        .u32(1 << 30)
                        .u8(0)
                        .u32(0)
                        .bytes(),
                "w");
        refused(
                CTranslate2Bytes.whisper(1)
                        .text("w")
                        .u8(1)
                        .u32(2)
                        .u8(0)
                        .u32(huge)
                        .bytes(),
                "w");
        refused(CTranslate2Bytes.whisper(1).text("w").u8(200).bytes(), "200 axes");
        refused(CTranslate2Bytes.whisper(1).text("w").u8(0).u8(9).u32(4).u32(0).bytes(), "type");
        refused(CTranslate2Bytes.whisper(1).u16(60000).bytes(), "a name");
        refused(CTranslate2Bytes.whisper(1).u16(2).u8('a').u8('b').bytes(), "ends in a zero");
        refused(CTranslate2Bytes.whisper(0).u32(1).text("a").text("b").bytes(), "alias");
        refused(
                CTranslate2Bytes.whisper(2)
                        .floats("w", new float[] {1}, 1)
                        .floats("w", new float[] {1}, 1)
                        .u32(0)
                        .bytes(),
                "twice");
        refused(new CTranslate2Bytes().u32(5).text("WhisperSpec").u32(3).u32(0).bytes(), "format 6");
    }

    private void refused(byte[] bytes, String what) throws IOException {
        Path file = file(bytes);
        String said = assertThrows(Problem.class, () -> CTranslate2.read(file)).getMessage();
        assertTrue(said.contains("model.bin") && said.contains(what), said);
    }

    @Test
    void otherFilesAreNotTakenForOne() throws IOException {
        Path torch = folder.resolve("a.pt");
        TorchFile.write(torch, Map.of("w", TorchTensor.of(new float[] {1}, 1)));
        assertFalse(CTranslate2.isOne(torch));
        assertFalse(CTranslate2.isOne(file(new byte[0])));
        assertFalse(CTranslate2.isOne(file(new byte[100])));
        assertFalse(CTranslate2.isOne(folder.resolve("nothing")));
        assertFalse(CTranslate2.isOne(folder));
    }
}
