package diffsvc.platform;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * Ends the process without the destructors of the engine's libraries. They would free what a thread still computes
 * with: Java's exit does not wait for its threads, so Ctrl-C in the middle of an operation could end in a segmentation
 * fault.
 */
public final class EngineExit {
    private EngineExit() {}

    /** From now on the process ends so, with its exit code and after all shutdown hooks. */
    public static void withoutDestructors() {
        Runtime.getRuntime().addShutdownHook(new Thread(EngineExit::skip));
    }

    private static boolean hasEngine() {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.anyMatch(line -> line.contains("libtorch"));
        } catch (IOException | UncheckedIOException e) {
            return true;
        }
    }

    /**
     * What was registered last runs first, so this comes when the process ends: the libraries register their
     * destructors as late as at the first use of a static value.
     */
    private static void skip() {
        if (!hasEngine()) {
            return; // --help need not wait for JNA
        }
        try {
            Pointer end = Function.getFunction("c", "_exit"); // takes the exit code, as a handler of on_exit does
            Function.getFunction("c", "on_exit").invokeInt(new Object[] {end, Pointer.NULL});
        } catch (LinkageError e) {
            // another C library than glibc, or no room for JNA: the destructors run
        }
    }
}
