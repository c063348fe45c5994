package diffsvc.files;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a command may replace; one rule for all commands. An existing file is replaced only if the same command made it
 * for the same purpose, or if the user passes {@code --overwrite}; a file that the command reads is never replaced.
 * Files are compared as files (links, hard links, case and {@code ..} make no difference), and a link is followed: its
 * target is replaced, the link stays.
 *
 * @param overwrite whether everything but the inputs may be replaced
 * @param inputs files that the command reads
 */
public record Output(boolean overwrite, List<Path> inputs) {
    /** Replaces only files that the command made itself. */
    public static final Output CAREFUL = new Output(false, List.of());

    private static final int PROBE = 4096;

    /** Tells the files that a command made from all others. */
    @FunctionalInterface
    public interface Owner {
        /** The command made no existing file. */
        Owner NOBODY = file -> "a file that was there before";

        /**
         * Describes an existing file that the command did not make.
         *
         * @param file its real path
         * @return null for a file of the command, else what it is: "a file that infer did not write"
         */
        String stranger(Path file);
    }

    /**
     * Copies the list without its nulls.
     *
     * @param inputs files that the command reads; nulls are left out
     */
    public Output {
        List<Path> there = new ArrayList<>();
        for (Path p : inputs) {
            if (p != null) {
                there.add(p);
            }
        }
        inputs = List.copyOf(there);
    }

    /**
     * The same with further inputs.
     *
     * @param files that the command reads; nulls are left out
     */
    public Output reading(Path... files) {
        List<Path> all = new ArrayList<>(inputs);
        for (Path f : files) {
            if (f != null) {
                all.add(f);
            }
        }
        return new Output(overwrite, all);
    }

    /**
     * Requires that {@code target} may be written.
     *
     * @param owner knows the files that the command made
     * @return the real path to write to
     * @throws Problem when an input, a folder, a special file or a file of another origin lies there
     */
    public Path require(String stage, Path target, Owner owner) {
        return require(stage, target, owner, "choose another name, or replace it with --overwrite");
    }

    /**
     * The same with another remedy in the error.
     *
     * @param owner knows the files that the command made
     * @param remedy for a file that the command did not make; it names --overwrite
     * @return the real path to write to
     * @throws Problem when an input, a folder, a special file or a file of another origin lies there
     */
    public Path require(String stage, Path target, Owner owner, String remedy) {
        if (!Files.exists(target)) {
            if (Files.exists(target, LinkOption.NOFOLLOW_LINKS) && !overwrite) {
                throw Problem.in(stage, target, "a free name", Input.kind(target), remedy);
            }
            return real(target);
        }
        if (!Files.isRegularFile(target)) {
            throw Problem.in(stage, target, "the name of a file", Input.kind(target), "choose another name");
        }
        for (Path input : inputs) {
            if (same(input, target)) {
                throw Problem.in(
                        stage,
                        target,
                        "another file than the one that is read",
                        input.equals(target) ? "that file itself" : input + ", which is the same file",
                        "choose another name");
            }
        }
        Path real = real(target);
        String stranger = overwrite ? null : owner.stranger(real);
        if (stranger != null) {
            throw Problem.in(stage, target, "a free name, or a file that this command made before", stranger, remedy);
        }
        return real;
    }

    /**
     * Whether two paths lead to one file.
     *
     * @return false if one of them is null or does not exist
     */
    public static boolean same(Path a, Path b) {
        try {
            return a != null && b != null && Files.exists(a) && Files.exists(b) && Files.isSameFile(a, b);
        } catch (IOException e) {
            return false;
        }
    }

    /** The absolute path with all links followed. The end of the path need not exist. */
    public static Path real(Path path) {
        Path absolute = path.toAbsolutePath();
        List<Path> missing = new ArrayList<>();
        for (Path p = absolute; p != null; p = p.getParent()) {
            try {
                Path real = p.toRealPath();
                for (int i = missing.size() - 1; i >= 0; i--) {
                    real = real.resolve(missing.get(i));
                }
                return real.normalize();
            } catch (IOException e) {
                missing.add(p.getFileName() == null ? p : p.getFileName());
            }
        }
        return absolute.normalize();
    }

    /**
     * Tests an output before the work: the nearest existing folder takes a file, its disk has room, and no name is too
     * long. Nothing stays behind.
     *
     * @param target path of a file whose folders may not exist yet
     * @param bytes that will be written; 0 if that is not known
     * @throws Problem that names the obstacle
     */
    public static void tryOut(String stage, Path target, long bytes) {
        tryOut(stage, target, bytes, false);
    }

    /**
     * The same, and tests whether a file may be so large (ulimit -f, the file system's own limit).
     *
     * @param target path of a file whose folders may not exist yet
     * @throws Problem that names the obstacle
     */
    public static void trySize(String stage, Path target, long bytes) {
        tryOut(stage, target, bytes, true);
    }

    private static void tryOut(String stage, Path target, long bytes, boolean whole) {
        Path folder = target.toAbsolutePath().getParent();
        while (folder != null && !Files.exists(folder)) {
            named(stage, target, folder);
            folder = folder.getParent();
        }
        if (folder == null || !Files.isDirectory(folder)) {
            throw Problem.in(
                    stage,
                    target,
                    "a folder to write into",
                    folder == null ? "none" : folder + ", " + Input.kind(folder),
                    "choose another name");
        }
        named(stage, target, target.toAbsolutePath());
        Path probe = folder.resolve(".diffsvc-" + Long.toHexString(System.nanoTime()) + ".part");
        try {
            Files.createFile(probe);
            probe.toFile().deleteOnExit();
            try (FileChannel channel = FileChannel.open(probe, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.allocate(PROBE));
                channel.force(true);
                if (whole && bytes > PROBE) {
                    channel.write(ByteBuffer.allocate(1), bytes - 1); // takes no room
                }
            }
            long free = Files.getFileStore(folder).getUsableSpace();
            if (bytes > free) {
                throw Problem.in(
                        stage,
                        target,
                        size(bytes) + " of free disk space in " + folder,
                        size(free),
                        "make room, or write to another disk");
            }
        } catch (NoSuchFileException e) { // /proc, for instance
            throw Problem.in(
                    stage, target, "a folder that can be written", "one that takes no files", "choose another folder");
        } catch (IOException e) {
            throw Problem.in(
                    stage,
                    target,
                    "a folder that can be written",
                    WholeFile.reason(e),
                    "check the folder's permissions and the free disk space");
        } finally {
            probe.toFile().delete();
        }
    }

    /** Refuses a name that the file system cannot hold. */
    private static void named(String stage, Path target, Path path) {
        try {
            Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            // free
        } catch (FileSystemException e) {
            throw Problem.in(stage, target, "a name that can be written", WholeFile.reason(e), "choose another name");
        } catch (IOException e) {
            throw Problem.in(stage, target, "a place that can be written", WholeFile.reason(e), "choose another name");
        }
    }

    private static String size(long bytes) {
        return bytes < 1 << 20 ? (bytes >> 10) + " KiB" : String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
    }
}
