package diffsvc.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.jna.Function;
import com.sun.jna.Pointer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class EngineExitTest {
    /** A process whose library has a destructor that aborts, as freeing what a thread still uses can. */
    static final class Aborting {
        public static void main(String[] args) {
            ai.djl.engine.Engine.getInstance(); // starts the engine
            if (args[0].equals("without")) {
                EngineExit.withoutDestructors();
            }
            Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("hook")));
            Function.getFunction("c", "__cxa_atexit")
                    .invokeInt(new Object[] {Function.getFunction("c", "abort"), Pointer.NULL, Pointer.NULL});
            System.exit(7);
        }
    }

    private static int end(String how) throws Exception {
        Process p = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:-CreateCoredumpOnCrash",
                        "-Dai.djl.offline=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Aborting.class.getName(),
                        how)
                .redirectErrorStream(true)
                .start();
        String said = new String(p.getInputStream().readAllBytes());
        int code = p.waitFor();
        assertTrue(said.lines().anyMatch("hook"::equals), "hooks run first: " + said);
        return code;
    }

    @Test
    void theDestructorsOfLibrariesDoNotRun() throws Exception {
        assertEquals(128 + 6, end("with"), "the destructor of this test aborts");
        assertEquals(7, end("without"));
    }
}
