package diffsvc.audio;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** WAV files by hand, with headers that a writer would not write. */
final class Riff {
    private Riff() {}

    /** A file of these chunks. */
    static byte[] file(String magic, byte[]... chunks) {
        byte[] body = join(chunks);
        return join(ascii(magic), little(4).putInt(body.length + 4).array(), ascii("WAVE"), body);
    }

    /** A chunk, padded to an even length, that declares the length of its body. */
    static byte[] chunk(String id, byte[] body) {
        return join(chunk(id, body.length, body), new byte[body.length & 1]);
    }

    /** A chunk that declares another length. */
    static byte[] chunk(String id, int declared, byte[] body) {
        return join(ascii(id), little(4).putInt(declared).array(), body);
    }

    static byte[] fmt(int coding, int channels, int rate, int bits) {
        return fmt(coding, channels, rate, bits, channels * bits / 8);
    }

    static byte[] fmt(int coding, int channels, int rate, int bits, int block) {
        return chunk(
                "fmt ",
                little(16)
                        .putShort((short) coding)
                        .putShort((short) channels)
                        .putInt(rate)
                        .putInt(rate * block)
                        .putShort((short) block)
                        .putShort((short) bits)
                        .array());
    }

    static byte[] ds64(long bytes) {
        return chunk(
                "ds64",
                little(28).putLong(0).putLong(bytes).putLong(0).putInt(0).array());
    }

    /** 16-bit samples 1, 2, 3 ... n, of one channel. */
    static byte[] counted(int n) {
        ByteBuffer b = little(2 * n);
        for (int i = 1; i <= n; i++) {
            b.putShort((short) i);
        }
        return b.array();
    }

    static byte[] floats(float... v) {
        ByteBuffer b = little(4 * v.length);
        for (float x : v) {
            b.putFloat(x);
        }
        return b.array();
    }

    static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] p : parts) {
            out.writeBytes(p);
        }
        return out.toByteArray();
    }
}
