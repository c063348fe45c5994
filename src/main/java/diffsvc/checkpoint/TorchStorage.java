package diffsvc.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The memory that one or more tensors of a file look at. Two tensors share it when they hold the same object, and a writer keeps that so. Read from a
 * file it is a mapping of the file's bytes: nothing is copied before somebody asks for values.
 */
public final class TorchStorage {
    private final TorchTensor.Type type;
    private final long elements;
    private ByteBuffer bytes;

    TorchStorage(TorchTensor.Type type, long elements, ByteBuffer bytes) {
        this.type = type;
        this.elements = elements;
        this.bytes = bytes == null ? null : bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A stream file tells of its storages first and holds their bytes at its end. */
    void bind(ByteBuffer later) {
        bytes = later.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    public TorchTensor.Type type() {
        return type;
    }

    public long elements() {
        return elements;
    }

    /** All bytes, little endian; a fresh view with its own position. */
    public ByteBuffer bytes() {
        return bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).clear();
    }
}
