package diffsvc.files;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.regex.Pattern;

/**
 * Writes a file whole or not at all: under a temporary name beside the target, synced, then renamed. The temporary file
 * is deleted when writing fails, and at the end of the process when that is interrupted (Ctrl-C).
 */
public final class WholeFile {
    /** Writes the content. */
    @FunctionalInterface
    public interface Filler {
        /**
         * Writes everything into the temporary file.
         *
         * @throws IOException when it cannot be written
         */
        void fill(Path temporary) throws IOException;
    }

    private static final int STEM = 40;
    private static final Pattern UNFINISHED = Pattern.compile("\\.(?:.+\\.|diffsvc-)[0-9a-f]+\\.part(?:\\.[^.]+)?");

    private WholeFile() {}

    /**
     * Fills a temporary file and renames it to {@code target}. Missing folders are made.
     *
     * @return {@code target}
     * @throws Problem when the folder cannot be written or the disk is full
     */
    public static Path write(String stage, Path target, Filler filler) {
        Path temporary = null;
        try {
            Path folder = target.toAbsolutePath().getParent();
            Files.createDirectories(folder);
            String name = target.getFileName().toString();
            int dot = name.lastIndexOf('.');
            // the ending stays: an encoder may choose its format by it; the stem is cut, so that the temporary name is
            // never too long where the target's is not
            String stem = dot > 0 ? name.substring(0, dot) : name;
            temporary = folder.resolve("." + stem.substring(0, Math.min(STEM, stem.length())) + "."
                    + Long.toHexString(System.nanoTime()) + ".part" + (dot > 0 ? name.substring(dot) : ""));
            Files.createFile(temporary); // with the permissions other files get, unlike createTempFile
            temporary.toFile().deleteOnExit();
            filler.fill(temporary);
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            return target;
        } catch (IOException e) {
            throw Problem.in(
                    stage,
                    target,
                    "a file that can be written",
                    reason(e),
                    "check the folder's permissions and the free disk space");
        } finally {
            if (temporary != null) {
                try {
                    Files.deleteIfExists(temporary);
                } catch (IOException e) {
                    // deleteOnExit tries once more
                }
            }
        }
    }

    /** Whether the name is a temporary one: the process was killed before it renamed the file. */
    public static boolean isUnfinished(Path file) {
        return UNFINISHED.matcher(file.getFileName().toString()).matches();
    }

    /** The reason of a failure in words: "no permission", "No space left on device". */
    public static String reason(IOException e) {
        if (e instanceof AccessDeniedException) {
            return "no permission";
        }
        if (e instanceof NoSuchFileException missing) {
            return "no " + missing.getFile();
        }
        if (e instanceof FileSystemException f && f.getReason() != null) {
            return f.getReason();
        }
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
