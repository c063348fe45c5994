package diffsvc.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Codec;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** A temporary folder that takes no file is named as such; the song and the output are not blamed. */
class TemporaryTest {
    private static final Path MP3 = Path.of("src/test/resources/audio/a440.mp3");
    private final String before = System.getProperty("java.io.tmpdir");

    @TempDir
    Path folder;

    @AfterEach
    void restore() {
        System.setProperty("java.io.tmpdir", before);
    }

    private static void refused(Executable work, String begin, String got) {
        String said = assertThrows(Problem.class, work).getMessage();
        assertEquals(
                begin + ": need a folder that takes temporary files, got " + got
                        + "; set TMPDIR (Java: -Djava.io.tmpdir) to a folder with room",
                said);
    }

    @Test
    void aFileIsMadeInTheFolderThatIsSetNow() throws IOException {
        System.setProperty("java.io.tmpdir", folder.toString());
        Path file = Temporary.file("audio", ".wav");
        assertTrue(file.startsWith(folder) && file.toString().endsWith(".wav") && Files.size(file) == 0);
    }

    @Test
    void decodingAndPackingLeaveNothingBehind() throws IOException {
        System.setProperty(
                "java.io.tmpdir", Files.createDirectory(folder.resolve("tmp")).toString());
        AudioFile.read(MP3);
        WaveWriter.flacBytes(Wave.mono(new float[1000], 8000));
        WaveWriter.write(folder.resolve("a.flac"), Wave.mono(new float[1000], 8000));
        try (Stream<Path> left = Files.list(folder.resolve("tmp"))) {
            assertEquals(
                    0,
                    left.filter(p -> p.getFileName().toString().startsWith("diffsvc"))
                            .count());
        }
    }

    @Test
    void aMissingFolderIsNamed() throws IOException {
        Path missing = folder.resolve("missing"), file = Files.writeString(folder.resolve("file"), "");
        Wave wave = Wave.mono(new float[1000], 8000);
        System.setProperty("java.io.tmpdir", missing.toString());
        refused(() -> Temporary.file("output", ".wav"), "output: " + missing, "nothing at that path");
        refused(() -> AudioFile.open(MP3), "audio: " + missing, "nothing at that path");
        refused(() -> WaveWriter.flacBytes(wave), "output: " + missing, "nothing at that path");
        refused(() -> WaveWriter.write(folder.resolve("a.flac"), wave), "output: " + missing, "nothing at that path");
        WaveWriter.write(folder.resolve("a.wav"), wave); // which needs no temporary file elsewhere
        System.setProperty("java.io.tmpdir", file.toString());
        refused(() -> AudioFile.open(MP3), "audio: " + file, "a file");
    }

    @Test
    void aFullDiskIsNoFaultOfTheSong() {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.exists(full));
        refused(() -> Codec.decode(MP3, full), "audio: " + before, "No space left on device");
    }
}
