package diffsvc.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.audio.AudioFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The kernel as a front end drives it: memory from cell to cell, the stop button, and how a mistake reads. */
@Tag("notebook")
class KernelTest {
    private static final Path ROOT = Path.of("").toAbsolutePath(), PYTHON = ROOT.resolve(".venv/bin/python");

    @TempDir
    Path folder;

    @BeforeEach
    void kernelIsThere() {
        boolean ready =
                Files.exists(PYTHON) && Files.exists(ROOT.resolve(".venv/share/jupyter/kernels/diffsvc/kernel.json"));
        assumeTrue(ready || System.getenv("CI") != null, "no Jupyter environment in .venv: ./diffsvc test makes it");
        assertTrue(ready, ".venv holds Jupyter and the kernel");
    }

    private JsonObject drive(String... what) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                PYTHON.toString(), ROOT.resolve("src/test/python/kernel.py").toString()));
        command.addAll(List.of(what));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment()
                .putAll(Map.of(
                        "FAST",
                        "1",
                        "JUPYTER_PATH",
                        ROOT.resolve(".venv/share/jupyter").toString()));
        Path out = folder.resolve("out"), log = folder.resolve("log");
        Process p = builder.directory(ROOT.resolve("notebooks").toFile())
                .redirectOutput(out.toFile())
                .redirectError(log.toFile())
                .start();
        assertTrue(p.waitFor(15, TimeUnit.MINUTES), "took longer than 15 minutes");
        assertEquals(0, p.exitValue(), Files.readString(log));
        return JsonParser.parseString(Files.readString(out)).getAsJsonObject();
    }

    @Tag("memory")
    @Test
    void fiftyRoundsInChangingOrderTakeNoMoreMemory() throws IOException, InterruptedException {
        JsonObject said = drive("fifty", "01_forward_test.ipynb");
        assertEquals(0, said.getAsJsonArray("failed").size(), said.get("failed").toString());
        JsonArray mib = said.getAsJsonArray("mib"), java = said.getAsJsonArray("java"), values = new JsonArray();
        for (int i = 0; i < mib.size(); i++) {
            values.add(mib.get(i).getAsInt() - java.get(i).getAsInt());
        }
        System.out.println("kernel: resident MiB after each of 50 rounds, " + said.get("cells") + " cells: " + mib
                + ", of it Java's " + java);
        // the first ten rounds fill the allocator's bins and warm the compiler up
        assertTrue(median(mib, 40, 50) <= 1.06 * median(mib, 10, 20), "the process stays: " + mib);
        assertTrue(
                median(values, 40, 50) <= 1.05 * median(values, 10, 20),
                "values, which lie outside Java's part, stay: " + values);
        // JShell keeps some 15 kB of every snippet's cell until the kernel restarts, and compiled code still comes
        assertTrue(
                1024 * (median(java, 40, 50) - median(java, 10, 20))
                        <= 60 * 30 * said.get("cells").getAsInt() / 50,
                "Java's part grows: " + java);
    }

    private static int median(JsonArray values, int from, int to) {
        List<Integer> some = new ArrayList<>();
        for (int i = from; i < to; i++) {
            some.add(values.get(i).getAsInt());
        }
        some.sort(null);
        return some.get(some.size() / 2);
    }

    @Test
    void theStopButtonLetsGoKeepsWhatWasMadeAndTheNextCallWorks() throws IOException, InterruptedException {
        JsonObject said = drive("stop");
        // on a machine that others use too a step takes long, and one step is what the page may have to wait for
        double released = said.get("released").getAsDouble(),
                step = said.get("step").getAsDouble();
        assertTrue(released < Math.max(2, 10 * step), "the page waited " + released + " s, a step takes " + step);
        String last = text(said, "after");
        assertTrue(last.matches("diffusion: \\d+ of 200; x, x0, mel"), said.toString());
        int done = Integer.parseInt(last.replaceAll("\\D+(\\d+) of.*", "$1"));
        assertTrue(done > 0 && done < 200, last);
        assertEquals("[1, 1223, 128]", text(said, "shape"));
        assertEquals("diffsvc.check.Problem: diffusion: stopped after 2 of 200 steps", errors(said, "again"));
        assertTrue(text(said, "loop").endsWith("2"), text(said, "loop"));
    }

    @Test
    void aMistakeIsALineWithARemedyAndHasNoStackFrames() throws IOException, InterruptedException {
        JsonObject said = drive("mistakes");
        assertTrue(errors(said, "path").contains("check the path"), errors(said, "path"));
        assertTrue(errors(said, "model").contains("check the name, or put the file there"), errors(said, "model"));
        assertTrue(errors(said, "shape").contains("need spec [B, 1, M, T], got (3)"), errors(said, "shape"));
        assertTrue(
                errors(said, "tensor").contains("size of tensor a (3) must match the size of tensor b (4)")
                        && errors(said, "tensor").contains("check the shapes"),
                errors(said, "tensor"));
        assertEquals(
                "notebook: notYet is not known yet; run the cells above first (Run > Run All Above Selected Cell)",
                text(said, "order"));
        assertTrue(
                text(said, "method").matches("(?s).*notebook: Voice has no melody\\(\\.\\.\\.\\); near: .*\\bmel\\b.*"),
                text(said, "method"));
        assertTrue(text(said, "drawn").contains("Plots has no mell(...); near: mel"), text(said, "drawn"));
        assertTrue(
                text(said, "class").contains("IntStream is not imported; add import java.util.stream.IntStream;"),
                text(said, "class"));
        assertTrue(
                text(said, "function").contains("nobodyMadeThis is not known yet; run the cells above first"),
                text(said, "function"));
        assertTrue(
                text(said, "misspelt class").startsWith("notebook: Voise is not known; near: Voice"), said.toString());
        assertTrue(text(said, "misspelt variable").contains("voic is not known; near: voice"), said.toString());
        assertTrue(text(said, "misspelt function").contains("shwo is not known; near: show"), said.toString());
        assertTrue(
                text(said, "no parentheses").contains("wavenet is a method of Voice; write wavenet(...)"),
                said.toString());
        assertTrue(text(said, "inner class").contains("Samplers has no Choic; near: Choice"), said.toString());
        assertTrue(errors(said, "cleared").contains("closed or cleared: make it again"), errors(said, "cleared"));
        for (String name : List.of("path", "model", "shape", "tensor", "cleared")) {
            assertEquals(1, errors(said, name).lines().count(), errors(said, name));
        }
        for (String name : said.keySet()) {
            assertTrue(
                    !errors(said, name).isEmpty() && !errors(said, name).contains("\tat "),
                    name + ": " + errors(said, name));
        }
    }

    @Test
    void mapsListsArraysAndJudgementsReadAsTensorsDo() throws IOException, InterruptedException {
        JsonObject said = drive("displays");
        String line = "[2, 3] float32, 1.000 to 1.000, mean 1.000";
        assertEquals("a  " + line + "\nb  " + line, text(said, "map"));
        assertEquals("0  " + line + "\n1  " + line, text(said, "list"));
        assertEquals("float[2], 1.000 to 2.000, mean 1.500", text(said, "floats"));
        assertEquals("float[2][3]", text(said, "rows"));
        assertEquals("[1, 2]", text(said, "words"));
        assertTrue(text(said, "settings").contains("\naudio  sampleRateHz=44100"), text(said, "settings"));
        assertTrue(text(said, "plots").startsWith("plots of mels"), text(said, "plots"));
        assertTrue(text(said, "evaluation").contains("\ntable() has all "), text(said, "evaluation"));
        int hz = AudioFile.read(ROOT.resolve("raw/music1.wav")).sampleRateHz();
        assertTrue(text(said, "sound").matches("tone: 1\\.00 s, " + hz + " Hz, peak 0\\.\\d\\d"), text(said, "sound"));
        assertEquals(text(said, "sound"), text(said, "subject"));
        assertTrue(text(said, "target").matches("demo: \\d+ recordings?, .* s: .*"), text(said, "target"));
        assertEquals("judges signal", text(said, "panel"));
        assertEquals("page \"mine\"; save(\"page.html\") writes it", text(said, "page"));
        for (String name : List.of("map", "list", "waves", "settings", "evaluation", "sound", "target")) {
            assertTrue(said.getAsJsonObject(name).get("kinds").toString().contains("text/html"), name);
        }
        assertTrue(said.getAsJsonObject("picture").get("kinds").toString().contains("image/png"), said.toString());
        for (String name : said.keySet()) {
            assertEquals(0, said.getAsJsonObject(name).getAsJsonArray("errors").size(), errors(said, name));
            assertTrue(
                    text(said, name).length() < 3000 && !text(said, name).matches("(?s).*(@[0-9a-f]{5,}|Lambda).*"),
                    name + ": " + text(said, name));
        }
    }

    /** The bar of each name is where the cursor stands. */
    @Test
    void shiftTabAnswersWhereverTheCursorStands() throws IOException, InterruptedException {
        JsonObject said = drive("inspect");
        for (String name : List.of(
                "inside", "behind", "before", "parenthesis", "closed", "closed_name", "second_line", "accent")) {
            assertTrue(found(said, name), name + " in " + said);
            assertTrue(
                    text(said, name).contains("Voice.embed(Conds2Tensor.Conds conds)"), name + ": " + text(said, name));
            String html = said.getAsJsonObject(name).get("html").getAsString();
            assertTrue(html.contains("<table><tr><td style=\"text-align:left\"><b>conds</b></td>"), html);
        }
        assertTrue(text(said, "early").startsWith("diffsvc.voice.Voice\n"), "before any cell ran: " + said);
        assertTrue(text(said, "variable").startsWith("voice:diffsvc.voice.Voice\ndiffsvc.voice.Voice\n"));
        assertTrue(text(said, "class").startsWith("diffsvc.audio.Wave\n"), text(said, "class"));
        assertTrue(text(said, "static").contains("F0Track.of(float[] f0Hz, double frameSeconds)"));
        assertTrue(text(said, "jdk").contains("int Math.max(int a, int b)"));
        assertTrue(text(said, "constructor").contains("Wave(float[][] channels, int sampleRateHz)"));
        assertTrue(!found(said, "nothing") && !found(said, "unknown"), said.toString());
    }

    private static boolean found(JsonObject said, String name) {
        return said.getAsJsonObject(name).get("found").getAsBoolean();
    }

    private static String text(JsonObject said, String name) {
        return said.getAsJsonObject(name).get("text").getAsString().strip();
    }

    /** Errors without the terminal's colours. */
    private static String errors(JsonObject said, String name) {
        StringBuilder all = new StringBuilder();
        for (JsonElement e : said.getAsJsonObject(name).getAsJsonArray("errors")) {
            all.append(e.getAsString());
        }
        return all.toString().replaceAll("\u001b\\[[0-9;]*m", "").strip();
    }
}
