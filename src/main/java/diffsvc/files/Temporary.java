package diffsvc.files;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Temporary files, all in one folder; where that is missing, closed or full, the error names it and not the song that
 * was worked on.
 */
public final class Temporary {
    private static final String REMEDY = "set TMPDIR (Java: -Djava.io.tmpdir) to a folder with room";

    private Temporary() {}

    /**
     * Makes an empty temporary file. The caller deletes it; what an interruption leaves goes at the end of the process.
     *
     * @param stage that needs it
     * @param ending of its name, ".wav"
     * @return the path
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

    /**
     * The problem where a temporary file cannot be made or written.
     *
     * @param stage that needs it
     * @param e as the system gave it
     * @return the problem, to be thrown
     */
    public static Problem refused(String stage, IOException e) {
        return refused(stage, WholeFile.reason(e));
    }

    /**
     * The same where the reason is known in words.
     *
     * @param stage that needs it
     * @param reason "No space left on device"
     * @return the problem, to be thrown
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

    /**
     * The folder that holds them.
     *
     * @return of java.io.tmpdir, which the launcher takes from TMPDIR
     */
    public static Path folder() {
        return Path.of(System.getProperty("java.io.tmpdir"));
    }
}
