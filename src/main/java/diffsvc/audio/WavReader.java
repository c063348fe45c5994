package diffsvc.audio;

import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * RIFF/WAVE files: PCM of 8, 16, 24 and 32 bits, float of 32 and 64 bits, plain or WAVE_FORMAT_EXTENSIBLE, beyond 4 GiB
 * as RF64 (EBU Tech 3306) or BW64 (ITU-R BS.2088). Integers are divided by 2^(bits-1), as libsndfile does. Lengths are
 * checked against the bytes that are there, so a cut file is refused by name; samples are read a part at a time. The
 * sizes in a header must lie within the bounds of {@link Recording}.
 */
public final class WavReader implements Recording {
    private static final int PCM = 1, FLOAT = 3, EXTENSIBLE = 0xFFFE, MOST_BYTES = 1 << 20, MOST_CHUNKS = 4096;
    /** The first four bytes of the files this class reads. */
    static final List<String> RIFF = List.of("RIFF", "RF64", "BW64");

    private static final long OPEN = 0xFFFFFFFFL;
    private static final String STAGE = "audio", AGAIN = "export the song again", CUT = "copy or export it again";
    private final Path file;
    private final FileChannel channel;
    private final Format format;
    private final long data;
    private final int samples;
    private final boolean lengthOpen;
    private final List<String> notes;

    private record Format(int coding, int channels, int rate, int bits, int block) {
        /** Whether this class reads the samples; the decoder knows further codings. */
        boolean read() {
            return coding == PCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32)
                    || coding == FLOAT && (bits == 32 || bits == 64);
        }
    }

    private WavReader(
            Path file,
            FileChannel channel,
            Format format,
            long data,
            int samples,
            boolean lengthOpen,
            List<String> notes) {
        this.file = file;
        this.channel = channel;
        this.format = format;
        this.data = data;
        this.samples = samples;
        this.lengthOpen = lengthOpen;
        this.notes = notes;
    }

    /** Reads all channels of a file into memory. */
    public static Wave read(Path file) {
        try (WavReader reader = open(file)) {
            return reader.whole();
        }
    }

    /**
     * Opens a file and checks its header.
     *
     * @return the recording; the caller closes it
     * @throws Problem when the file is missing, is no WAV, is cut, or holds a coding this class does not read
     */
    public static WavReader open(Path file) {
        WavReader reader = header(file, file);
        if (!reader.format.read()) {
            reader.close();
            throw Problem.in(
                    STAGE,
                    file,
                    "PCM of 8/16/24/32 bits or float of 32/64",
                    "coding " + reader.format.coding + " of " + reader.format.bits + " bits",
                    "export it as 16-bit PCM");
        }
        return reader;
    }

    /**
     * Opens a file whose coding may be another's; its samples can be read where {@link #decodable} says so.
     *
     * @param named the file that errors name: the song that was decoded into {@code file}
     */
    static WavReader header(Path file, Path named) {
        Input.require(STAGE, file, "a WAV file");
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
            return parse(named, channel);
        } catch (IOException e) {
            close(channel);
            throw Problem.in(
                    STAGE, named, "a readable file", WholeFile.reason(e), "check the disk and the file's permissions");
        } catch (RuntimeException e) {
            close(channel);
            throw e;
        }
    }

    /** Whether this class reads the samples. */
    boolean decodable() {
        return format.read();
    }

    /** Whether the header leaves the length of the sound open. */
    boolean lengthOpen() {
        return lengthOpen;
    }

    /** The remark on a header that leaves the length open. */
    static String lengthNote(double seconds) {
        return String.format(
                Locale.ROOT, "the header gives no length: all %.2f s that follow are taken as sound", seconds);
    }

    private static WavReader parse(Path file, FileChannel channel) throws IOException {
        long size = channel.size(), whole = 0;
        if (size == 0) {
            throw Problem.in(STAGE, file, "a WAV file", "an empty file", AGAIN);
        }
        ByteBuffer head = bytes(channel, 0, 12);
        if (head.limit() < 12 || !isRiff(head) || !tag(head, 8).equals("WAVE")) {
            throw Problem.in(
                    STAGE,
                    file,
                    "a WAV file (RIFF....WAVE)",
                    "a file that starts with \"" + printable(head) + "\"",
                    "convert it to WAV first");
        }
        Format format = null;
        long at = 12;
        for (int i = 0; i < MOST_CHUNKS && at + 8 <= size; i++) {
            ByteBuffer chunk = bytes(channel, at, 48);
            if (chunk.limit() < 8) {
                break; // another process may shorten the file
            }
            String id = tag(chunk, 0);
            long length = Integer.toUnsignedLong(chunk.getInt(4)), body = at + 8;
            if (id.equals("data")) {
                return data(file, channel, format, body, length, whole);
            }
            if (!isName(chunk)) {
                throw Problem.in(
                        STAGE,
                        file,
                        "a chunk at byte " + at,
                        "none (the file is damaged, or a chunk of odd length lacks its padding)",
                        AGAIN);
            }
            if (length > size - body) {
                throw Problem.in(
                        STAGE,
                        file,
                        "a chunk '" + id + "' of " + length + " bytes",
                        (size - body) + " (the file is cut)",
                        CUT);
            }
            if (id.equals("ds64") && length >= 16) {
                whole = chunk.getLong(16);
            }
            if (id.equals("fmt ")) {
                Format read = format(file, chunk, length);
                if (format != null && !format.equals(read)) {
                    throw Problem.in(STAGE, file, "one 'fmt ' chunk", "a second that says otherwise", AGAIN);
                }
                format = read;
            }
            at = body + length + (length & 1); // chunks are padded to even lengths
        }
        String where = at + 8 <= size ? " among the first " + MOST_CHUNKS + " chunks" : "";
        throw Problem.in(STAGE, file, "a 'data' chunk" + where, "none", AGAIN);
    }

    /** Opens the data chunk, with the length that its header declares, or ds64's, or of the bytes that are there. */
    private static WavReader data(Path file, FileChannel channel, Format format, long body, long declared, long ds64)
            throws IOException {
        if (format == null) {
            throw Problem.in(STAGE, file, "a 'fmt ' chunk before the data", "none", AGAIN);
        }
        long there = channel.size() - body, length = declared;
        // writers that stream leave both open
        boolean lengthOpen = (declared == OPEN || declared == 0) && (ds64 == 0 || ds64 == -1);
        if (lengthOpen) {
            length = isChunks(channel, body) ? 0 : there;
        } else if (declared == OPEN || declared == 0) {
            length = ds64;
        }
        if (Long.compareUnsigned(length, there) > 0) {
            throw Problem.in(
                    STAGE, file, Long.toUnsignedString(length) + " bytes of sound", there + " (the file is cut)", CUT);
        }
        long n = format.read() ? length / format.block : Math.min(length, 1);
        if (n == 0) {
            throw Problem.in(STAGE, file, "at least one sample", "none", AGAIN);
        }
        if (n > Integer.MAX_VALUE - 8) {
            throw Problem.in(STAGE, file, "fewer than 2^31 samples", String.valueOf(n), "cut the song into parts");
        }
        if (format.read() && n / format.rate >= MOST_SECONDS) {
            throw Problem.in(
                    STAGE,
                    file,
                    "less than " + MOST_SECONDS / 3600 + " hours of sound",
                    n / format.rate + " s",
                    "cut the song into parts");
        }
        List<String> notes = new ArrayList<>();
        if (format.read()) {
            if (lengthOpen) {
                notes.add(lengthNote(n / (double) format.rate));
            } else {
                notes.addAll(further(channel, format, body + length + (length & 1)));
            }
        }
        return new WavReader(file, channel, format, body, (int) n, lengthOpen, List.copyOf(notes));
    }

    /**
     * A chain of chunks from here to the end of the file: no sound looks like that, but the metadata behind an empty
     * data chunk does.
     */
    private static boolean isChunks(FileChannel channel, long from) throws IOException {
        long at = from, size = channel.size();
        for (int i = 0; i < MOST_CHUNKS && at + 8 <= size; i++) {
            ByteBuffer chunk = bytes(channel, at, 8);
            if (chunk.limit() < 8 || !isName(chunk)) {
                return false;
            }
            at = skip(chunk, at);
        }
        return at == size || at == size + 1; // the last chunk's padding may be missing
    }

    /** Remarks on sound in further data chunks, which is left out; other chunks behind the sound are ignored. */
    private static List<String> further(FileChannel channel, Format format, long from) throws IOException {
        long at = from, size = channel.size(), bytes = 0;
        int chunks = 0;
        for (int i = 0; i < MOST_CHUNKS && at + 8 <= size; i++) {
            ByteBuffer chunk = bytes(channel, at, 8);
            if (chunk.limit() < 8 || !isName(chunk)) {
                break;
            }
            long next = skip(chunk, at);
            if (tag(chunk, 0).equals("data")) {
                chunks++;
                bytes += Math.min(next, size) - at - 8;
            }
            at = next;
        }
        if (chunks == 0) {
            return List.of();
        }
        String what = chunks == 1 ? "a second 'data' chunk" : chunks + " further 'data' chunks";
        return List.of(String.format(
                Locale.ROOT,
                "the file has %s: %.2f s of sound in %s are left out",
                what,
                bytes / (double) format.block / format.rate,
                chunks == 1 ? "it" : "them"));
    }

    private static long skip(ByteBuffer chunk, long at) {
        long length = Integer.toUnsignedLong(chunk.getInt(4));
        return at + 8 + length + (length & 1);
    }

    private static Format format(Path file, ByteBuffer in, long length) {
        if (length < 16) {
            throw Problem.in(STAGE, file, "16 bytes of format", String.valueOf(length), AGAIN);
        }
        int coding = Short.toUnsignedInt(in.getShort(8)), channels = Short.toUnsignedInt(in.getShort(10));
        long rate = Integer.toUnsignedLong(in.getInt(12));
        int block = Short.toUnsignedInt(in.getShort(20)), bits = Short.toUnsignedInt(in.getShort(22));
        if (coding == EXTENSIBLE && length >= 40) {
            coding = Short.toUnsignedInt(in.getShort(32)); // first two bytes of the sub-format's GUID
        }
        if (channels == 0 || channels > MOST_CHANNELS) {
            throw Problem.in(STAGE, file, "1 to " + MOST_CHANNELS + " channels", String.valueOf(channels), AGAIN);
        }
        if (rate < LEAST_RATE_HZ || rate > MOST_RATE_HZ) {
            throw Problem.in(
                    STAGE,
                    file,
                    "a sample rate from " + LEAST_RATE_HZ + " to " + MOST_RATE_HZ + " Hz",
                    rate + " Hz",
                    AGAIN);
        }
        Format format = new Format(coding, channels, (int) rate, bits, block);
        if (format.read() && block != channels * bits / 8) {
            String wanted = "blocks of " + channels * bits / 8 + " bytes (" + channels + " x " + bits + " bits)";
            throw Problem.in(STAGE, file, wanted, "blocks of " + block, AGAIN);
        }
        return format;
    }

    @Override
    public int samples() {
        return samples;
    }

    @Override
    public int channels() {
        return format.channels;
    }

    @Override
    public int sampleRateHz() {
        return format.rate;
    }

    @Override
    public List<String> notes() {
        return notes;
    }

    @Override
    public Wave read(int from, int to) {
        if (from < 0 || to > samples || from > to) {
            throw new IllegalArgumentException("samples " + from + " to " + to + " of " + samples);
        }
        float[][] wave = room(to - from);
        int most = Math.max(1, MOST_BYTES / format.block);
        try {
            for (int at = from; at < to; at += most) {
                int n = Math.min(most, to - at);
                ByteBuffer in = bytes(channel, data + (long) at * format.block, n * format.block);
                if (in.limit() < n * format.block) {
                    throw Problem.in(
                            STAGE,
                            file,
                            "the samples that were there when it was opened",
                            "a shorter file",
                            "the file changed while it was read; close the program that writes it");
                }
                decode(in, wave, at - from, n, at);
            }
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a readable file", WholeFile.reason(e), "check the disk");
        }
        return new Wave(wave, format.rate);
    }

    /** Memory for a part, or a Problem where a caller asks for more of a long song than the heap holds. */
    private float[][] room(int n) {
        long bytes = (long) Float.BYTES * format.channels * n,
                heap = Runtime.getRuntime().maxMemory();
        try {
            if (bytes <= heap) {
                return new float[format.channels][n];
            }
        } catch (OutOfMemoryError e) {
            // the channels allocated so far are garbage
        }
        throw Problem.in(
                STAGE,
                file,
                (bytes >> 20) + " MiB of Java heap for " + n / format.rate + " s of sound",
                "room for less (" + (heap >> 20) + " MiB in all)",
                "cut the song into parts, or give Java a larger heap (-Xmx)");
    }

    private void decode(ByteBuffer in, float[][] wave, int to, int n, int place) {
        int width = format.bits / 8, kind = format.coding * 100 + format.bits;
        for (int i = 0, at = 0; i < n; i++) {
            for (int c = 0; c < format.channels; c++, at += width) {
                double v =
                        switch (kind) {
                            case PCM * 100 + 8 -> (Byte.toUnsignedInt(in.get(at)) - 128) / 128f;
                            case PCM * 100 + 16 -> in.getShort(at) / 32768f;
                            case PCM * 100 + 24 ->
                                ((in.get(at + 2) << 16)
                                                | Byte.toUnsignedInt(in.get(at + 1)) << 8
                                                | Byte.toUnsignedInt(in.get(at)))
                                        / 8388608f;
                            case PCM * 100 + 32 -> (float) (in.getInt(at) / 2147483648.0);
                            case FLOAT * 100 + 32 -> in.getFloat(at);
                            default -> in.getDouble(at);
                        };
                if (!(Math.abs(v) <= MOST_SAMPLE)) { // NaN fails, too
                    throw refused(v, place + i);
                }
                wave[c][to + i] = (float) v;
            }
        }
    }

    private Problem refused(double v, int place) {
        String shown = format.bits == 64 ? String.valueOf(v) : String.valueOf((float) v);
        String got = String.format(Locale.ROOT, "%s at sample %d (%.2f s)", shown, place, place / (double) format.rate);
        if (Double.isNaN(v) || Double.isInfinite(v)) {
            return Problem.in(STAGE, file, "finite samples", got, AGAIN);
        }
        String bounds = String.format(
                Locale.ROOT, "samples from -%.0f to %.0f, where 1 is full scale", MOST_SAMPLE, MOST_SAMPLE);
        return Problem.in(
                STAGE, file, bounds, got, "divide the samples by 32768 if they were integers, or normalise the song");
    }

    private static boolean isRiff(ByteBuffer head) {
        return RIFF.contains(tag(head, 0));
    }

    /** Whether a chunk's name is four printable characters, as RIFF has it. */
    private static boolean isName(ByteBuffer chunk) {
        for (int i = 0; i < 4; i++) {
            if (chunk.get(i) < ' ' || chunk.get(i) > '~') {
                return false;
            }
        }
        return true;
    }

    /** Bytes as text, with dots for what does not print. */
    private static String printable(ByteBuffer bytes) {
        return new String(bytes.array(), 0, bytes.limit(), StandardCharsets.ISO_8859_1).replaceAll("[^ -~]", ".");
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

    @Override
    public void close() {
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
