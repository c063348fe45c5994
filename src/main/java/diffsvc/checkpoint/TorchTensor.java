package diffsvc.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor as a file holds it: a view of a storage, independent of the engine, which aborts on types that it does not
 * know. Values are copied when they are used.
 */
public final class TorchTensor {
    /** Element types of torch storages. */
    public enum Type {
        /** 64 bit float. */
        DOUBLE("DoubleStorage", 8),
        /** 32 bit float. */
        FLOAT("FloatStorage", 4),
        /** 16 bit float, 5 bits of exponent. */
        HALF("HalfStorage", 2),
        /** 16 bit float, 8 bits of exponent. */
        BFLOAT16("BFloat16Storage", 2),
        /** 64 bit integer. */
        LONG("LongStorage", 8),
        /** 32 bit integer. */
        INT("IntStorage", 4),
        /** 16 bit integer. */
        SHORT("ShortStorage", 2),
        /** 8 bit integer with sign. */
        CHAR("CharStorage", 1),
        /** 8 bit integer without sign. */
        BYTE("ByteStorage", 1),
        /** 0 or 1 in a byte. */
        BOOL("BoolStorage", 1);

        final String storage;
        final int width;

        Type(String storage, int width) {
            this.storage = storage;
            this.width = width;
        }

        /** Bytes per element. */
        public int width() {
            return width;
        }

        /** Whether the elements are floating-point numbers. */
        public boolean isFloating() {
            return switch (this) {
                case DOUBLE, FLOAT, HALF, BFLOAT16 -> true;
                default -> false;
            };
        }
    }

    private final TorchStorage storage;
    private final long offset;
    private final long[] shape, stride;
    private final boolean requiresGrad, parameter;

    TorchTensor(
            TorchStorage storage, long offset, long[] shape, long[] stride, boolean requiresGrad, boolean parameter) {
        this.storage = storage;
        this.offset = offset;
        this.shape = shape;
        this.stride = stride;
        this.requiresGrad = requiresGrad;
        this.parameter = parameter;
    }

    private static TorchTensor contiguous(Type type, ByteBuffer bytes, long... shape) {
        return new TorchTensor(
                new TorchStorage(type, bytes.capacity() / type.width, bytes.clear()),
                0,
                shape,
                strides(shape),
                false,
                false);
    }

    static long[] strides(long[] shape) {
        long[] stride = new long[shape.length];
        long step = 1;
        for (int d = stride.length - 1; d >= 0; d--) {
            stride[d] = step;
            step *= Math.max(1, shape[d]);
        }
        return stride;
    }

    /**
     * A float32 tensor.
     *
     * @param values in C order
     */
    public static TorchTensor of(float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return contiguous(Type.FLOAT, bytes, shape);
    }

    /**
     * A float16 tensor, rounded to nearest: half the bytes for values that need no more than 11 bits.
     *
     * @param values in C order
     */
    public static TorchTensor half(float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * 2).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : values) {
            bytes.putShort(toHalf(v));
        }
        return contiguous(Type.HALF, bytes, shape);
    }

    /**
     * A bfloat16 tensor, rounded to nearest: float32's range in half the bytes, for values that need no more than 8
     * bits.
     *
     * @param values in C order
     */
    public static TorchTensor bfloat16(float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * 2).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : values) {
            bytes.putShort(toBfloat16(v));
        }
        return contiguous(Type.BFLOAT16, bytes, shape);
    }

    /**
     * A tensor of any type.
     *
     * @param bytes of the elements, little endian, in C order; not copied
     */
    public static TorchTensor ofBytes(Type type, ByteBuffer bytes, long... shape) {
        return contiguous(type, bytes.slice(), shape);
    }

    /** A float32 copy of an array on any device. */
    public static TorchTensor of(NDArray array) {
        return of(array.toFloatArray(), array.getShape().getShape());
    }

    private static short toHalf(float v) {
        int bits = Float.floatToIntBits(v), sign = bits >>> 16 & 0x8000;
        float magnitude = Math.abs(v);
        if (!(magnitude < 65520)) { // infinity, NaN and what rounds to infinity
            return (short) (sign | 0x7c00 | (Float.isNaN(v) ? 0x200 : 0));
        }
        if (magnitude < 6.1035156e-5f) { // subnormal: steps of 2^-24
            return (short) (sign | (int) Math.rint(magnitude / 5.9604644775390625e-8));
        }
        int rounded =
                (bits & 0x7fffffff) + 0xfff + (bits >>> 13 & 1); // the 13 bits that are dropped round half to even
        return (short) (sign | (rounded - (112 << 23)) >>> 13);
    }

    private static short toBfloat16(float v) {
        int bits = Float.floatToIntBits(v);
        return (short)
                (Float.isNaN(v)
                        ? bits >>> 16
                        : bits + 0x7fff + (bits >>> 16 & 1) >>> 16); // the 16 bits that are dropped round half to even
    }

    /** The type of the elements. */
    public Type type() {
        return storage.type();
    }

    /** Sizes of the axes; empty for a scalar. */
    public long[] shape() {
        return shape.clone();
    }

    TorchStorage storage() {
        return storage;
    }

    long offset() {
        return offset;
    }

    long[] stride() {
        return stride;
    }

    boolean requiresGrad() {
        return requiresGrad;
    }

    boolean parameter() {
        return parameter;
    }

    /** The same values as Python's torch.nn.Parameter. */
    TorchTensor asParameter(boolean withGrad) {
        return new TorchTensor(storage, offset, shape, stride, withGrad, true);
    }

    /** Whether two tensors have the same storage. */
    public boolean sharesStorage(TorchTensor other) {
        return storage == other.storage;
    }

    /**
     * Rows {@code from} up to, not including, {@code to} of the first axis: a view of the same storage.
     *
     * @param from first row
     * @param to the row behind the last, at most shape()[0]
     */
    public TorchTensor rows(long from, long to) {
        if (from < 0 || to < from || to > shape[0]) {
            throw new IndexOutOfBoundsException("rows " + from + " to " + to + " of " + this);
        }
        long[] part = shape.clone();
        part[0] = to - from;
        return new TorchTensor(storage, offset + from * stride[0], part, stride, requiresGrad, parameter);
    }

    /** Number of elements. */
    public long size() {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    private boolean isContiguous() {
        long step = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            if (shape[d] != 1 && stride[d] != step) {
                return false;
            }
            step *= Math.max(1, shape[d]);
        }
        return true;
    }

    /** The elements in C order, little endian: the bytes of the file if they are contiguous, else a copy. */
    public ByteBuffer bytes() {
        int width = type().width, n = Math.toIntExact(size() * width);
        if (n == 0) {
            return ByteBuffer.allocate(0);
        }
        if (isContiguous()) {
            return storage.bytes(offset * width, n);
        }
        ByteBuffer all = storage.bytes();
        ByteBuffer out = ByteBuffer.allocate(n).order(ByteOrder.LITTLE_ENDIAN);
        long[] index = new long[shape.length];
        for (int i = 0; i < n; i += width) {
            long at = offset;
            for (int d = 0; d < index.length; d++) {
                at += index[d] * stride[d];
            }
            out.put(i, all, Math.toIntExact(at * width), width);
            for (int d = index.length - 1; d >= 0 && ++index[d] == shape[d]; d--) {
                index[d] = 0;
            }
        }
        return out;
    }

    /** The elements in C order, converted to float32. */
    public float[] toFloats() {
        double[] exact = type() == Type.DOUBLE || type() == Type.LONG ? toDoubles() : null;
        float[] out = new float[Math.toIntExact(size())];
        ByteBuffer b = bytes();
        if (type() == Type.FLOAT) {
            b.asFloatBuffer().get(out);
            return out;
        }
        for (int i = 0; i < out.length; i++) {
            out[i] = exact != null ? (float) exact[i] : (float) element(b, i);
        }
        return out;
    }

    /** The elements in C order, converted to float64; int64 beyond 2^53 are rounded. */
    public double[] toDoubles() {
        double[] out = new double[Math.toIntExact(size())];
        ByteBuffer b = bytes();
        for (int i = 0; i < out.length; i++) {
            out[i] = element(b, i);
        }
        return out;
    }

    private double element(ByteBuffer b, int i) {
        return switch (type()) {
            case DOUBLE -> b.getDouble(i * 8);
            case FLOAT -> b.getFloat(i * 4);
            case HALF -> half(b.getShort(i * 2));
            case BFLOAT16 -> Float.intBitsToFloat(b.getShort(i * 2) << 16);
            case LONG -> b.getLong(i * 8);
            case INT -> b.getInt(i * 4);
            case SHORT -> b.getShort(i * 2);
            case CHAR -> b.get(i);
            case BYTE, BOOL -> Byte.toUnsignedInt(b.get(i));
        };
    }

    /**
     * A float32 array in the engine's own memory. An array made from a Java buffer stays in that buffer at any
     * alignment, and the engine's matrix products round by alignment, so the same weights would give other last bits
     * from run to run. Memory-mapped values do not pass through Java's heap.
     *
     * @param manager owner of the array
     */
    public NDArray toFloat32(NDManager manager) {
        ByteBuffer b = bytes();
        try (NDManager scratch = manager.newSubManager()) {
            NDArray seen = type() != Type.FLOAT || !b.isDirect() || b.capacity() == 0
                    ? scratch.create(toFloats(), new Shape(shape))
                    : scratch.create(b, new Shape(shape), DataType.FLOAT32);
            NDArray copy = seen.duplicate();
            copy.attach(manager);
            return copy;
        }
    }

    /** IEEE half to float (JDK 20 has this built in). */
    private static float half(short h) {
        int sign = (h & 0x8000) << 16, exponent = (h >> 10) & 31, mantissa = h & 1023;
        if (exponent == 0) {
            float f = mantissa * 5.9604645e-8f; // subnormal: steps of 2^-24
            return sign == 0 ? f : -f;
        }
        return Float.intBitsToFloat(sign | (exponent == 31 ? 0x7f800000 : (exponent + 112) << 23) | mantissa << 13);
    }

    @Override
    public String toString() {
        return type().name().toLowerCase() + Arrays.toString(shape);
    }

    /** The same type, shape and bits. */
    @Override
    public boolean equals(Object o) {
        return o instanceof TorchTensor t
                && t.type() == type()
                && Arrays.equals(t.shape, shape)
                && t.bytes().clear().equals(bytes().clear());
    }

    @Override
    public int hashCode() {
        return 31 * type().hashCode() + Arrays.hashCode(shape);
    }
}
