package diffsvc.audio;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A path where no recording lies says what lies there, and nothing waits for a pipe that nobody fills. */
class SpecialFilesTest {
    @TempDir
    Path folder;

    private static void refused(Path file, String got) {
        for (String said : new String[] {
            assertThrows(Problem.class, () -> AudioFile.open(file)).getMessage(),
            assertThrows(Problem.class, () -> WavReader.open(file)).getMessage()
        }) {
            assertTrue(said.startsWith("audio: " + file + ": need a") && said.contains(", got " + got), said);
        }
    }

    @Test
    void aPathSaysWhatLiesThere() throws IOException {
        refused(folder, "a folder; check the path");
        refused(folder.resolve("none.wav"), "nothing at that path; check the path");
        refused(folder.resolve("x".repeat(300) + ".wav"), "nothing that can be reached (File name too long)");
        Path loop = folder.resolve("loop.wav"), dangling = folder.resolve("dangling.wav");
        Files.createSymbolicLink(loop, loop.getFileName());
        refused(loop, "a link that leads in a circle");
        Files.createSymbolicLink(dangling, Path.of("nowhere.wav"));
        refused(dangling, "a link to nowhere.wav, where nothing is");
        refused(Path.of("/"), "a folder");
    }

    @Test
    void aNamedPipeIsNotReadFrom() throws IOException, InterruptedException {
        Path pipe = folder.resolve("pipe.wav");
        try {
            assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0);
        } catch (IOException e) {
            assumeTrue(false, "no mkfifo here");
        }
        refused(pipe, "a named pipe; check the path");
    }

    @Test
    void aDeviceIsNotReadFrom() throws IOException {
        Path zero = Path.of("/dev/zero");
        assumeTrue(Files.exists(zero));
        refused(zero, "a device; check the path");
        Path link = Files.createSymbolicLink(folder.resolve("zero.wav"), zero);
        refused(link, "a device; check the path");
        Files.delete(link);
    }

    @Test
    void aFileThatMayNotBeReadSaysSo() throws IOException {
        Path closed = Files.writeString(folder.resolve("closed.wav"), "RIFF");
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("---------"));
        assumeTrue(!Files.isReadable(closed)); // root may read everything
        refused(closed, "a file that may not be read; check its permissions");
    }
}
