package diffsvc.testing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A model.bin of CTranslate2, byte by byte. */
public final class CTranslate2Bytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /** Version 6 of a WhisperSpec with so many tensors. */
    public static CTranslate2Bytes whisper(int tensors) {
        return new CTranslate2Bytes().u32(6).text("WhisperSpec").u32(3).u32(tensors);
    }

    public CTranslate2Bytes u8(int v) {
        out.write(v);
        return this;
    }

    public CTranslate2Bytes u16(int v) {
        return u8(v & 255).u8(v >> 8 & 255);
    }

    public CTranslate2Bytes u32(long v) {
        return u16((int) (v & 0xffff)).u16((int) (v >> 16 & 0xffff));
    }

    /** With the closing zero, which its length counts. */
    public CTranslate2Bytes text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        u16(bytes.length + 1);
        out.writeBytes(bytes);
        return u8(0);
    }

    /** A float32 tensor. */
    public CTranslate2Bytes floats(String name, float[] values, long... shape) {
        text(name).u8(shape.length);
        for (long n : shape) {
            u32(n);
        }
        u8(0).u32(4L * values.length);
        ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        b.asFloatBuffer().put(values);
        out.writeBytes(b.array());
        return this;
    }

    public byte[] bytes() {
        return out.toByteArray();
    }
}
