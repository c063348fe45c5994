package diffsvc.audio;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * RIFF/WAVE files: PCM of 8, 16, 24 and 32 bits, float of 32 and 64 bits, plain or WAVE_FORMAT_EXTENSIBLE, any rate and channels. Integers
 * are divided by 2^(bits-1), as libsndfile does. Lengths are checked against the bytes that are there, so a cut file is refused by name.
 */
public final class WavReader {
    private static final int PCM = 1, FLOAT = 3, EXTENSIBLE = 0xFFFE;
    private static final String STAGE = "audio";

    private WavReader() {}

    /**
     * Reads the whole file.
     *
     * @throws Problem when the file is missing, is no WAV, is cut, or holds a coding this class does not read
     */
    public static Wave read(Path file) {
        if (!Files.isRegularFile(file)) {
            throw Problem.in(STAGE, file, "a WAV file", Files.isDirectory(file) ? "a folder" : "nothing at that path", "check the path");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size > Integer.MAX_VALUE - 8) {
                throw Problem.in(STAGE, file, "a file below 2 GiB", size + " bytes", "cut the song into parts");
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) size).order(ByteOrder.LITTLE_ENDIAN);
            while (bytes.hasRemaining() && channel.read(bytes) >= 0) { }
            return parse(file, bytes.flip());
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a readable file", String.valueOf(e.getMessage()), "check its permissions");
        }
    }

    private static Wave parse(Path file, ByteBuffer in) {
        if (in.remaining() == 0) {
            throw Problem.in(STAGE, file, "a WAV file", "an empty file", "export the song again");
        }
        if (in.remaining() < 12 || !tag(in, 0).equals("RIFF") || !tag(in, 8).equals("WAVE")) {
            String head = new String(in.array(), 0, Math.min(12, in.limit()), StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", ".");
            throw Problem.in(STAGE, file, "a WAV file (RIFF....WAVE)", "a file that starts with \"" + head + "\"", "convert it to WAV first");
        }
        int coding = 0, channels = 0, rate = 0, bits = 0, block = 0;
        int at = 12;
        while (at + 8 <= in.limit()) {
            String id = tag(in, at);
            long length = Integer.toUnsignedLong(in.getInt(at + 4));
            int body = at + 8;
            if (id.equals("data")) {
                if (channels == 0) {
                    throw Problem.in(STAGE, file, "a 'fmt ' chunk before the data", "none", "export the song again");
                }
                if (length == 0xFFFFFFFFL || length == 0) {        // writers that stream leave the length open
                    length = in.limit() - body;
                }
                if (body + length > in.limit()) {
                    throw Problem.in(STAGE, file, length + " bytes of sound", (in.limit() - body) + " (the file is cut)", "copy or export it again");
                }
                return decode(file, in, body, (int) length, coding, channels, rate, bits, block);
            }
            if (body + length > in.limit()) {
                throw Problem.in(STAGE, file, "a chunk '" + id + "' of " + length + " bytes", (in.limit() - body) + " (the file is cut)",
                        "copy or export it again");
            }
            if (id.equals("fmt ")) {
                if (length < 16) {
                    throw Problem.in(STAGE, file, "16 bytes of format", String.valueOf(length), "export the song again");
                }
                coding = Short.toUnsignedInt(in.getShort(body));
                channels = Short.toUnsignedInt(in.getShort(body + 2));
                rate = in.getInt(body + 4);
                block = Short.toUnsignedInt(in.getShort(body + 12));
                bits = Short.toUnsignedInt(in.getShort(body + 14));
                if (coding == EXTENSIBLE && length >= 40) {
                    coding = Short.toUnsignedInt(in.getShort(body + 24));   // first two bytes of the sub-format's GUID
                }
            }
            at = (int) (body + length + (length & 1));                    // chunks are padded to even lengths
        }
        throw Problem.in(STAGE, file, "a 'data' chunk", "none", "export the song again");
    }

    private static Wave decode(Path file, ByteBuffer in, int from, int length, int coding, int channels, int rate, int bits, int block) {
        boolean known = coding == PCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32) || coding == FLOAT && (bits == 32 || bits == 64);
        if (!known || channels == 0 || rate <= 0 || block != channels * bits / 8) {
            throw Problem.in(STAGE, file, "PCM of 8/16/24/32 bits or float of 32/64",
                    "coding " + coding + ", " + bits + " bits, " + channels + " channels, " + rate + " Hz, blocks of " + block, "export it as 16-bit PCM");
        }
        int n = length / block, width = bits / 8;
        if (n == 0) {
            throw Problem.in(STAGE, file, "at least one sample", "none", "export the song again");
        }
        float[][] wave = new float[channels][n];
        for (int i = 0, at = from; i < n; i++) {
            for (int c = 0; c < channels; c++, at += width) {
                wave[c][i] = switch (coding * 100 + bits) {
                    case PCM * 100 + 8 -> (Byte.toUnsignedInt(in.get(at)) - 128) / 128f;
                    case PCM * 100 + 16 -> in.getShort(at) / 32768f;
                    case PCM * 100 + 24 -> ((in.get(at + 2) << 16) | Byte.toUnsignedInt(in.get(at + 1)) << 8 | Byte.toUnsignedInt(in.get(at))) / 8388608f;
                    case PCM * 100 + 32 -> (float) (in.getInt(at) / 2147483648.0);
                    case FLOAT * 100 + 32 -> in.getFloat(at);
                    default -> (float) in.getDouble(at);
                };
                if (!Float.isFinite(wave[c][i])) {
                    throw Problem.in(STAGE, file, "finite samples", wave[c][i] + " at sample " + i, "export the song again");
                }
            }
        }
        return new Wave(wave, rate);
    }

    private static String tag(ByteBuffer in, int at) {
        return new String(in.array(), at, 4, StandardCharsets.ISO_8859_1);
    }
}
