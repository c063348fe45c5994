package diffsvc.audio;

import static diffsvc.audio.Riff.chunk;
import static diffsvc.audio.Riff.counted;
import static diffsvc.audio.Riff.ds64;
import static diffsvc.audio.Riff.floats;
import static diffsvc.audio.Riff.fmt;
import static diffsvc.audio.Riff.join;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import diffsvc.check.Problem;
import diffsvc.testing.Golden;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * WAV headers that lie are refused in one sentence that names the bound; those that leave something open are read, with
 * a note.
 */
class WavHeaderTest {
    private static final int PCM = 1, FLOAT = 3;
    private static final byte[] MONO = fmt(PCM, 1, 8000, 16);

    @TempDir
    Path folder;

    private Path wav(byte[]... chunks) throws IOException {
        return file("RIFF", chunks);
    }

    private Path file(String magic, byte[]... chunks) throws IOException {
        return Files.write(folder.resolve("a.wav"), Riff.file(magic, chunks));
    }

    private static void refused(Path file, String... words) {
        String said = assertThrows(Problem.class, () -> AudioFile.read(file)).getMessage();
        assertTrue(
                said.startsWith("audio: " + file + ": need ") && said.contains(", got ") && said.contains("; "), said);
        assertTrue(said.chars().allMatch(c -> c >= ' ' && c <= '~'), said);
        for (String word : words) {
            assertTrue(said.contains(word), said);
        }
    }

    /** The samples are 1, 2, 3 ... n of 32768. */
    private static void counts(Path file, int n, String... notes) {
        try (Recording r = AudioFile.open(file)) {
            assertEquals(n, r.samples());
            float[] x = r.whole().first();
            for (int i = 0; i < n; i++) {
                assertEquals((i + 1) / 32768f, x[i]);
            }
            assertEquals(List.of(notes), r.notes());
        }
        List<String> noted = new ArrayList<>();
        assertEquals(n, AudioFile.read(file, noted::add).samples());
        assertEquals(List.of(notes), noted);
    }

    @ParameterizedTest
    @CsvSource({"0,0", "1,1", "1999,1999", "768001,768001", "2147483647,2147483647", "-1,4294967295"})
    void aRateBeyondTheBoundsIsRefused(int rate, String shown) throws IOException {
        refused(
                wav(fmt(PCM, 1, rate, 16), chunk("data", counted(100))),
                "a sample rate from 2000 to 768000 Hz",
                "got " + shown + " Hz");
    }

    @ParameterizedTest
    @ValueSource(ints = {2000, 768_000})
    void aRateAtTheBoundsIsRead(int rate) throws IOException {
        Path file = wav(fmt(PCM, 1, rate, 16), chunk("data", counted(100)));
        counts(file, 100);
        assertEquals(rate, AudioFile.read(file).sampleRateHz());
    }

    @Test
    void aWaveOfNoSoundingRateIsNotMade() {
        for (int rate : new int[] {-1, 0, 1, 1999, 768_001}) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Wave.mono(new float[1], rate))
                    .getMessage()
                    .contains("from 2000 to 768000 Hz"));
        }
        assertTrue(assertThrows(Problem.class, () -> Resampler.resample(new float[200_000_000], 2000, 44100))
                .getMessage()
                .contains("2^31"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 65, 4096, 32767})
    void channelsBeyondTheBoundAreRefused(int channels) throws IOException {
        refused(
                wav(fmt(PCM, channels, 8000, 16), chunk("data", new byte[1 << 17])),
                "1 to 64 channels",
                "got " + channels + ";");
    }

    @Test
    void sixtyFourChannelsAreRead() throws IOException {
        Wave wave = AudioFile.read(wav(fmt(PCM, 64, 8000, 16), chunk("data", counted(6400))));
        assertEquals(100, wave.samples());
        assertEquals(64, wave.channels().length);
        assertEquals(65 / 32768f, wave.channels()[0][1]);
    }

    @Test
    void blocksThatDoNotFitTheirChannelsAreRefused() throws IOException {
        refused(wav(fmt(PCM, 1, 8000, 16, 8), chunk("data", counted(100))), "blocks of 2 bytes", "got blocks of 8");
        refused(wav(fmt(FLOAT, 2, 8000, 64, 0), chunk("data", counted(100))), "blocks of 16 bytes", "got blocks of 0");
    }

    @Test
    void chunksBeforeTheDataAreCounted() throws IOException {
        byte[] chunks = new byte[8 * 4000];
        for (int i = 0; i < chunks.length; i += 8) {
            System.arraycopy(chunk("JUNK", new byte[0]), 0, chunks, i, 8);
        }
        byte[] data = chunk("data", counted(100));
        counts(wav(MONO, chunks, data), 100);
        refused(wav(MONO, chunks, chunks, data), "a 'data' chunk among the first 4096 chunks", "none");
    }

    @Test
    void chunksOutOfOrderOrTwiceOrWithoutPaddingAreRefused() throws IOException {
        byte[] data = chunk("data", counted(100));
        refused(wav(data, MONO), "a 'fmt ' chunk before the data");
        refused(wav(MONO, fmt(PCM, 1, 44100, 16), data), "one 'fmt ' chunk", "a second that says otherwise");
        refused(wav(MONO, chunk("LIST", 3, new byte[3]), data), "a chunk at byte 48", "padding");
        refused(wav(chunk("fmt ", new byte[14]), data), "16 bytes of format", "got 14");
        refused(
                wav(MONO, chunk("LIST", -2, new byte[4]), data),
                "a chunk 'LIST' of 4294967294 bytes",
                "the file is cut");
        counts(wav(MONO, MONO, chunk("LIST", new byte[3]), data), 100);
    }

    @Test
    void lengthsOfSixtyFourBitsAreCompared() throws IOException {
        byte[] data = chunk("data", -1, counted(100));
        counts(file("RF64", ds64(200), MONO, data), 100);
        counts(file("BW64", ds64(200), MONO, data), 100);
        for (long lie : new long[] {202, 1L << 62, Long.MIN_VALUE, -5}) {
            refused(
                    file("RF64", ds64(lie), MONO, data),
                    "need " + Long.toUnsignedString(lie) + " bytes of sound",
                    "got 200 (the file is cut)");
        }
        for (long open : new long[] {0, -1}) {
            counts(
                    file("RF64", ds64(open), MONO, data),
                    100,
                    "the header gives no length: all 0.01 s that follow are taken as sound");
        }
    }

    @Test
    void aSecondDataChunkIsLeftOutWithANote() throws IOException {
        byte[] data = chunk("data", counted(100)),
                second = chunk("data", new byte[4000]),
                list = chunk("LIST", new byte[11]);
        counts(
                wav(MONO, data, list, second),
                100,
                "the file has a second 'data' chunk: 0.25 s of sound in it are left out");
        counts(
                wav(MONO, data, second, list, second),
                100,
                "the file has 2 further 'data' chunks: 0.50 s of sound in them are left out");
        counts(
                wav(MONO, data, chunk("data", 1 << 30, new byte[8000])),
                100,
                "the file has a second 'data' chunk: 0.50 s of sound in it are left out");
        counts(wav(MONO, data, list), 100);
        counts(wav(MONO, data, new byte[1000]), 100); // what no chunk is, is no matter behind the sound
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void aLengthLeftOpenIsTheRestOfTheFileWithANote(int open) throws IOException {
        String note = "the header gives no length: all 0.50 s that follow are taken as sound";
        counts(wav(MONO, chunk("data", open, counted(4000))), 4000, note);
        counts(wav(MONO, chunk("data", open, join(counted(4000), new byte[1]))), 4000, note);
        refused(wav(MONO, chunk("data", open, new byte[0])), "at least one sample", "none");
        byte[] info = chunk("LIST", "INFOISFT....Lavf59".getBytes()), odd = chunk("cue ", 5, new byte[5]);
        refused(wav(MONO, chunk("data", open, info)), "at least one sample", "none");
        refused(wav(MONO, chunk("data", open, join(info, odd))), "at least one sample", "none");
        assertEquals(
                1000,
                AudioFile.read(wav(MONO, chunk("data", open, new byte[2000]))).samples(),
                "silence is no chunk");
    }

    @Test
    void samplesFarBeyondFullScaleAreRefusedAtTheirPlace() throws IOException {
        byte[] mono = fmt(FLOAT, 1, 8000, 32);
        float[] x = new float[9000];
        for (float bad : new float[] {1e30f, -3.4e38f, 100.01f, -32767}) {
            x[8000] = bad;
            refused(
                    wav(mono, chunk("data", floats(x))),
                    "samples from -100 to 100, where 1 is full scale",
                    "got " + bad + " at sample 8000 (1.00 s)",
                    "divide the samples by 32768",
                    "normalise the song");
        }
        for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            x[8000] = bad;
            refused(wav(mono, chunk("data", floats(x))), "finite samples", "got " + bad + " at sample 8000 (1.00 s)");
        }
        refused(
                wav(
                        fmt(FLOAT, 1, 8000, 64),
                        chunk(
                                "data",
                                Riff.little(16).putDouble(0).putDouble(-1e300).array())),
                "from -100 to 100",
                "got -1.0E300 at sample 1");
        assertArrayEquals(
                new float[] {100, -100},
                AudioFile.read(wav(mono, chunk("data", floats(100, -100)))).first());
        Wave loud = AudioFile.read(Golden.wav("loud_float_44100"));
        assertTrue(loud.peak() > 1 && loud.peak() <= 100, loud.toString());
    }

    @Test
    void aPartBeforeTheBadSampleCanBeRead() throws IOException {
        float[] x = new float[9000];
        x[8000] = Float.NaN;
        try (Recording r = AudioFile.open(wav(fmt(FLOAT, 1, 8000, 32), chunk("data", floats(x))))) {
            assertEquals(8000, r.read(0, 8000).samples());
            assertThrows(Problem.class, () -> r.read(8000, 8001));
        }
    }

    @Test
    void halfADayOfSoundIsTheMost() throws IOException {
        long bytes = 2 * 8000L * 12 * 3600;
        Path file = file("RF64", ds64(bytes), MONO, chunk("data", -1, new byte[0]));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(file.toFile().length() + bytes);
        }
        refused(file, "less than 12 hours of sound", "got 43200 s");
    }

    @Test
    void readingAPartTakesTheMemoryOfAPart() throws IOException {
        long bytes = 3_000_000_000L;
        Path file = file("RF64", ds64(bytes), fmt(PCM, 2, 192_000, 16), chunk("data", -1, new byte[0]));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(file.toFile().length() + bytes);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Recording r = AudioFile.open(file)) {
            assertEquals(750_000_000, r.samples());
            r.read(0, 10); // classes are loaded
            long before = threads.getCurrentThreadAllocatedBytes();
            assertEquals(10, r.read(r.samples() - 10, r.samples()).samples());
            long took = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(took < 10_000, took + " bytes");
        }
    }

    @Test
    void whatIsLargerThanTheHeapIsRefused() throws IOException {
        long bytes = Runtime.getRuntime().maxMemory() / 64 * 64 + 64; // four times that as floats
        Path file = file("RF64", ds64(bytes), fmt(PCM, 64, 192_000, 8), chunk("data", -1, new byte[0]));
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(file.toFile().length() + bytes);
        }
        refused(file, " MiB of Java heap for ", "room for less", "cut the song into parts");
        try (Recording r = AudioFile.open(file)) {
            assertEquals(1000, r.read(0, 1000).samples());
        }
    }

    @Test
    void anyByteOfAHeaderMayBeWrong() throws IOException {
        byte[] whole = Riff.file(
                "RF64",
                ds64(64),
                fmt(FLOAT, 2, 48000, 32),
                chunk("LIST", new byte[5]),
                chunk("data", new byte[64]),
                chunk("id3 ", new byte[9]));
        for (int i = 4; i < whole.length - 64; i++) {
            for (int v : new int[] {0, 1, 0x7F, 0x80, 0xFF}) {
                byte[] bad = whole.clone();
                bad[i] = (byte) v;
                Path file = Files.write(folder.resolve("b.wav"), bad);
                try (WavReader r = WavReader.open(file)) {
                    assertFalse(
                            r.samples() < 1
                                    || r.samples() > whole.length
                                    || r.channels() > 64
                                    || r.sampleRateHz() > 768_000,
                            Arrays.toString(bad));
                    r.whole();
                } catch (Problem p) {
                    assertTrue(p.getMessage().startsWith("audio: " + file + ": need "), p.getMessage());
                }
            }
        }
    }
}
