package diffsvc.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Recordings of every wrapping, a part at a time; depths of what is written. */
class RecordingTest {
    private static final Path AUDIO = Path.of("src/test/resources/audio");

    @TempDir
    Path folder;

    private static Wave noise(int channels, int samples, int rate) {
        Random random = new Random(3);
        float[][] x = new float[channels][samples];
        for (float[] c : x) {
            for (int i = 0; i < samples; i++) {
                c[i] = Math.max(-1, Math.min(1, (float) random.nextGaussian() / 4));
            }
        }
        return new Wave(x, rate);
    }

    /** A second of 440 Hz: the zero crossings show it, whatever the coding did to the samples. */
    @ParameterizedTest
    @ValueSource(strings = {"ogg", "mp3", "m4a", "opus", "aiff"})
    void whatFfmpegDecodesIsRead(String ending) {
        Wave wave = AudioFile.read(AUDIO.resolve("a440." + ending));
        int from = (int) (0.2 * wave.sampleRateHz()), to = (int) (0.8 * wave.sampleRateHz()), crossings = 0;
        for (int i = from; i < to; i++) {
            crossings += wave.first()[i - 1] < 0 && wave.first()[i] >= 0 ? 1 : 0;
        }
        assertEquals(440 * 0.6, crossings, 1.01);
        assertEquals(1, wave.seconds(), 0.06);
        assertEquals(0.25, wave.samples(from, to).peak(), 0.02);
    }

    @Test
    void partsAreTheWhole() {
        Wave wave = noise(2, 700_001, 48000);
        try (WavReader reader = WavReader.open(WaveWriter.write(folder.resolve("a.wav"), wave, Depth.FLOAT))) {
            assertArrayEquals(wave.channels()[1], reader.whole().channels()[1]);
            for (int[] part : new int[][] {{0, 1}, {700_000, 700_001}, {123, 400_123}, {5, 5}}) {
                assertArrayEquals(
                        Arrays.copyOfRange(wave.channels()[0], part[0], part[1]),
                        reader.read(part[0], part[1]).first());
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"16,wav,32768", "24,wav,8388608", "16,flac,32768", "24,flac,8388608"})
    void integersComeBackAsTheyWereRounded(String depth, String ending, double scale) {
        Wave wave = noise(2, 30_011, 44100);
        Wave back = AudioFile.read(WaveWriter.write(folder.resolve("소리 x." + ending), wave, Depth.of(depth)));
        assertEquals(wave.samples(), back.samples());
        for (int i = 0; i < wave.samples(); i++) {
            double expected = Math.min(scale - 1, Math.round(wave.channels()[1][i] * scale)) / scale;
            assertEquals(expected, back.channels()[1][i], 0, "sample " + i);
        }
    }

    @Test
    void whatCannotBeWrittenIsRefusedBeforeWork() {
        assertTrue(assertThrows(Problem.class, () -> WaveWriter.require(folder.resolve("a.flac"), Depth.FLOAT))
                .getMessage()
                .contains("16 or 24"));
        assertThrows(Problem.class, () -> WaveWriter.require(folder.resolve("a.mp3"), Depth.PCM16));
        assertThrows(Problem.class, () -> Depth.of("12"));
    }

    /** RF64: the lengths stand in ds64, those of RIFF and data are all ones. */
    @Test
    void lengthsBeyondFourGigabytesAreReadFromDs64() throws IOException {
        byte[] wav = Files.readAllBytes(WaveWriter.write(folder.resolve("a.wav"), noise(1, 1000, 8000)));
        ByteBuffer b = ByteBuffer.wrap(wav).order(ByteOrder.LITTLE_ENDIAN);
        b.put("RF64".getBytes()).putInt(-1);
        b.position(12)
                .put("ds64".getBytes())
                .putInt(28)
                .putLong(wav.length - 8)
                .putLong(2000)
                .putLong(1000);
        b.putInt(76, -1);
        Path file = Files.write(folder.resolve("b.wav"), wav);
        assertEquals(1000, AudioFile.read(file).samples());
        Files.write(file, Arrays.copyOf(wav, wav.length - 10));
        assertTrue(assertThrows(Problem.class, () -> AudioFile.read(file))
                .getMessage()
                .contains("cut"));
    }

    @Tag("conversion")
    @Test
    void damageIsNamedAndNeverPassedOver() throws IOException {
        Path flac = WaveWriter.write(folder.resolve("a.flac"), noise(1, 90_000, 44100));
        byte[] whole = Files.readAllBytes(flac), bad = whole.clone();
        Arrays.fill(bad, bad.length / 2, bad.length / 2 + 40, (byte) 0x55);
        for (byte[] content : new byte[][] {Arrays.copyOf(whole, whole.length / 2), Arrays.copyOf(whole, 30), bad}) {
            Path file = Files.write(folder.resolve("b.flac"), content);
            assertTrue(assertThrows(Problem.class, () -> AudioFile.read(file))
                    .getMessage()
                    .contains("b.flac"));
        }
        for (String ending : new String[] {"ogg", "mp3", "m4a", "opus"}) {
            byte[] coded = Files.readAllBytes(AUDIO.resolve("a440." + ending));
            Path file = Files.write(folder.resolve("half." + ending), Arrays.copyOf(coded, coded.length * 3 / 5));
            assertTrue(assertThrows(Problem.class, () -> AudioFile.read(file), ending)
                    .getMessage()
                    .contains("half." + ending));
        }
        Path list = Files.writeString(folder.resolve("list.ogg"), "#EXTM3U\nfile:///etc/passwd\n");
        assertThrows(Problem.class, () -> AudioFile.read(list), "a list of other files is no recording");
        assertTrue(assertThrows(Problem.class, () -> AudioFile.open(folder))
                .getMessage()
                .contains("folder"));
    }
}
