package diffsvc.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A tensor as a file holds it: contiguous bytes, little endian, apart from any engine (which aborts on types it does not know).
 *
 * @param type element type
 * @param shape sizes; empty for a scalar
 * @param bytes the elements in C order
 */
public record TorchTensor(Type type, long[] shape, ByteBuffer bytes) {
    /** Element types of torch storages. */
    public enum Type {
        DOUBLE("DoubleStorage", 8), FLOAT("FloatStorage", 4), HALF("HalfStorage", 2), BFLOAT16("BFloat16Storage", 2), LONG("LongStorage", 8),
        INT("IntStorage", 4), SHORT("ShortStorage", 2), CHAR("CharStorage", 1), BYTE("ByteStorage", 1), BOOL("BoolStorage", 1);

        final String storage;
        final int width;

        Type(String storage, int width) {
            this.storage = storage;
            this.width = width;
        }
    }

    /** A float32 tensor of these values. */
    public static TorchTensor of(float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return new TorchTensor(Type.FLOAT, shape, bytes);
    }

    /** A float16 tensor of these values, rounded to nearest; half the bytes where 11 bits are enough. */
    public static TorchTensor half(float[] values, long... shape) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * 2).order(ByteOrder.LITTLE_ENDIAN);
        for (float v : values) {
            bytes.putShort(toHalf(v));
        }
        return new TorchTensor(Type.HALF, shape, bytes);
    }

    private static short toHalf(float v) {
        int bits = Float.floatToIntBits(v), sign = bits >>> 16 & 0x8000;
        float magnitude = Math.abs(v);
        if (!(magnitude < 65520)) {                                    // infinity, NaN and what rounds to infinity
            return (short) (sign | 0x7c00 | (Float.isNaN(v) ? 0x200 : 0));
        }
        if (magnitude < 6.1035156e-5f) {                               // subnormal: steps of 2^-24
            return (short) (sign | (int) Math.rint(magnitude / 5.9604644775390625e-8));
        }
        int rounded = (bits & 0x7fffffff) + 0xfff + (bits >>> 13 & 1);   // half to even on the 13 bits that go
        return (short) (sign | (rounded - (112 << 23)) >>> 13);
    }

    /** A float32 copy of an array on any device. */
    public static TorchTensor of(NDArray array) {
        return of(array.toFloatArray(), array.getShape().getShape());
    }

    /** Number of elements. */
    public long size() {
        return Arrays.stream(shape).reduce(1, (a, b) -> a * b);
    }

    /** The elements as float32, whatever their type. */
    public float[] toFloats() {
        float[] out = new float[Math.toIntExact(size())];
        ByteBuffer b = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN).clear();
        for (int i = 0; i < out.length; i++) {
            out[i] = switch (type) {
                case DOUBLE -> (float) b.getDouble(i * 8);
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
        return out;
    }

    /** A float32 array of the manager. */
    public NDArray toFloat32(NDManager manager) {
        return manager.create(toFloats(), new Shape(shape));
    }

    /** IEEE half to float (JDK 20 has this built in). */
    private static float half(short h) {
        int sign = (h & 0x8000) << 16, exponent = (h >> 10) & 31, mantissa = h & 1023;
        if (exponent == 0) {
            float f = mantissa * 5.9604645e-8f;                       // subnormal: 2^-24 a step
            return sign == 0 ? f : -f;
        }
        return Float.intBitsToFloat(sign | (exponent == 31 ? 0x7f800000 : (exponent + 112) << 23) | mantissa << 13);
    }


    @Override public String toString() {
        return type.name().toLowerCase() + Arrays.toString(shape);
    }

    @Override public boolean equals(Object o) {
        return o instanceof TorchTensor t && t.type == type && Arrays.equals(t.shape, shape) && t.bytes.duplicate().clear().equals(bytes.duplicate().clear());
    }

    @Override public int hashCode() {
        return 31 * type.hashCode() + Arrays.hashCode(shape);
    }
}
