package diffsvc.checkpoint;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The memory of one or more tensors of a file. Tensors that hold the same object share it, also in a file that is
 * written. A storage of a file is a memory mapping, or a stretch of the file that is read at each use, for processes
 * whose pages are counted.
 */
public final class TorchStorage {
    private final TorchTensor.Type type;
    private final long elements;
    private Bytes bytes;

    /** The source of the bytes. */
    interface Bytes {
        ByteBuffer read(long from, int count);

        /** From memory or a mapping. */
        static Bytes of(ByteBuffer memory) {
            ByteBuffer all = memory.slice();
            return (from, count) -> all.slice(Math.toIntExact(from), count);
        }

        /** From a stretch of a file, copied at each use. */
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

    /** Sets the bytes later: a stream file lists its storages first and holds their bytes at its end. */
    void bind(Bytes later) {
        bytes = later;
    }

    /** The type of the elements. */
    public TorchTensor.Type type() {
        return type;
    }

    /** The number of elements. */
    public long elements() {
        return elements;
    }

    /** All bytes, little endian, as a new view with its own position. */
    public ByteBuffer bytes() {
        return bytes(0, Math.toIntExact(elements * type.width()));
    }

    /** Some of the bytes. */
    ByteBuffer bytes(long from, int count) {
        return bytes.read(from, count).order(ByteOrder.LITTLE_ENDIAN);
    }
}
