package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Event files: the framing against a record of the tensorboard package, and the messages in it. */
class TensorBoardEventsTest {
    @TempDir
    Path folder;

    /** tensorboard 2.14.1: RecordWriter(file).write(b"abc"). */
    @Test
    void aRecordIsThatOfThePackage() {
        assertEquals(
                "0300000000000000b099490e6162636e57f121",
                HexFormat.of().formatHex(TensorBoardEvents.record("abc".getBytes(StandardCharsets.UTF_8))));
    }

    @Test
    void eachUpdateIsOneEventAndANumberThatIsMissingHasNoTag() throws IOException {
        try (TensorBoardEvents events = TensorBoardEvents.in(folder, 299)) {
            events.add(new MetricsCsv.Row(300, 0.5, Double.NaN, 1e-3, 2, 1, 1.5, 0.25, 500));
            events.add(new MetricsCsv.Row(301, 0.25, 0.75, 1e-3, 2, 1, 1.5, 0.25, 500));
            events.addScore(301, 0.625);
        }
        List<byte[]> all = messages();
        assertEquals(5, all.size(), "version, start of the session, two updates, a score");
        assertTrue(text(all.get(0)).contains("brain.Event:2"));
        assertEquals(300, step(all.get(1)), "what was written from the next step on is forgotten");
        assertEquals(300, step(all.get(2)));
        assertTrue(text(all.get(2)).contains("loss/train") && !text(all.get(2)).contains("loss/validation"));
        assertEquals(0.5f, value(all.get(2), "loss/train"));
        assertEquals(0.75f, value(all.get(3), "loss/validation"));
        assertEquals(0.625f, value(all.get(4), "score"));
    }

    /** A folder that is not there costs the file and not the run. */
    @Test
    void aFileThatCannotBeWrittenIsLeftOut() {
        try (TensorBoardEvents events = TensorBoardEvents.in(folder.resolve("none"), 0)) {
            events.addScore(1, 0.5);
        }
        assertTrue(Files.notExists(folder.resolve("none")));
    }

    private List<byte[]> messages() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(files.findFirst().orElseThrow()))
                    .order(ByteOrder.LITTLE_ENDIAN);
            List<byte[]> all = new ArrayList<>();
            while (in.hasRemaining()) {
                byte[] record = new byte[(int) in.getLong(in.position()) + 16];
                in.get(record);
                byte[] data = Arrays.copyOfRange(record, 12, record.length - 4);
                assertTrue(Arrays.equals(record, TensorBoardEvents.record(data)));
                all.add(data);
            }
            return all;
        }
    }

    /** Behind the wall time (a tag and eight bytes) and a tag, a varint. */
    private static long step(byte[] event) {
        long step = 0;
        for (int i = 10, shift = 0; ; i++, shift += 7) {
            step |= (event[i] & 0x7fL) << shift;
            if (event[i] >= 0) {
                return step;
            }
        }
    }

    /** The float behind a tag's text and its own tag. */
    private static float value(byte[] event, String tag) {
        int at = text(event).indexOf(tag) + tag.length() + 1;
        return ByteBuffer.wrap(event).order(ByteOrder.LITTLE_ENDIAN).getFloat(at);
    }

    private static String text(byte[] event) {
        return new String(event, StandardCharsets.ISO_8859_1);
    }
}
