package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Allows one run at a time in a folder. The system releases the lock when the process ends, however it ends. */
public final class RunLock implements AutoCloseable {
    private final FileChannel channel;
    private final Path folder;

    private RunLock(FileChannel channel, Path folder) {
        this.channel = channel;
        this.folder = folder;
    }

    /**
     * Locks a folder, which is created if missing.
     *
     * @throws Problem when another run holds the lock, or the folder cannot be written
     */
    public static RunLock of(Path folder) {
        FileChannel channel = null;
        try {
            Files.createDirectories(folder);
            channel = FileChannel.open(folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return new RunLock(channel, folder);
            }
        } catch (OverlappingFileLockException e) {
            // another run of this process
        } catch (IOException e) {
            throw Problem.in(
                    "train",
                    folder,
                    "a folder that can be written",
                    WholeFile.reason(e),
                    "check its permissions and the free disk space");
        }
        close(channel);
        throw Problem.in(
                "train",
                folder,
                "no other run of this project",
                "one that is running",
                "wait for it, stop it, or train under another name");
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // the process's end closes it
        }
    }

    /** Releases the lock and deletes folders that a refused run left empty; a link to a folder stays. */
    @Override
    public void close() {
        try {
            Files.deleteIfExists(folder.resolve(
                    ".lock")); // before the lock is released, so that no other run can lock a deleted file
            for (Path empty : new Path[] {folder, folder.toAbsolutePath().getParent()}) {
                if (Files.isSymbolicLink(empty)) {
                    break;
                }
                Files.deleteIfExists(empty);
            }
        } catch (IOException e) {
            // not empty
        }
        close(channel);
    }
}
