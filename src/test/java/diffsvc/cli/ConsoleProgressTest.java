package diffsvc.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A bar for each stage in a terminal, and lines that can be read in a log. */
class ConsoleProgressTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream(), bars = new ByteArrayOutputStream();

    private ConsoleProgress progress(boolean terminal) {
        return new ConsoleProgress(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(bars, true, StandardCharsets.UTF_8),
                terminal);
    }

    private static List<String> lines(ByteArrayOutputStream text) {
        return text.toString(StandardCharsets.UTF_8).lines().toList();
    }

    private static void song(ConsoleProgress progress) {
        progress.at("content", 0, 2);
        progress.at("content", 1, 2);
        progress.at("content", 2, 2);
        progress.ended(new Progress.Stage("content", "units by HuBERT-soft", "[1, 150, 256]", 1.25));
        progress.at("diffusion", 1, 20);
        progress.message("loss 0.1234");
        progress.at("diffusion", 5, 20);
        progress.note("the song is silent");
        progress.at("diffusion", 20, 20);
        progress.ended(new Progress.Stage("diffusion", "unipc2", "", 2));
        progress.close();
    }

    @Test
    void aLogHasALineForEachStageThatTakesLongAndNoCarriageReturn() {
        try (ConsoleProgress progress = progress(false)) {
            song(progress);
        }
        assertEquals(
                List.of(
                        "content    units by HuBERT-soft                     [1, 150, 256]       1.25 s",
                        "note       the song is silent",
                        "diffusion  unipc2                                                       2.00 s"),
                lines(out));
        List<String> log = lines(bars);
        assertEquals(2, log.size(), log.toString());
        assertTrue(
                log.get(0).startsWith("content     50 % (1 of 2), 0:00:0")
                        && log.get(1).startsWith("diffusion    5 % (1 of 20), 0:00:0"),
                log.toString());
        assertFalse(bars.toString(StandardCharsets.UTF_8).contains("\r"));
    }

    @Test
    void aTerminalHasABarForEachStageThatFitsIt() {
        try (ConsoleProgress progress = progress(true)) {
            song(progress);
        }
        assertEquals(3, lines(out).size());
        String drawn = bars.toString(StandardCharsets.UTF_8);
        assertTrue(drawn.indexOf("content") >= 0 && drawn.lastIndexOf("content") < drawn.indexOf("diffusion"), drawn);
        assertTrue(drawn.contains("20/20") && drawn.contains("loss 0.1234"), drawn);
        for (String line : drawn.split("[\r\n]+")) {
            assertTrue(line.length() <= 80, line.length() + ": " + line);
        }
        assertEquals(2, drawn.chars().filter(c -> c == '\n').count(), "a line for each bar");
    }

    /** A training that resumes at step 900 of 1000 has not done nine tenths in no time. */
    @Test
    void theTimeThatIsLeftCountsFromWhereTheStageBegan() throws Exception {
        try (ConsoleProgress progress = progress(true)) {
            progress.at("training", 900, 1000);
            Thread.sleep(1100);
            progress.at("training", 901, 1000);
        }
        String last = bars.toString(StandardCharsets.UTF_8).replaceAll("(?s).*\r", "");
        assertTrue(last.matches("(?s).*/ 0:0[1-9]:.*"), last);
    }
}
