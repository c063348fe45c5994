package diffsvc.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each reach into the insides of other software: as it works here, switched off, and with software that has changed.
 */
class ReachTest {
    @TempDir
    Path folder;

    @Test
    void theEngineAndTheAllocatorAreReachedHereAndSayWhichVersion() {
        Reach.Finding arrays = Reach.ARRAYS.finding();
        assertTrue(arrays.works() && arrays.version().matches("DJL \\d+\\.\\d+\\.\\d+"), arrays.toString());
        assertTrue(WeakManager.open().isWeak());
        assertTrue(
                Reach.ALLOCATOR.finding().version().contains("glibc 2."),
                Reach.ALLOCATOR.finding().toString());
        assertTrue(Reach.AGENT.works());
    }

    /** This process keeps JShell's package closed. */
    @Test
    void aClosedPackageIsAFindingAndNoException() {
        Reach.Finding cells = Reach.CELLS.finding();
        assertFalse(cells.works());
        assertEquals("the package is closed to this process", cells.reason());
        assertTrue(cells.version().startsWith("JShell " + Runtime.version().feature()), cells.version());
    }

    @Test
    void anOrdinaryManagerKeepsItsArraysUntilClear() {
        try (WeakManager held = WeakManager.plain()) {
            assertFalse(held.isWeak());
            NDArray x = held.manager().create(new float[] {1, 2, 3}), view = x.get("1:");
            held.manager().ones(new Shape(5));
            try (NDManager scratch = held.manager().newSubManager()) {
                scratch.ones(new Shape(7));
                assertEquals(3, held.arrays().size(), "the scratch manager's array is not counted");
            }
            assertEquals(4 * (3 + 2 + 5), held.bytes());
            assertEquals(5, view.sum().getFloat());
            held.clear();
            assertEquals(0, held.arrays().size());
            assertThrows(IllegalStateException.class, x::toFloatArray);
            assertEquals(2, held.manager().ones(new Shape(2)).sum().getFloat());
        }
    }

    @Test
    void theSwitchTurnsEveryReachOffWithoutAWord() throws Exception {
        assertEquals(
                "weak false, kept 3, " + Reach.values().length + " of " + Reach.values().length + " off, sum 6.0",
                alone(List.of("-D" + Reach.PLAIN + "=true"), ""));
    }

    /** A DJL whose manager calls its map otherwise, made by renaming the field in the class file. */
    @Test
    void anotherEngineMeansOrdinaryManagersAndOneLine() throws Exception {
        String name = BaseNDManager.class.getName().replace('.', '/') + ".class";
        Path changed = folder.resolve("other").resolve(name);
        Files.createDirectories(changed.getParent());
        try (InputStream in = BaseNDManager.class.getClassLoader().getResourceAsStream(name)) {
            String bytes = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            assertTrue(bytes.contains("\t" + "resources"), "the field's name with its length before it");
            Files.write(changed, bytes.replace("\tresources", "\tresourceZ").getBytes(StandardCharsets.ISO_8859_1));
        }
        String said = alone(List.of(), folder.resolve("other") + File.pathSeparator);
        String[] lines = said.split("\n");
        assertEquals(2, lines.length, said);
        assertTrue(
                lines[0].matches("platform: DJL [0-9.]+ does not offer what arrays needs \\(no field resources\\); "
                        + "arrays stay until clear\\(\\) or close\\(\\)"),
                said);
        assertTrue(lines[1].startsWith("weak false, kept 3, ") && lines[1].endsWith("sum 6.0"), said);
    }

    /** What {@link #main} prints in a process of its own. */
    private static String alone(List<String> options, String before) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        Collections.addAll(
                command, Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m");
        command.addAll(options);
        Collections.addAll(
                command,
                "-Dai.djl.offline=true",
                "-cp",
                before + System.getProperty("java.class.path"),
                ReachTest.class.getName());
        Process p = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertTrue(p.waitFor(60, TimeUnit.SECONDS) && p.exitValue() == 0, said);
        return said;
    }

    /** Works with a manager as a notebook does, and prints what stood behind it. */
    public static void main(String[] args) {
        try (WeakManager one = WeakManager.open();
                WeakManager two = WeakManager.under(one.manager())) {
            NDArray x = two.manager().create(new float[] {1, 2, 3});
            NDArray sum = x.add(0).sum();
            long off = List.of(Reach.values()).stream()
                    .filter(r -> !r.finding().works())
                    .count();
            System.out.println("weak " + two.isWeak() + ", kept " + two.arrays().size() + ", " + off + " of "
                    + Reach.values().length + " off, sum " + sum.getFloat());
        }
    }
}
