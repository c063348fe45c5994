package diffsvc.checkpoint;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The memory that one or more tensors of a file look at. Two tensors share it when they hold the same object, and a
 * writer keeps that so. Read from a file it is a mapping of the file's bytes, nothing copied before somebody asks for
 * values; or a stretch of the file that is read at each asking, for those who answer for every page of their process.
 */
public final class TorchStorage {
    private final TorchTensor.Type type;
    private final long elements;
    private Bytes bytes;

    /** Where bytes come from. */
    interface Bytes {
        ByteBuffer read(long from, int count);

        /** Memory or a mapping. */
        static Bytes of(ByteBuffer memory) {
            ByteBuffer all = memory.slice();
            return (from, count) -> all.slice(Math.toIntExact(from), count);
        }

        /** A stretch of a file, copied at each asking. */
        static Bytes of(Path file, long at) {
            return (from, count) -> {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                    ByteBuffer copy = ByteBuffer.allocate(count);
                    while (copy.hasRemaining()) {
                        if (channel.read(copy, at + from + copy.position()) < 0) {
                            throw Problem.in(
                                    "checkpoint",
                                    file,
                                    "the file as it was when it was opened",
                                    "a shorter one",
                                    "start again");
                        }
                    }
                    return copy.flip();
                } catch (IOException e) {
                    throw Problem.in(
                            "checkpoint",
                            file,
                            "the file as it was when it was opened",
                            e.getClass().getSimpleName(),
                            "put it back, or start again");
                }
            };
        }
    }

    TorchStorage(TorchTensor.Type type, long elements, ByteBuffer bytes) {
        this(type, elements, Bytes.of(bytes));
    }

    TorchStorage(TorchTensor.Type type, long elements, Bytes bytes) {
        this.type = type;
        this.elements = elements;
        this.bytes = bytes;
    }

    /** A stream file tells of its storages first and holds their bytes at its end. */
    void bind(Bytes later) {
        bytes = later;
    }

    /**
     * What an element is.
     *
     * @return their type
     */
    public TorchTensor.Type type() {
        return type;
    }

    /**
     * How many elements it holds.
     *
     * @return how many
     */
    public long elements() {
        return elements;
    }

    /**
     * All bytes, little endian; a fresh view with its own position.
     *
     * @return little endian
     */
    public ByteBuffer bytes() {
        return bytes(0, Math.toIntExact(elements * type.width()));
    }

    /** Some of the bytes. */
    ByteBuffer bytes(long from, int count) {
        return bytes.read(from, count).order(ByteOrder.LITTLE_ENDIAN);
    }
}
