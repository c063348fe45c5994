package diffsvc.audio;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import net.sourceforge.javaflacencoder.EncodingConfiguration;
import net.sourceforge.javaflacencoder.FLACEncoder;
import net.sourceforge.javaflacencoder.FLACOutputStream;
import net.sourceforge.javaflacencoder.StreamConfiguration;

/**
 * Writes 16-bit WAV and FLAC, chosen by the file's ending, whole or not at all. A sample beyond full scale would wrap or clip: the caller
 * scales first ({@link #fitted}), and says so.
 */
public final class WaveWriter {
    private static final String STAGE = "output";

    private WaveWriter() {}

    /** The wave, scaled to a peak of 0.99 if it goes beyond 1, and how far it was scaled (1 = untouched). */
    public record Fitted(Wave wave, float scale) {}

    /** Scales a wave that would clip; one that fits is returned as it is. */
    public static Fitted fitted(Wave wave) {
        float peak = wave.peak();
        if (peak <= 1) {
            return new Fitted(wave, 1);
        }
        float scale = 0.99f / peak;
        float[][] channels = new float[wave.channels().length][wave.samples()];
        for (int c = 0; c < channels.length; c++) {
            for (int i = 0; i < channels[c].length; i++) {
                channels[c][i] = wave.channels()[c][i] * scale;
            }
        }
        return new Fitted(new Wave(channels, wave.sampleRateHz()), scale);
    }

    /**
     * Writes {@code file}, .wav or .flac, 16 bits a sample.
     *
     * @throws Problem for another ending, a sample beyond [-1, 1], or a file that cannot be written
     */
    public static Path write(Path file, Wave wave) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".wav") && !name.endsWith(".flac")) {
            throw Problem.in(STAGE, file, "a name that ends in .wav or .flac", name, "choose one of the two");
        }
        if (wave.peak() > 1) {
            throw Problem.in(STAGE, file, "samples in [-1, 1]", "a peak of " + wave.peak(), "call WaveWriter.fitted first");
        }
        byte[] bytes = name.endsWith(".wav") ? wavBytes(wave) : flacBytes(wave);
        return WholeFile.write(STAGE, file, part -> Files.write(part, bytes));
    }

    /** The wave as the bytes of a 16-bit WAV file; the notebook's player uses them too. */
    public static byte[] wavBytes(Wave wave) {
        int channels = wave.channels().length, n = wave.samples(), data = n * channels * 2;
        ByteBuffer out = ByteBuffer.allocate(44 + data).order(ByteOrder.LITTLE_ENDIAN);
        out.put("RIFF".getBytes()).putInt(36 + data).put("WAVEfmt ".getBytes()).putInt(16).putShort((short) 1).putShort((short) channels);
        out.putInt(wave.sampleRateHz()).putInt(wave.sampleRateHz() * channels * 2).putShort((short) (channels * 2)).putShort((short) 16);
        out.put("data".getBytes()).putInt(data);
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < channels; c++) {
                out.putShort((short) pcm16(wave.channels()[c][i]));
            }
        }
        return out.array();
    }

    private static int pcm16(float v) {
        return Math.max(-32768, Math.min(32767, Math.round(v * 32768)));
    }

    /** The wave as the bytes of a FLAC file, half of a WAV's; the same wave gives the same bytes. */
    public static byte[] flacBytes(Wave wave) {
        int channels = wave.channels().length, n = wave.samples();
        int[] samples = new int[n * channels];
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < channels; c++) {
                samples[i * channels + c] = pcm16(wave.channels()[c][i]);
            }
        }
        try {
            FLACEncoder encoder = new FLACEncoder();
            encoder.setThreadCount(1);
            encoder.setStreamConfiguration(new StreamConfiguration(channels, StreamConfiguration.DEFAULT_MIN_BLOCK_SIZE, StreamConfiguration.DEFAULT_MAX_BLOCK_SIZE,
                    wave.sampleRateHz(), 16));
            encoder.setEncodingConfiguration(new EncodingConfiguration());
            Seekable whole = new Seekable();
            encoder.setOutputStream(whole);
            encoder.openFLACStream();
            encoder.addSamples(samples, n);
            encoder.encodeSamples(n, true);
            return whole.bytes();
        } catch (IOException e) {
            throw Problem.in(STAGE, "FLAC", String.valueOf(e.getMessage()), "write a .wav instead");
        }
    }

    /** A FLAC stream in memory: the encoder goes back to write the checksum into the header. */
    private static final class Seekable implements FLACOutputStream {
        private byte[] data = new byte[1 << 16];
        private int at;
        private int size;

        @Override public long seek(long position) {
            at = (int) position;
            return at;
        }

        @Override public int write(byte[] bytes, int offset, int count) {
            if (at + count > data.length) {
                data = java.util.Arrays.copyOf(data, Math.max(data.length * 2, at + count));
            }
            System.arraycopy(bytes, offset, data, at, count);
            at += count;
            size = Math.max(size, at);
            return count;
        }

        @Override public long size() {
            return size;
        }

        @Override public void write(byte one) {
            write(new byte[] {one}, 0, 1);
        }

        @Override public boolean canSeek() {
            return true;
        }

        @Override public long getPos() {
            return at;
        }

        byte[] bytes() {
            return java.util.Arrays.copyOf(data, size);
        }
    }
}
