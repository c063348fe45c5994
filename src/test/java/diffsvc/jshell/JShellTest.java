package diffsvc.jshell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.notebook.Help;
import diffsvc.testing.Watched;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** ./diffsvc jshell, as typed. */
@Tag("process")
class JShellTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();

    @TempDir
    Path folder;

    private String type(String lines) throws IOException, InterruptedException {
        Path in = Files.writeString(folder.resolve("in"), lines);
        try (Watched shell = new Watched(
                new ProcessBuilder(ROOT.resolve("diffsvc").toString(), "jshell").redirectInput(in.toFile()))) {
            return shell.done();
        }
    }

    @Test
    void theVoiceOpensOnDemandAndStagesAreOneCallEach() throws IOException, InterruptedException {
        String said = type(
                """
            var song = bench().read("src/test/resources/songs/music1.wav").slice(0, 2)
            var mel = voice().mel(song)
            mel
            show(mel)
            plots().mel("two seconds", mel, voice().f0(song))
            var f0Hz = voice().f0(song).f0Hz()
            var panel = Panel.open(voice().paths(), EnumSet.of(JudgeKind.SIGNAL))
            var judged = Evaluation.of(panel, List.of(Subject.of(Sound.of("tone", song))))
            judged
            judged.picture("tone")
            Target.of(voice().paths(), "demo").get()
            bench().read("nothing.wav")
            help()
            """);
        assertTrue(said.contains("voice() opens the demo voice, help() shows"), said);
        assertTrue(said.contains("[1, 172, 128] float32, -5.000 to "), said);
        assertTrue(said.contains("two seconds: mel [172, 128]"), said);
        assertTrue(said.contains("f0Hz ==> float[172], 0.000 to "), "one line for an array: " + said);
        assertTrue(said.contains("judged ==> output  song  score\ntone\n\nfigure    unit  tone\nloudness"), said);
        assertTrue(said.contains("tone: tone: mel [172, 128]") && !said.contains("Lambda"), said);
        assertTrue(said.contains(" ==> demo: "), said);
        assertFalse(said.contains("preferences directory"), said);
        assertEquals(
                3,
                said.split("mel ==> \\[1, 172, 128\\] float32, -5.000 to ", -1).length,
                "a declared tensor prints as one line of shape, type and range: " + said);
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
            var song = voice().read("raw/music1.wav").slice(0, 1)
            var quick = voice().with(h -> h.infer(Samplers.unipc(2).steps(4)))
            var c = quick.convert(song)
            c.f0(); c.units(); c.conds()
            show(c.conds())
            c.wave(); c.stages().table()
            c.key(2).wave()
            var source = voice().analyse(song)
            var condition = voice().embed(source.conds())
            var start = voice().start(source.mel(), 7)
            var x = quick.denoise(condition, start, 7, ProgressBar.of("x"))
            var mel = voice().toMel(x, source.conds())
            var wave = voice().vocode(mel, source, 7)
            var p = plots().mel("mel", mel, source.f0())
            Evaluation judged = c == null ? bench().evaluate(c) : null
            bench().held()
            bench().clear()
            """);
        assertFalse(said.contains("|  Error") || said.contains("|  Exception"), said);
        assertTrue(said.contains("mel2ph  [1, 86] int64"), said);
    }

    /** What the terminal's Ctrl-C calls, on the same classes. */
    @Test
    void ctrlCLeavesBetweenTwoStepsAndKeepsWhatWasMade() {
        Watch out = new Watch();
        try (JShell shell = JShell.builder()
                .executionEngine(new Execution(), Map.of())
                .out(new PrintStream(out, true, StandardCharsets.UTF_8))
                .remoteVMOptions(
                        "--class-path=" + System.getProperty("java.class.path"),
                        "-Xmx2g",
                        "-Dai.djl.offline=true",
                        "-Ddiffsvc.home=" + ROOT)
                .build()) {
            for (String line : List.of(
                    "import diffsvc.voice.*;",
                    "var voice = Voice.open(\"demo\", h -> h.infer(i -> i.steps(1000)));",
                    "var source = voice.analyse(voice.read(\"raw/music1.wav\"));")) {
                SnippetEvent event = shell.eval(line).get(0);
                assertEquals(Snippet.Status.VALID, event.status(), line);
                assertEquals(null, event.exception(), line);
            }
            String stopped = stopped(
                    shell,
                    out,
                    "step 2",
                    "voice.sample(source.conds(), source.mel(), 7, (i, of, at, step) -> System.out.println(\"step \" + i));");
            assertTrue(stopped.matches("diffusion: stopped after \\d+ of 1000 steps"), stopped);
            String last = shell.eval("voice.values().last().toString()").get(0).value();
            assertTrue(last.contains(" of 1000"), last);
            assertEquals(
                    "null",
                    stopped(shell, out, "round", "{ System.out.println(\"round\"); while (true) { } }"),
                    "what never looks is ended where it stands");
            assertEquals("2", shell.eval("1 + 1").get(0).value());
        }
    }

    /** What the shell's process prints, and a signal with each word of it. */
    private static final class Watch extends ByteArrayOutputStream {
        synchronized void until(String word) throws InterruptedException {
            while (!toString(StandardCharsets.UTF_8).contains(word)) {
                wait();
            }
        }

        @Override
        public synchronized void write(byte[] b, int off, int len) {
            super.write(b, off, len);
            notifyAll();
        }

        @Override
        public synchronized void write(int b) {
            super.write(b);
            notifyAll();
        }
    }

    /** The exception's message after a stop in the middle; "null" where JShell itself ended the thread. */
    private static String stopped(JShell shell, Watch out, String middle, String line) {
        Thread presses = new Thread(() -> {
            try {
                out.until(middle);
                shell.stop();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        presses.setDaemon(true);
        presses.start();
        SnippetEvent event = shell.eval(line).get(0);
        assertEquals(Snippet.Status.VALID, event.status(), line);
        return event.exception() == null ? "null" : event.exception().getMessage();
    }

    /** Tab asks the same question of the same class. */
    @Test
    void completionShowsOurJavadoc() throws IOException, InterruptedException {
        String code =
                """
            diffsvc.platform.JavadocSources.register();
            try (var shell = jdk.jshell.JShell.builder().executionEngine("local").build()) {
                shell.addToClasspath(System.getProperty("java.class.path"));
                shell.eval("import diffsvc.voice.*;");
                var docs = shell.sourceCodeAnalysis().documentation("Voice.open(", 11, true);
                docs.forEach(d -> System.out.println(d.signature() + " ## " + d.javadoc()));
            }
            """;
        Path program = Files.writeString(
                folder.resolve("Doc.java"),
                "class Doc { public static void main(String[] a) throws Exception {\n" + code + "}}");
        try (Watched java = new Watched(new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-opens",
                "jdk.jshell/jdk.jshell=ALL-UNNAMED",
                "-Ddiffsvc.home=" + ROOT,
                "-cp",
                System.getProperty("java.class.path"),
                program.toString()))) {
            String said = java.done();
            assertTrue(said.contains("Opens a project under models/ with its own settings."), said);
        }
    }
}
