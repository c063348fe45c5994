package diffsvc.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Depth;
import diffsvc.audio.Resampler;
import diffsvc.audio.WavReader;
import diffsvc.audio.WavWriter;
import diffsvc.audio.Wave;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory does not grow with the song: the launcher's infer, its process watched from outside. */
@Tag("memory")
class SongMemoryTest {
    private static final double MORE = 1.2;

    @TempDir
    Path folder;

    /** The three songs over and over, two channels: phrases and no pause that the slicer would take. */
    private Path song(int seconds) throws IOException {
        Path file = folder.resolve(seconds + ".wav");
        int rate = 44100;
        try (WavWriter out = WavWriter.open(file, 2, rate, Depth.PCM16)) {
            for (int i = 1; out.frames() < (long) seconds * rate; i = i % 3 + 1) {
                Wave w = AudioFile.read(Path.of("src/test/resources/songs/music" + i + ".wav"));
                float[] x = Resampler.resample(w.mean(), w.sampleRateHz(), rate);
                float[] both = new float[2 * (int) Math.min(x.length, (long) seconds * rate - out.frames())];
                for (int k = 0; k < both.length; k++) {
                    both[k] = x[k / 2] * 0.9f;
                }
                out.append(both);
            }
        }
        return file;
    }

    private long peak(int seconds) throws IOException, InterruptedException {
        Path out = folder.resolve(seconds + " out.wav"), said = folder.resolve("said.txt");
        Process p = new ProcessBuilder(
                        "sh",
                        Path.of("diffsvc").toAbsolutePath().toString(),
                        "infer",
                        song(seconds).toString(),
                        "--out",
                        out.toString(),
                        "--steps",
                        "2",
                        "--no-cache")
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();
        long peak = 0;
        while (p.isAlive()) {
            try {
                for (String line : Files.readAllLines(Path.of("/proc/" + p.pid() + "/status"))) {
                    peak = line.startsWith("VmHWM:")
                            ? Math.max(peak, Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                            : peak;
                }
            } catch (IOException e) {
                // it has just ended
            }
            Thread.sleep(20);
        }
        assertEquals(0, p.exitValue(), Files.readString(said));
        try (WavReader result = WavReader.open(out)) {
            assertEquals((long) seconds * 44100, result.samples());
        }
        Files.delete(out);
        return peak;
    }

    private void level(int shorter, int longer) throws IOException, InterruptedException {
        long few = peak(shorter), many = peak(longer);
        System.out.printf("infer: %d s take %d MiB, %d s %d MiB%n", shorter, few >> 20, longer, many >> 20);
        assertTrue(many <= MORE * few, longer + " s take " + (many >> 20) + " MiB, " + shorter + " s " + (few >> 20));
    }

    @Test
    void threeMinutesTakeNoMoreThanHalfAMinute() throws Exception {
        level(30, 180);
    }

    @Test
    @Tag("long")
    void anHourTakesNoMoreThanFiveMinutes() throws Exception {
        level(300, 3600);
    }
}
