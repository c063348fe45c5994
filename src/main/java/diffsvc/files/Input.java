package diffsvc.files;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** Checks a file before it is read: whether a regular file lies at a path and, if not, what does. */
public final class Input {
    private static final int TYPE = 0170000, PIPE = 0010000, CHARACTERS = 0020000, BLOCKS = 0060000, SOCKET = 0140000;

    private Input() {}

    /**
     * Requires a regular file that may be read.
     *
     * @param need what the stage reads, "a recording"
     * @return {@code file}
     * @throws Problem that says what lies there instead
     */
    public static Path require(String stage, Path file, String need) {
        if (Files.isRegularFile(file) && Files.isReadable(file)) {
            return file;
        }
        throw Problem.in(stage, file, need, kind(file), remedy(file));
    }

    private static String remedy(Path file) {
        return Files.isRegularFile(file) ? "check its permissions" : "check the path";
    }

    /**
     * What lies at a path: "nothing at that path", "a folder", "a named pipe", "a link that leads in a circle", "a
     * file" ...
     */
    public static String kind(Path path) {
        try {
            BasicFileAttributes there = Files.readAttributes(path, BasicFileAttributes.class);
            if (there.isDirectory()) {
                return "a folder";
            }
            if (there.isRegularFile()) {
                return Files.isReadable(path) ? "a file" : "a file that may not be read";
            }
            return special(path);
        } catch (NoSuchFileException e) {
            return Files.isSymbolicLink(path)
                    ? "a link to " + aim(path) + ", where nothing is"
                    : "nothing at that path";
        } catch (AccessDeniedException e) {
            return "a folder on the way that may not be looked into";
        } catch (FileSystemLoopException e) {
            return "a link that leads in a circle";
        } catch (FileSystemException e) {
            String reason = WholeFile.reason(e);
            return Files.isSymbolicLink(path) && reason.contains("symbolic link")
                    ? "a link that leads in a circle"
                    : "nothing that can be reached (" + reason + ")";
        } catch (IOException e) {
            return "nothing that can be reached (" + WholeFile.reason(e) + ")";
        }
    }

    private static String aim(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            return "another place";
        }
    }

    private static String special(Path path) {
        try {
            int mode = (Integer) Files.getAttribute(path, "unix:mode");
            return switch (mode & TYPE) {
                case PIPE -> "a named pipe";
                case CHARACTERS, BLOCKS -> "a device";
                case SOCKET -> "a socket";
                default -> "a special file";
            };
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return "a special file";
        }
    }
}
