package diffsvc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.jshell.Execution;
import diffsvc.notebook.Help;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import jdk.jshell.JShell;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ./diffsvc jshell, as typed. */
class JShellTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();

    @TempDir
    Path folder;

    private String type(String lines) throws IOException, InterruptedException {
        Path in = Files.writeString(folder.resolve("in"), lines), out = folder.resolve("out");
        Process p = new ProcessBuilder(ROOT.resolve("diffsvc").toString(), "jshell")
                .redirectInput(in.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertTrue(p.waitFor(3, TimeUnit.MINUTES), "took longer than 3 minutes");
        assertEquals(0, p.exitValue(), Files.readString(out));
        return Files.readString(out);
    }

    @Test
    void theVoiceOpensOnDemandAndStagesAreOneCallEach() throws IOException, InterruptedException {
        String said = type(
                """
            var song = session().read("raw/music1.wav").slice(0, 2)
            var signal = session().signal(song)
            var mel = session().mel(signal)
            mel
            show(mel)
            session().plots().mel("two seconds", mel, session().pitch(signal))
            session().read("nothing.wav")
            help()
            """);
        assertTrue(said.contains("session() opens the demo voice, help() shows"), said);
        assertTrue(said.contains("[172, 128] float32, -5.000 to "), said);
        assertTrue(said.contains("two seconds: mel [172, 128]"), said);
        assertTrue(said.contains("signal ==> float[88200], -0."), "one line for an array: " + said);
        assertFalse(said.contains("preferences directory"), said);
        assertEquals(
                3,
                said.split("mel ==> \\[172, 128\\] float32, -5.000 to ", -1).length,
                "declared and looked at, a tensor is said in our words: " + said);
        assertFalse(said.contains("Development Guideline"), said);
        assertTrue(said.contains("check the path") && !said.contains("at AudioFile"), said);
        assertTrue(said.contains(Help.page().lines().findFirst().orElseThrow()), said);
    }

    @Test
    void helpFitsOnOneScreenAndItsCallsCompile() throws IOException, InterruptedException {
        assertTrue(Help.page().lines().count() <= 24, Help.page());
        assertTrue(Help.page().lines().allMatch(l -> l.length() <= 80), Help.page());
        String said = type(
                """
            var song = session().read("raw/music1.wav").slice(0, 1)
            var signal = session().signal(song)
            var mel = session().mel(signal)
            var melody = session().pitch(signal)
            var units = session().units(song)
            var conds = session().align(units, melody, mel)
            var condition = session().embed(conds)
            var x = DiffSvc.open("demo", "infer.sampler=unipc2,infer.steps=4").denoise(condition, session().start(conds.frames(), mel, 7), 7, ProgressBar.of("sampling"))
            var sung = session().toMel(x, conds)
            show(conds)
            session().held()
            session().clear()
            """);
        assertFalse(said.contains("|  Error") || said.contains("|  Exception"), said);
        assertTrue(said.contains("mel2ph  [1, 86] int64"), said);
    }

    /** What the terminal's Ctrl-C calls, on the same classes. */
    @Test
    void ctrlCLeavesBetweenTwoStepsAndKeepsWhatWasMade() {
        try (JShell shell = JShell.builder()
                .executionEngine(new Execution(), Map.of())
                .remoteVMOptions(
                        "--class-path=" + System.getProperty("java.class.path"),
                        "-Xmx2g",
                        "-Dai.djl.offline=true",
                        "-Ddiffsvc.home=" + ROOT)
                .build()) {
            for (String line : List.of(
                    "import diffsvc.voice.*;",
                    "var session = DiffSvc.open(\"demo\", \"infer.steps=1000\");",
                    "var song = session.read(\"raw/music1.wav\");",
                    "var signal = session.signal(song);",
                    "var mel = session.mel(signal);",
                    "var conds = session.align(session.units(song), session.pitch(signal), mel);")) {
                assertEquals(null, shell.eval(line).get(0).exception(), line);
            }
            String stopped = stopped(shell, "session.sample(conds, mel, 7, (i, of, at, step) -> { });");
            assertTrue(stopped.matches("diffusion: stopped after \\d+ of 1000 steps"), stopped);
            String last = shell.eval("session.last().toString()").get(0).value();
            assertTrue(last.contains(" of 1000"), last);
            assertEquals("null", stopped(shell, "while (true) { }"), "what never looks is ended where it stands");
            assertEquals("2", shell.eval("1 + 1").get(0).value());
        }
    }

    /** The exception's message after a stop two seconds on; "null" where JShell itself ended the thread. */
    private static String stopped(JShell shell, String line) {
        Thread presses = new Thread(() -> {
            try {
                Thread.sleep(2000);
                shell.stop();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        presses.start();
        Throwable thrown = shell.eval(line).get(0).exception();
        return thrown == null ? "null" : thrown.getMessage();
    }

    /** Tab asks the same question of the same class. */
    @Test
    void completionShowsOurJavadoc() throws IOException, InterruptedException {
        Path out = folder.resolve("doc");
        String code =
                """
            diffsvc.platform.JavadocSources.register();
            try (var shell = jdk.jshell.JShell.builder().executionEngine("local").build()) {
                shell.addToClasspath(System.getProperty("java.class.path"));
                shell.eval("import diffsvc.voice.*;");
                var docs = shell.sourceCodeAnalysis().documentation("DiffSvc.open(", 13, true);
                docs.forEach(d -> System.out.println(d.signature() + " ## " + d.javadoc()));
            }
            """;
        Path program = Files.writeString(
                folder.resolve("Doc.java"),
                "class Doc { public static void main(String[] a) throws Exception {\n" + code + "}}");
        Process p = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-opens",
                        "jdk.jshell/jdk.jshell=ALL-UNNAMED",
                        "-Ddiffsvc.home=" + ROOT,
                        "-cp",
                        System.getProperty("java.class.path"),
                        program.toString())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        assertTrue(p.waitFor(2, TimeUnit.MINUTES), "took longer than 2 minutes");
        assertTrue(
                Files.readString(out).contains("Opens a project under models/ with its own settings."),
                Files.readString(out));
    }
}
