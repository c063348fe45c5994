package diffsvc.audio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** WAV files of every coding in, wrong files refused by name, WAV and FLAC out. */
class AudioTest {
    @TempDir
    Path folder;

    /** Writes one stereo file with the values 0, 0.5, -0.5, -1 left and their halves right. */
    private Path file(int coding, int bits, boolean extensible) throws IOException {
        double[] left = {0, 0.5, -0.5, -1};
        int n = left.length, width = bits / 8, fmt = extensible ? 40 : 16;
        ByteBuffer b =
                ByteBuffer.allocate(12 + 8 + fmt + 8 + 2 + 8 + n * 2 * width).order(ByteOrder.LITTLE_ENDIAN);
        b.put("RIFF".getBytes()).putInt(b.capacity() - 8).put("WAVE".getBytes());
        b.put("fmt ".getBytes())
                .putInt(fmt)
                .putShort((short) (extensible ? 0xFFFE : coding))
                .putShort((short) 2)
                .putInt(48000)
                .putInt(48000 * 2 * width)
                .putShort((short) (2 * width))
                .putShort((short) bits);
        if (extensible) {
            b.putShort((short) 22)
                    .putShort((short) bits)
                    .putInt(3)
                    .putShort((short) coding)
                    .put(new byte[14]);
        }
        b.put("junk".getBytes()).putInt(1).put(new byte[2]); // an odd chunk, padded
        b.put("data".getBytes()).putInt(n * 2 * width);
        for (double l : left) {
            for (double v : new double[] {l, l / 2}) {
                if (coding == 3) {
                    if (bits == 32) {
                        b.putFloat((float) v);
                    } else {
                        b.putDouble(v);
                    }
                } else if (bits == 8) {
                    b.put((byte) (Math.round(v * 128) + 128));
                } else {
                    long whole = Math.round(v * Math.pow(2, bits - 1));
                    for (int k = 0; k < width; k++) {
                        b.put((byte) (whole >> 8 * k));
                    }
                }
            }
        }
        return Files.write(folder.resolve("노래 " + coding + " " + bits + ".wav"), b.array());
    }

    @ParameterizedTest
    @CsvSource({
        "1,8,false",
        "1,16,false",
        "1,24,false",
        "1,32,false",
        "3,32,false",
        "3,64,false",
        "1,24,true",
        "3,32,true"
    })
    void everyCodingGivesTheSameSamples(int coding, int bits, boolean extensible) throws IOException {
        Wave wave = WavReader.read(file(coding, bits, extensible));
        assertEquals(48000, wave.sampleRateHz());
        assertArrayEquals(new float[] {0, 0.5f, -0.5f, -1}, wave.channels()[0], 0);
        assertArrayEquals(new float[] {0, 0.25f, -0.25f, -0.5f}, wave.channels()[1], 0);
        assertArrayEquals(new float[] {0, 0.375f, -0.375f, -0.75f}, wave.mean(), 0);
    }

    private void refused(byte[] bytes, String... words) throws IOException {
        Path bad = Files.write(folder.resolve("bad.wav"), bytes);
        String said = assertThrows(Problem.class, () -> WavReader.read(bad)).getMessage();
        assertTrue(
                said.startsWith("audio: ")
                        && said.contains("bad.wav")
                        && said.contains("need ")
                        && said.contains("got "),
                said);
        for (String word : words) {
            assertTrue(said.contains(word), said);
        }
        assertFalse(said.contains("\n"), said);
    }

    @Test
    void wrongFilesAreRefusedInOneSentence() throws IOException {
        byte[] good = Files.readAllBytes(file(1, 16, false));
        refused(new byte[0], "empty");
        refused("this is only text, named .wav by mistake".getBytes(), "RIFF", "this is only");
        refused(Arrays.copyOf(good, good.length - 3), "cut");
        refused(Arrays.copyOf(good, 30), "fmt ");
        refused(Arrays.copyOf(good, 46), "data");
        byte[] coded = good.clone();
        coded[20] = 85; // MP3 inside WAV
        refused(coded, "coding 85");
        assertTrue(assertThrows(Problem.class, () -> WavReader.read(folder.resolve("none.wav")))
                .getMessage()
                .contains("nothing at that path"));
    }

    @Test
    void everyCutOfAFileEndsInASentenceOrAWave() throws IOException {
        byte[] good = Files.readAllBytes(file(1, 24, true));
        int refused = 0;
        for (int n = 0; n < good.length; n++) {
            Path bad = Files.write(folder.resolve("cut.wav"), Arrays.copyOf(good, n));
            try {
                WavReader.read(bad);
            } catch (Problem p) {
                assertTrue(p.getMessage().contains("cut.wav"));
                refused++;
            }
        }
        assertEquals(good.length, refused);
    }

    @Test
    void wavAndFlacHoldTheSameSamples() throws IOException {
        float[] x = new float[5000];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (0.8 * Math.sin(i * 0.05));
        }
        Wave wave = Wave.mono(x, 44100);
        Path wav = WaveWriter.write(folder.resolve("a b/소리.wav"), wave),
                flac = WaveWriter.write(folder.resolve("a b/소리.flac"), wave);
        assertArrayEquals(x, WavReader.read(wav).first(), 1 / 32000f);
        byte[] bytes = Files.readAllBytes(flac);
        assertEquals("fLaC", new String(bytes, 0, 4));
        assertArrayEquals(
                bytes,
                Files.readAllBytes(WaveWriter.write(folder.resolve("again.flac"), wave)),
                "the same sound gives the same file");
        try (Stream<Path> left = Files.list(folder.resolve("a b"))) {
            assertEquals(2, left.count(), "nothing temporary stays");
        }
    }

    @Test
    void whatWouldClipIsScaledAndSaidSo() {
        WaveWriter.Fitted fitted = WaveWriter.fitted(Wave.mono(new float[] {0, 2, -1}, 8000));
        assertEquals(0.99f, fitted.wave().peak(), 1e-6);
        assertEquals(0.495f, fitted.scale(), 1e-6);
        assertThrows(
                Problem.class, () -> WaveWriter.write(folder.resolve("loud.wav"), Wave.mono(new float[] {2}, 8000)));
        assertThrows(Problem.class, () -> WaveWriter.write(folder.resolve("x.mp3"), Wave.mono(new float[] {0}, 8000)));
    }

    @Test
    void aSineBelowBothNyquistsKeepsLevelAndPitchWhenResampled() {
        float[] x = new float[48000];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(2 * Math.PI * 1000 * i / 48000);
        }
        float[] y = Resampler.resample(x, 48000, 44100);
        assertEquals(44100, y.length);
        for (int i = 2000; i < 42000; i++) {
            assertEquals(Math.sin(2 * Math.PI * 1000 * i / 44100), y[i], 1e-3);
        }
    }
}
