package diffsvc.checkpoint;

import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The tensors of CTranslate2's {@code model.bin}, version 6. Little endian: u32 version, the model's kind, u32
 * revision, u32 count; for each tensor its name, u8 axes, their u32 sizes, u8 type, u32 bytes, the values; then u32
 * count of pairs of names, an alias and the tensor it stands for. A text is u16 bytes, the closing zero among them.
 */
public final class CTranslate2 {
    private static final String STAGE = "checkpoint";
    private static final int VERSION = 6, LONGEST_NAME = 1024, MOST_AXES = 16, MOST_TENSORS = 1 << 20;
    /** By their codes. */
    private static final TorchTensor.Type[] TYPES = {
        TorchTensor.Type.FLOAT,
        TorchTensor.Type.CHAR,
        TorchTensor.Type.SHORT,
        TorchTensor.Type.INT,
        TorchTensor.Type.HALF,
        TorchTensor.Type.BFLOAT16
    };

    private final Path file;
    private final ByteBuffer bytes;

    private CTranslate2(Path file, ByteBuffer bytes) {
        this.file = file;
        this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Whether the file begins as one: a small version, then a name that ends in "Spec". */
    public static boolean isOne(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer start = ByteBuffer.allocate(6 + 64).order(ByteOrder.LITTLE_ENDIAN);
            while (start.hasRemaining() && channel.read(start) >= 0) {
                // until it is full, or the file ends
            }
            start.flip();
            if (start.remaining() < 6) {
                return false;
            }
            int version = start.getInt(), length = Short.toUnsignedInt(start.getShort());
            return version > 0
                    && version < 256
                    && length > 5
                    && length <= start.remaining()
                    && new String(start.array(), 6, length - 1, StandardCharsets.ISO_8859_1).matches("\\w+Spec");
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * The tensors by name, in the file's order, memory-mapped; an alias is its tensor under another name.
     *
     * @throws Problem when the file is damaged or of another version
     */
    public static Map<String, TorchTensor> read(Path file) {
        Input.require(STAGE, file, "a model.bin of CTranslate2");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() > Integer.MAX_VALUE) {
                throw Problem.in(
                        STAGE,
                        file,
                        "a model.bin up to 2 GiB",
                        channel.size() + " bytes",
                        "take openai's or transformers' file of the same model");
            }
            return new CTranslate2(file, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size())).tensors();
        } catch (IOException e) {
            throw broken(file, "a readable file", WholeFile.reason(e));
        }
    }

    private Map<String, TorchTensor> tensors() {
        try {
            long version = count();
            if (version != VERSION) {
                throw Problem.in(
                        STAGE,
                        file,
                        "CTranslate2's format " + VERSION,
                        String.valueOf(version),
                        "convert the model with a CTranslate2 that writes it");
            }
            text(); // the kind
            count(); // its revision
            long tensors = bounded("tensors", MOST_TENSORS);
            Map<String, TorchTensor> all = new LinkedHashMap<>();
            for (long i = 0; i < tensors; i++) {
                String name = text();
                if (all.put(name, tensor(name)) != null) {
                    throw broken(file, "each tensor once", name + " twice");
                }
            }
            long aliases = bounded("aliases", MOST_TENSORS);
            for (long i = 0; i < aliases; i++) {
                String alias = text(), of = text();
                if (!all.containsKey(of)) {
                    throw broken(file, "a tensor " + of + " for the alias " + alias, "none");
                }
                all.put(alias, all.get(of));
            }
            return all;
        } catch (BufferUnderflowException e) {
            throw broken(file, "more bytes behind byte " + bytes.position(), "the end of the file");
        }
    }

    private TorchTensor tensor(String name) {
        int axes = Byte.toUnsignedInt(bytes.get());
        if (axes > MOST_AXES) {
            throw broken(file, "up to " + MOST_AXES + " axes of " + name, axes + " axes");
        }
        long[] shape = new long[axes];
        long elements = 1;
        for (int d = 0; d < axes; d++) {
            shape[d] = count();
            // a product beyond the file is refused here, before it can overflow
            elements = shape[d] == 0 ? 0 : elements > bytes.capacity() ? elements : elements * shape[d];
        }
        int code = Byte.toUnsignedInt(bytes.get());
        if (code >= TYPES.length) {
            throw broken(file, "a type below " + TYPES.length + " of " + name, String.valueOf(code));
        }
        long length = count();
        if (elements > bytes.capacity() || length != elements * TYPES[code].width || length > bytes.remaining()) {
            throw broken(
                    file,
                    elements + " values of " + name + " inside the file",
                    length + " bytes claimed of " + bytes.remaining());
        }
        ByteBuffer values = bytes.slice(bytes.position(), (int) length);
        bytes.position(bytes.position() + (int) length);
        return TorchTensor.ofBytes(TYPES[code], values, shape);
    }

    private long count() {
        return Integer.toUnsignedLong(bytes.getInt());
    }

    private long bounded(String what, long most) {
        long count = count();
        if (count > most) {
            throw broken(file, "up to " + most + " " + what, String.valueOf(count));
        }
        return count;
    }

    private String text() {
        int length = Short.toUnsignedInt(bytes.getShort());
        if (length < 1 || length > LONGEST_NAME) {
            throw broken(file, "a name of 1 to " + LONGEST_NAME + " bytes", length + " bytes");
        }
        byte[] text = new byte[length];
        bytes.get(text);
        if (text[length - 1] != 0) {
            throw broken(file, "a name that ends in a zero", "another byte before byte " + bytes.position());
        }
        return new String(text, 0, length - 1, StandardCharsets.UTF_8);
    }

    private static Problem broken(Path file, String need, String got) {
        return Problem.in(STAGE, file, need, got, "copy or download the file again");
    }
}
