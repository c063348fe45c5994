package diffsvc.checkpoint;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.Sha256;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Hugging Face's safetensors: the length of a JSON header, the header, the bytes of the tensors. A sealed file also
 * holds the SHA-256 of all its bytes in its metadata, computed with zeros in that place; it is still a safetensors
 * file.
 */
public final class Safetensors {
    private static final String STAGE = "checkpoint", SEAL = "sha256", BLANK = "0".repeat(64);
    /**
     * The beginning of a sealed file, behind the length of its header. The seal comes first, so that its place is known
     * before anything else is read.
     */
    private static final byte[] SEALED = ("{\"__metadata__\":{\"" + SEAL + "\":\"").getBytes(StandardCharsets.US_ASCII);

    private static final int SEAL_AT = 8 + SEALED.length, BLOCK = 1 << 16;
    private static final long LONGEST_HEADER = 100_000_000;
    private static final Map<String, TorchTensor.Type> TYPES = Map.of(
            "F64",
            TorchTensor.Type.DOUBLE,
            "F32",
            TorchTensor.Type.FLOAT,
            "F16",
            TorchTensor.Type.HALF,
            "BF16",
            TorchTensor.Type.BFLOAT16,
            "I64",
            TorchTensor.Type.LONG,
            "I32",
            TorchTensor.Type.INT,
            "I16",
            TorchTensor.Type.SHORT,
            "I8",
            TorchTensor.Type.CHAR,
            "U8",
            TorchTensor.Type.BYTE,
            "BOOL",
            TorchTensor.Type.BOOL);

    private Safetensors() {}

    /** Whether the name ends in .safetensors. */
    public static boolean isOne(Path file) {
        return file.getFileName().toString().toLowerCase().endsWith(".safetensors");
    }

    /**
     * The content of a file.
     *
     * @param tensors in the file's order; their values stay in the file until they are used
     * @param metadata texts of the header by key
     */
    public record Content(Map<String, TorchTensor> tensors, Map<String, String> metadata) {}

    /** The tensors in the file's order, memory-mapped. */
    public static Map<String, TorchTensor> read(Path file) {
        return open(file).tensors();
    }

    /** Tensors, memory-mapped, and metadata. */
    public static Content open(Path file) {
        return open(file, true);
    }

    /**
     * The same without a mapping: values are read from the file at each use, so its pages do not count as memory of the
     * process.
     */
    public static Content openUnmapped(Path file) {
        return open(file, false);
    }

    private static Content open(Path file, boolean mapped) {
        Input.require(STAGE, file, "a safetensors file");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < 8) {
                throw broken(file, "a header", size + " bytes");
            }
            long length = TorchStorage.Bytes.of(file, 0)
                    .read(0, 8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getLong();
            if (length < 2 || length > LONGEST_HEADER || length > size - 8) {
                throw broken(file, "a header inside the file", length + " bytes claimed of " + (size - 8));
            }
            String text = StandardCharsets.UTF_8
                    .decode(TorchStorage.Bytes.of(file, 8).read(0, (int) length))
                    .toString();
            JsonObject header = JsonParser.parseString(text).getAsJsonObject();
            Map<String, TorchTensor> tensors = new LinkedHashMap<>();
            Map<String, String> metadata = new LinkedHashMap<>();
            for (Map.Entry<String, JsonElement> e : header.entrySet()) {
                if (e.getKey().equals("__metadata__")) {
                    e.getValue()
                            .getAsJsonObject()
                            .entrySet()
                            .forEach(m -> metadata.put(m.getKey(), m.getValue().getAsString()));
                } else {
                    tensors.put(
                            e.getKey(),
                            tensor(
                                    file,
                                    channel,
                                    mapped,
                                    e.getKey(),
                                    e.getValue().getAsJsonObject(),
                                    8 + length,
                                    size));
                }
            }
            return new Content(tensors, metadata);
        } catch (IOException e) {
            throw broken(file, "a readable file", e.getClass().getSimpleName());
        } catch (JsonParseException
                | IllegalStateException
                | ClassCastException
                | NumberFormatException
                | UnsupportedOperationException
                | StackOverflowError
                | NullPointerException e) {
            throw broken(file, "a header in JSON", e.getClass().getSimpleName());
        }
    }

    /**
     * Opens a sealed file without a mapping, after comparing all its bytes with the seal.
     *
     * @throws Problem when there is no seal, or the bytes differ
     */
    public static Content openSealed(Path file) {
        Input.require(STAGE, file, "a safetensors file");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer start = ByteBuffer.allocate(SEAL_AT + BLANK.length());
            while (start.hasRemaining() && channel.read(start) >= 0) {
                // until it is full, or the file ends
            }
            byte[] begin = start.array();
            if (start.hasRemaining() || !Arrays.equals(begin, 8, SEAL_AT, SEALED, 0, SEALED.length)) {
                throw broken(file, "a checksum of all its bytes", "a file without one");
            }
            String seal = new String(begin, SEAL_AT, BLANK.length(), StandardCharsets.ISO_8859_1);
            MessageDigest digest = Sha256.digest();
            digest.update(begin, 0, SEAL_AT);
            digest.update(BLANK.getBytes(StandardCharsets.US_ASCII));
            ByteBuffer block = ByteBuffer.allocate(BLOCK);
            while (channel.read(block.clear()) >= 0) {
                digest.update(block.flip());
            }
            String found = Sha256.hex(digest);
            if (!found.equals(seal)) {
                throw broken(
                        file,
                        "bytes with the SHA-256 that it was sealed with",
                        "SHA-256 " + found.substring(0, 12) + "...");
            }
        } catch (IOException e) {
            throw broken(file, "a readable file", WholeFile.reason(e));
        }
        return openUnmapped(file);
    }

    private static TorchTensor tensor(
            Path file, FileChannel channel, boolean mapped, String name, JsonObject o, long data, long size)
            throws IOException {
        TorchTensor.Type type = TYPES.get(o.get("dtype").getAsString());
        if (type == null) {
            throw Problem.in(
                    STAGE, file, "a known dtype for " + name, o.get("dtype").getAsString(), "convert the tensor first");
        }
        JsonArray axes = o.getAsJsonArray("shape"), offsets = o.getAsJsonArray("data_offsets");
        long[] shape = new long[axes.size()];
        long count = 1, begin = offsets.get(0).getAsLong(), end = offsets.get(1).getAsLong();
        for (int d = 0; d < shape.length; d++) {
            shape[d] = axes.get(d).getAsLong();
            if (shape[d] < 0 || shape[d] > 1L << 40 || count > 1L << 40) {
                throw broken(file, "a sane shape for " + name, axes.toString());
            }
            count *= shape[d];
        }
        if (shape.length > 16
                || count > Integer.MAX_VALUE / type.width
                || begin < 0
                || end < begin
                || end > size - data
                || end - begin != count * type.width) {
            throw broken(
                    file,
                    name + " inside the file, " + count + " elements",
                    begin + " to " + end + " of " + (size - data));
        }
        TorchStorage.Bytes bytes = end == begin
                ? TorchStorage.Bytes.of(ByteBuffer.allocate(0))
                : mapped
                        ? TorchStorage.Bytes.of(channel.map(FileChannel.MapMode.READ_ONLY, data + begin, end - begin))
                        : TorchStorage.Bytes.of(file, data + begin);
        return new TorchTensor(
                new TorchStorage(type, count, bytes), 0, shape, TorchTensor.strides(shape), false, false);
    }

    /**
     * Writes named tensors, whole or not at all. Tensors that share a storage become copies, since the format has no
     * views.
     */
    public static void write(Path file, Map<String, TorchTensor> tensors) {
        write(file, tensors, Map.of());
    }

    /** The same with metadata. */
    public static void write(Path file, Map<String, TorchTensor> tensors, Map<String, String> metadata) {
        write(file, tensors, metadata, false);
    }

    /**
     * The same with a seal, which {@link #openSealed} compares: {@code sha256} of all bytes in the metadata.
     *
     * @param metadata text by name, none of them called sha256
     */
    public static void writeSealed(Path file, Map<String, TorchTensor> tensors, Map<String, String> metadata) {
        Map<String, String> all = new LinkedHashMap<>();
        all.put(SEAL, BLANK);
        all.putAll(metadata);
        write(file, tensors, all, true);
    }

    private static void write(
            Path file, Map<String, TorchTensor> tensors, Map<String, String> metadata, boolean sealed) {
        ByteBuffer start = header(tensors, metadata);
        WholeFile.write(STAGE, file, part -> {
            try (FileChannel channel = FileChannel.open(
                    part, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
                List<ByteBuffer> parts = new ArrayList<>(List.of(start));
                tensors.values().forEach(t -> parts.add(t.bytes()));
                MessageDigest digest = Sha256.digest();
                for (ByteBuffer b : parts) {
                    if (sealed) {
                        digest.update(b.duplicate());
                    }
                    while (b.hasRemaining()) {
                        channel.write(b);
                    }
                }
                if (sealed) {
                    ByteBuffer seal = ByteBuffer.wrap(Sha256.hex(digest).getBytes(StandardCharsets.US_ASCII));
                    while (seal.hasRemaining()) {
                        channel.write(seal, SEAL_AT + seal.position());
                    }
                }
            }
        });
    }

    /** The length of the header and the header, filled with spaces so that data begin at a multiple of 8. */
    private static ByteBuffer header(Map<String, TorchTensor> tensors, Map<String, String> metadata) {
        JsonObject header = new JsonObject();
        if (!metadata.isEmpty()) {
            JsonObject o = new JsonObject();
            metadata.forEach(o::addProperty);
            header.add("__metadata__", o);
        }
        long at = 0;
        for (Map.Entry<String, TorchTensor> e : tensors.entrySet()) {
            TorchTensor t = e.getValue();
            JsonObject o = new JsonObject();
            o.addProperty(
                    "dtype",
                    TYPES.entrySet().stream()
                            .filter(x -> x.getValue() == t.type())
                            .findFirst()
                            .orElseThrow()
                            .getKey());
            JsonArray shape = new JsonArray(), offsets = new JsonArray();
            for (long n : t.shape()) {
                shape.add(n);
            }
            offsets.add(at);
            at += t.size() * t.type().width;
            offsets.add(at);
            o.add("shape", shape);
            o.add("data_offsets", offsets);
            header.add(e.getKey(), o);
        }
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (text.length + 7) / 8 * 8;
        ByteBuffer start = ByteBuffer.allocate(8 + padded)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded)
                .put(text);
        while (start.hasRemaining()) {
            start.put((byte) ' ');
        }
        return start.flip();
    }

    private static Problem broken(Path file, String need, String got) {
        return Problem.in(STAGE, file, need, got, "copy or download the file again");
    }
}
