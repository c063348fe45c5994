package diffsvc.training;

import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * The numbers of each update as an event file that TensorBoard reads, beside {@code ledger.csv}: records of TFRecord
 * (length, masked CRC-32C, bytes, masked CRC-32C), each with a message {@code Event} of
 * tensorflow/core/util/event.proto.
 *
 * <p>Each part of a run writes a file of its own, which begins with the message that lets TensorBoard forget what an
 * earlier part wrote behind the step where this one starts. A file that cannot be written is left alone: the numbers
 * are in the CSV file too.
 */
final class TensorBoardEvents implements AutoCloseable {
    /** Fields of Event, of Summary.Value and of SessionLog. */
    private static final int WALL_TIME = 1, STEP = 2, FILE_VERSION = 3, SUMMARY = 5, SESSION_LOG = 7;

    private static final int VALUE = 1, TAG = 1, SIMPLE_VALUE = 2, STATUS = 1, STARTED = 1;
    /** Wire types of protocol buffers. */
    private static final int VARINT = 0, EIGHT_BYTES = 1, BYTES = 2, FOUR_BYTES = 5;

    private final OutputStream out;
    private boolean failed;

    private TensorBoardEvents(OutputStream out) {
        this.out = out;
    }

    /**
     * Begins a file {@code events.out.tfevents.SECONDS.diffsvc} in a folder.
     *
     * @param step where this part of the run starts
     */
    static TensorBoardEvents in(Path folder, long step) {
        long seconds = System.currentTimeMillis() / 1000;
        OutputStream file;
        try {
            file = new FileOutputStream(
                    folder.resolve("events.out.tfevents." + seconds + ".diffsvc")
                            .toFile(),
                    true);
        } catch (IOException e) {
            file = OutputStream.nullOutputStream();
        }
        TensorBoardEvents events = new TensorBoardEvents(file);
        events.write(0, FILE_VERSION, "brain.Event:2".getBytes(StandardCharsets.UTF_8));
        Message log = new Message();
        log.varint(STATUS, STARTED);
        events.write(step + 1, SESSION_LOG, log.bytes()); // what an earlier part wrote from here on is forgotten
        return events;
    }

    /** The numbers of one update; those that are NaN are left out. */
    void add(MetricsCsv.Row row) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss/train", row.loss());
        values.put("loss/validation", row.validLoss());
        values.put("lr", row.lr());
        values.put("gradient_norm/all", row.gradientNorm());
        values.put("gradient_norm/embedding", row.embeddingNorm());
        values.put("gradient_norm/wavenet", row.wavenetNorm());
        values.put("machine/seconds", row.seconds());
        values.put("machine/memory_mib", row.memoryMib());
        add(row.step(), values);
    }

    /** A score that judges gave to the weights of a step. */
    void addScore(long step, double score) {
        add(step, Map.of("score", score));
    }

    private void add(long step, Map<String, Double> values) {
        Message summary = new Message();
        values.forEach((tag, value) -> {
            if (!Double.isNaN(value)) {
                Message one = new Message();
                one.bytes(TAG, tag.getBytes(StandardCharsets.UTF_8));
                one.fourBytes(SIMPLE_VALUE, value.floatValue());
                summary.bytes(VALUE, one.bytes());
            }
        });
        write(step, SUMMARY, summary.bytes());
    }

    private void write(long step, int field, byte[] content) {
        Message event = new Message();
        event.eightBytes(WALL_TIME, System.currentTimeMillis() / 1000.0);
        event.varint(STEP, step);
        event.bytes(field, content);
        try {
            if (!failed) {
                out.write(record(event.bytes()));
                out.flush();
            }
        } catch (IOException e) {
            failed = true; // a record that was cut ends the file for its reader
        }
    }

    /** Length, its checksum, the bytes, their checksum. */
    static byte[] record(byte[] data) {
        byte[] length = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(data.length)
                .array();
        return ByteBuffer.allocate(16 + data.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(length)
                .putInt(masked(length))
                .put(data)
                .putInt(masked(data))
                .array();
    }

    /** A checksum of a record, turned so that a checksum of checksums stays one. */
    private static int masked(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            // every record was flushed when it was added
        }
    }

    /** A message of protocol buffers in the making. */
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        byte[] bytes() {
            return out.toByteArray();
        }

        private void number(long v) {
            long rest = v;
            while ((rest & ~0x7fL) != 0) {
                out.write((int) (rest & 0x7f | 0x80));
                rest >>>= 7;
            }
            out.write((int) rest);
        }

        void varint(int field, long v) {
            number(field << 3 | VARINT);
            number(v);
        }

        void bytes(int field, byte[] v) {
            number(field << 3 | BYTES);
            number(v.length);
            out.writeBytes(v);
        }

        void eightBytes(int field, double v) {
            number(field << 3 | EIGHT_BYTES);
            out.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putDouble(v)
                    .array());
        }

        void fourBytes(int field, float v) {
            number(field << 3 | FOUR_BYTES);
            out.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(v)
                    .array());
        }
    }
}
