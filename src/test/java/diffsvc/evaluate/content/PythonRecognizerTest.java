package diffsvc.evaluate.content;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.evaluate.Sound;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a recognizer's process may do wrong, by shell scripts in its place. */
@Tag("process")
class PythonRecognizerTest {
    private static final Sound SOUND = Sound.of("song.wav", Wave.mono(new float[] {0.25f, -0.5f, 1.5f}, Sound.RATE_HZ));

    @TempDir
    Path folder;

    private PythonRecognizer recognizer;

    @AfterEach
    void end() {
        recognizer.close();
    }

    private PythonRecognizer of(double secondsToStart, String script) {
        recognizer = new PythonRecognizer(
                "Fake",
                Locale.ENGLISH,
                List.of("sh", "-c", "cd '" + folder + "'\n" + script),
                secondsToStart,
                "./diffsvc weights judges sets it up");
        return recognizer;
    }

    private static String answer(String text) {
        return "echo '{\"text\": \"'" + text
                + "'\", \"segments\": [{\"start\": 0.5, \"end\": 1.25, \"text\": \"la\"}], \"model\": \"m\", \"version\": \"v 1\"}'";
    }

    private String refusal() {
        return assertThrows(Problem.class, () -> recognizer.transcribe(SOUND)).getMessage();
    }

    @Test
    void oneProcessServesAllRecordingsUntilItIsClosed() {
        of(60, "while read line; do " + answer("$$") + "; done");
        Transcript first = recognizer.transcribe(SOUND);
        assertEquals(List.of(new Transcript.Segment(0.5, 1.25, "la")), first.segments());
        assertEquals("m, v 1", first.by());
        assertEquals(first.text(), recognizer.transcribe(SOUND).text());
        recognizer.close();
        assertTrue(ended(first.text()));
        assertNotEquals(first.text(), recognizer.transcribe(SOUND).text());
    }

    /** Whether the process ends; a kill takes its moment. */
    private static boolean ended(String pid) {
        return ProcessHandle.of(Long.parseLong(pid.strip()))
                .map(p -> p.onExit()
                        .completeOnTimeout(null, 30, TimeUnit.SECONDS)
                        .thenApply(q -> q != null)
                        .join())
                .orElse(true);
    }

    @Test
    void theRecordingIsAFileOfFloatsThatIsGoneAfterwards() {
        of(60, "read line; f=${line#*:\\\"}; f=${f%\\\"*}; cp \"$f\" copy.wav; " + answer("$f"));
        String file = recognizer.transcribe(SOUND).text();
        assertFalse(Files.exists(Path.of(file)), file);
        Wave copy = WavReader.read(folder.resolve("copy.wav"));
        assertArrayEquals(SOUND.samples(), copy.first(), "beyond full scale too");
        assertEquals(Sound.RATE_HZ, copy.sampleRateHz());
    }

    @Test
    void aCrashIsAProblemWithItsLastWords() {
        of(60, "read line; echo first >&2; echo 'out of memory' >&2; exit 7");
        assertEquals(
                "evaluate: need an answer from Fake on song.wav, got a program that ended with code 7 (out of memory); "
                        + "./diffsvc weights judges sets it up",
                refusal());
    }

    @Test
    void aProgramThatIsNotThereIsAProblem() {
        recognizer = new PythonRecognizer("Fake", Locale.ENGLISH, List.of("/no/python"), 60, "remedy");
        assertTrue(refusal().contains("/no/python"), refusal());
    }

    @Test
    void aMissingPackageIsAProblemAndTheNextRecordingTriesAgain() {
        of(
                60,
                "[ -e there ] || { touch there; echo '{\"error\": \"ModuleNotFoundError: No module named x\"}'; exit 3; }\n"
                        + "read line; "
                        + answer("la"));
        assertTrue(
                refusal().endsWith("got ModuleNotFoundError: No module named x; ./diffsvc weights judges sets it up"));
        assertEquals("la", recognizer.transcribe(SOUND).text());
    }

    @Test
    void linesThatAreNoAnswersAreProblems() {
        for (String line : List.of("hello", "[]", "{}", "null", "{\"text\": \"la\"}", "{\"text\": {}}", "7", "")) {
            of(60, "read line; echo '" + line + "'");
            assertTrue(refusal().contains("got the line \"" + line + "\""), line);
        }
    }

    @Test
    void aHangEndsTheProgram() throws Exception {
        of(0.3, "echo $$ > pid; read line; exec sleep 1000");
        assertTrue(refusal().contains("got none after 0 s"));
        Path pid = folder.resolve("pid"); // written before the kill on any machine that starts a shell in 0.3 s
        assertTrue(!Files.exists(pid) || ended(Files.readString(pid)));
    }

    @Test
    void theStopButtonEndsTheWaitAndTheProgram() throws Exception {
        of(600, "read line; echo $$ > pid; mv pid asked; exec sleep 1000");
        CompletableFuture<Problem> problem = new CompletableFuture<>();
        Thread cell =
                new Thread(() -> problem.complete(assertThrows(Problem.class, () -> recognizer.transcribe(SOUND))));
        cell.start();
        while (!Files.exists(folder.resolve("asked"))) {
            Thread.onSpinWait();
        }
        cell.interrupt();
        assertTrue(problem.get(60, TimeUnit.SECONDS).isStop());
        assertTrue(ended(Files.readString(folder.resolve("asked"))));
    }
}
