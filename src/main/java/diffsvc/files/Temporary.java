package diffsvc.files;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Temporary files, all in one folder. If that folder is missing, write-protected or full, the error names the folder
 * and not the song.
 */
public final class Temporary {
    private static final String REMEDY = "set TMPDIR (Java: -Djava.io.tmpdir) to a folder with room";

    private Temporary() {}

    /**
     * Makes an empty temporary file. The caller deletes it; after an interruption it is deleted when the process ends.
     *
     * @param ending of its name, ".wav"
     * @throws Problem when the temporary folder takes no file
     */
    public static Path file(String stage, String ending) {
        try {
            Path file = Files.createTempFile(folder(), "diffsvc", ending);
            file.toFile().deleteOnExit();
            return file;
        } catch (IOException e) {
            throw refused(stage, e);
        }
    }

    /** The problem of a temporary file that cannot be made or written. */
    public static Problem refused(String stage, IOException e) {
        return refused(stage, WholeFile.reason(e));
    }

    /**
     * The same with the reason in words.
     *
     * @param reason "No space left on device"
     */
    public static Problem refused(String stage, String reason) {
        Path folder = folder();
        return Problem.in(
                stage,
                folder,
                "a folder that takes temporary files",
                Files.isDirectory(folder) ? reason : Input.kind(folder),
                REMEDY);
    }

    /** The folder that holds them: java.io.tmpdir, which the launcher takes from TMPDIR. */
    public static Path folder() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }
}
