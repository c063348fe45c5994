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
 * RIFF/WAVE files: PCM of 8, 16, 24 and 32 bits, float of 32 and 64 bits, plain or WAVE_FORMAT_EXTENSIBLE, any rate and channels, beyond 4 GiB as RF64
 * (EBU Tech 3306). Integers are divided by 2^(bits-1), as libsndfile does. Lengths are checked against the bytes that are there, so a cut file is refused by
 * name; samples are read a part at a time.
 */
public final class WavReader implements Recording {
    private static final int PCM = 1, FLOAT = 3, EXTENSIBLE = 0xFFFE, MOST_BYTES = 1 << 20;
    private static final long OPEN = 0xFFFFFFFFL;
    private static final String STAGE = "audio";
    private final Path file;
    private final FileChannel channel;
    private final Format format;
    private final long data;
    private final int samples;

    private record Format(int coding, int channels, int rate, int bits, int block) {}

    private WavReader(Path file, FileChannel channel, Format format, long data, int samples) {
        this.file = file;
        this.channel = channel;
        this.format = format;
        this.data = data;
        this.samples = samples;
    }

    /**
     * Reads the whole file.
     *
     * @param file path
     * @return all channels
     */
    public static Wave read(Path file) {
        try (WavReader reader = open(file)) {
            return reader.whole();
        }
    }

    /**
     * Opens a file and checks its header.
     *
     * @param file path
     * @return to be closed
     * @throws Problem when the file is missing, is no WAV, is cut, or holds a coding this class does not read
     */
    public static WavReader open(Path file) {
        if (!Files.isRegularFile(file)) {
            throw Problem.in(STAGE, file, "a WAV file", Files.isDirectory(file) ? "a folder" : "nothing at that path", "check the path");
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
            return parse(file, channel);
        } catch (IOException | RuntimeException e) {
            close(channel);
            if (e instanceof RuntimeException problem) {
                throw problem;
            }
            throw Problem.in(STAGE, file, "a readable file", String.valueOf(e.getMessage()), "check its permissions");
        }
    }

    private static WavReader parse(Path file, FileChannel channel) throws IOException {
        long size = channel.size(), whole = -1;
        if (size == 0) {
            throw Problem.in(STAGE, file, "a WAV file", "an empty file", "export the song again");
        }
        ByteBuffer head = bytes(channel, 0, 12);
        if (head.limit() < 12 || !tag(head, 0).equals("RIFF") && !tag(head, 0).equals("RF64") || !tag(head, 8).equals("WAVE")) {
            String start = new String(head.array(), 0, head.limit(), StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", ".");
            throw Problem.in(STAGE, file, "a WAV file (RIFF....WAVE)", "a file that starts with \"" + start + "\"", "convert it to WAV first");
        }
        Format format = null;
        for (long at = 12; at + 8 <= size;) {
            ByteBuffer chunk = bytes(channel, at, 48);
            String id = tag(chunk, 0);
            long length = Integer.toUnsignedLong(chunk.getInt(4)), body = at + 8;
            if (id.equals("data")) {
                if (format == null) {
                    throw Problem.in(STAGE, file, "a 'fmt ' chunk before the data", "none", "export the song again");
                }
                if (length == OPEN || length == 0) {                              // RF64 says it elsewhere; writers that stream leave it open
                    length = whole >= 0 ? whole : size - body;
                }
                if (length > size - body) {
                    throw Problem.in(STAGE, file, length + " bytes of sound", (size - body) + " (the file is cut)", "copy or export it again");
                }
                long n = length / format.block;
                if (n == 0 || n > Integer.MAX_VALUE - 8) {
                    throw Problem.in(STAGE, file, n == 0 ? "at least one sample" : "fewer than 2^31 samples", n == 0 ? "none" : String.valueOf(n),
                            n == 0 ? "export the song again" : "cut the song into parts");
                }
                return new WavReader(file, channel, format, body, (int) n);
            }
            if (length > size - body) {
                throw Problem.in(STAGE, file, "a chunk '" + id + "' of " + length + " bytes", (size - body) + " (the file is cut)", "copy or export it again");
            }
            if (id.equals("ds64") && length >= 16 && chunk.limit() >= 24) {
                whole = chunk.getLong(16);
            }
            if (id.equals("fmt ")) {
                if (length < 16) {
                    throw Problem.in(STAGE, file, "16 bytes of format", String.valueOf(length), "export the song again");
                }
                format = format(file, chunk, length);
            }
            at = body + length + (length & 1);                                    // chunks are padded to even lengths
        }
        throw Problem.in(STAGE, file, "a 'data' chunk", "none", "export the song again");
    }

    private static Format format(Path file, ByteBuffer in, long length) {
        int coding = Short.toUnsignedInt(in.getShort(8)), channels = Short.toUnsignedInt(in.getShort(10)), rate = in.getInt(12);
        int block = Short.toUnsignedInt(in.getShort(20)), bits = Short.toUnsignedInt(in.getShort(22));
        if (coding == EXTENSIBLE && length >= 40 && in.limit() >= 34) {
            coding = Short.toUnsignedInt(in.getShort(32));                        // first two bytes of the sub-format's GUID
        }
        boolean known = coding == PCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32) || coding == FLOAT && (bits == 32 || bits == 64);
        if (!known || channels == 0 || rate <= 0 || block != channels * bits / 8) {
            throw Problem.in(STAGE, file, "PCM of 8/16/24/32 bits or float of 32/64",
                    "coding " + coding + ", " + bits + " bits, " + channels + " channels, " + rate + " Hz, blocks of " + block, "export it as 16-bit PCM");
        }
        return new Format(coding, channels, rate, bits, block);
    }

    @Override public int samples() {
        return samples;
    }

    @Override public int channels() {
        return format.channels;
    }

    @Override public int sampleRateHz() {
        return format.rate;
    }

    @Override public Wave read(int from, int to) {
        if (from < 0 || to > samples || from > to) {
            throw new IllegalArgumentException("samples " + from + " to " + to + " of " + samples);
        }
        float[][] wave = new float[format.channels][to - from];
        int most = Math.max(1, MOST_BYTES / format.block);
        try {
            for (int at = from; at < to; at += most) {
                int n = Math.min(most, to - at);
                ByteBuffer in = bytes(channel, data + (long) at * format.block, n * format.block);
                if (in.limit() < n * format.block) {
                    throw Problem.in(STAGE, file, "the samples that were there when it was opened", "a shorter file", "let nobody write it meanwhile");
                }
                decode(in, wave, at - from, n, at);
            }
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a readable file", String.valueOf(e.getMessage()), "check the disk");
        }
        return new Wave(wave, format.rate);
    }

    private void decode(ByteBuffer in, float[][] wave, int to, int n, int place) {
        int width = format.bits / 8, kind = format.coding * 100 + format.bits;
        for (int i = 0, at = 0; i < n; i++) {
            for (int c = 0; c < format.channels; c++, at += width) {
                float v = switch (kind) {
                    case PCM * 100 + 8 -> (Byte.toUnsignedInt(in.get(at)) - 128) / 128f;
                    case PCM * 100 + 16 -> in.getShort(at) / 32768f;
                    case PCM * 100 + 24 -> ((in.get(at + 2) << 16) | Byte.toUnsignedInt(in.get(at + 1)) << 8 | Byte.toUnsignedInt(in.get(at))) / 8388608f;
                    case PCM * 100 + 32 -> (float) (in.getInt(at) / 2147483648.0);
                    case FLOAT * 100 + 32 -> in.getFloat(at);
                    default -> (float) in.getDouble(at);
                };
                if (!Float.isFinite(v)) {
                    throw Problem.in(STAGE, file, "finite samples", v + " at sample " + (place + i), "export the song again");
                }
                wave[c][to + i] = v;
            }
        }
    }

    /** At most {@code count} bytes from a place, fewer at the end of the file. */
    private static ByteBuffer bytes(FileChannel channel, long at, int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining()) {
            int got = channel.read(bytes, at + bytes.position());
            if (got < 0) {
                break;
            }
        }
        return bytes.flip();
    }

    private static String tag(ByteBuffer in, int at) {
        return new String(in.array(), at, 4, StandardCharsets.ISO_8859_1);
    }

    @Override public void close() {
        close(channel);
    }

    private static void close(FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // only read from: nothing is lost
        }
    }
}
