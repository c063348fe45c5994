package diffsvc.audio;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A WAV file, written a part at a time; its lengths are filled in when it closes, as RF64 (EBU Tech 3306) beyond 4 GiB.
 * Writes to the very path it is given: what must be whole or not at all goes through {@link diffsvc.files.WholeFile}.
 */
public final class WavWriter implements Closeable {
    private static final int PCM = 1, IEEE_FLOAT = 3, DS64 = 28, BLOCK = 1 << 16;
    private static final long LARGEST_RIFF = 0xFFFFFFFFL;
    private final FileChannel file;
    private final int channels;
    private final Depth depth;
    private final int rate;
    private final ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    private long bytes;

    private WavWriter(FileChannel file, int channels, int rate, Depth depth) {
        this.file = file;
        this.channels = channels;
        this.rate = rate;
        this.depth = depth;
    }

    /**
     * Begins a file; the caller closes the writer.
     *
     * @throws IOException when the file cannot be made
     */
    public static WavWriter open(Path file, int channels, int rateHz, Depth depth) throws IOException {
        WavWriter writer = new WavWriter(
                FileChannel.open(
                        file,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING),
                channels,
                rateHz,
                depth);
        writer.header();
        writer.block.clear();
        return writer;
    }

    /**
     * Appends samples, all channels of one moment side by side.
     *
     * @throws IOException when they cannot be written
     */
    public void append(float... interleaved) throws IOException {
        for (float v : interleaved) {
            if (block.remaining() < 4) {
                flush();
            }
            switch (depth) {
                case PCM16 -> block.putShort((short) depth.integer(v));
                case PCM24 -> {
                    int i = depth.integer(v);
                    block.putShort((short) i).put((byte) (i >> 16));
                }
                default -> block.putFloat(v);
            }
            bytes += depth.bytes;
        }
    }

    /**
     * Appends a wave of the file's rate and channels.
     *
     * @throws IOException when it cannot be written
     */
    public void append(Wave wave) throws IOException {
        if (wave.channels().length == 1) {
            append(wave.first());
            return;
        }
        float[] frame = new float[channels];
        for (int i = 0; i < wave.samples(); i++) {
            for (int c = 0; c < channels; c++) {
                frame[c] = wave.channels()[c][i];
            }
            append(frame);
        }
    }

    /** Samples per channel that are written so far. */
    public long frames() {
        return bytes / depth.bytes / channels;
    }

    private void flush() throws IOException {
        block.flip();
        while (block.hasRemaining()) {
            file.write(block);
        }
        block.clear();
    }

    /**
     * A chunk that readers skip keeps the place of ds64 until it is needed; floats have a longer format chunk and a
     * 'fact' (RIFF, 1994).
     */
    private void header() throws IOException {
        boolean ieee = depth == Depth.FLOAT;
        int length = ieee ? 94 : 80;
        long riff = length - 8 + bytes + (bytes & 1);
        boolean large = riff > LARGEST_RIFF;
        ByteBuffer h = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        h.put(ascii(large ? "RF64" : "RIFF"))
                .putInt((int) (large ? LARGEST_RIFF : riff))
                .put(ascii("WAVE"));
        h.put(ascii(large ? "ds64" : "JUNK"))
                .putInt(DS64)
                .putLong(large ? riff : 0)
                .putLong(large ? bytes : 0)
                .putLong(large ? frames() : 0)
                .putInt(0);
        h.put(ascii("fmt "))
                .putInt(ieee ? 18 : 16)
                .putShort((short) (ieee ? IEEE_FLOAT : PCM))
                .putShort((short) channels)
                .putInt(rate)
                .putInt(rate * channels * depth.bytes)
                .putShort((short) (channels * depth.bytes))
                .putShort((short) (8 * depth.bytes));
        if (ieee) {
            h.putShort((short) 0).put(ascii("fact")).putInt(4).putInt((int) Math.min(LARGEST_RIFF, frames()));
        }
        h.put(ascii("data")).putInt((int) (large ? LARGEST_RIFF : bytes)).flip();
        while (h.hasRemaining()) {
            file.write(h, h.position());
        }
        if (file.position() < length) {
            file.position(length);
        }
    }

    private static byte[] ascii(String tag) {
        return tag.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() throws IOException {
        try (file) {
            if ((bytes & 1) == 1) {
                block.put((byte) 0);
            }
            flush();
            header();
        }
    }
}
