package diffsvc.testing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Ctrl-C for child processes. */
public final class Interrupts {
    private Interrupts() {}

    /**
     * A command whose process receives interrupts: a shell without job control starts its background commands, and all
     * that they start, deaf to them.
     */
    public static List<String> receivedBy(List<String> command) throws IOException {
        List<String> whole = new ArrayList<>(command);
        Path status = Path.of("/proc/self/status");
        if (Files.exists(status)
                && Files.readAllLines(status).stream()
                        .filter(l -> l.startsWith("SigIgn:"))
                        .anyMatch(l -> (Long.parseUnsignedLong(l.substring(7).trim(), 16) & 2) != 0)) {
            whole.addAll(0, List.of("env", "--default-signal=INT"));
        }
        return whole;
    }

    /** Ctrl-C. */
    public static void press(Process process) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-INT", String.valueOf(process.pid()))
                .start()
                .waitFor();
    }
}
