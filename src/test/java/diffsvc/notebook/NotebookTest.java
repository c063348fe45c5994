package diffsvc.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The notebooks run from top to bottom in the Java kernel, at the small size, and are committed with their outputs. */
class NotebookTest {
    private static final Path ROOT = Path.of("").toAbsolutePath(), JUPYTER = ROOT.resolve(".venv/bin/jupyter");
    private static final Set<String> KINDS = Set.of("text/plain", "text/html", "image/png");

    @TempDir
    Path folder;

    @Tag("notebook")
    @ParameterizedTest
    @MethodSource("names")
    void runsFromTopToBottom(String name) throws IOException, InterruptedException {
        requireJupyter();
        ProcessBuilder builder = new ProcessBuilder(List.of(
                JUPYTER.toString(),
                "nbconvert",
                "--to",
                "notebook",
                "--execute",
                "--ExecutePreprocessor.timeout=600",
                "--ExecutePreprocessor.kernel_name=diffsvc",
                "--output-dir",
                folder.toString(),
                ROOT.resolve("notebooks/" + name + ".ipynb").toString()));
        builder.environment().put("FAST", "1");
        Path log = folder.resolve("log");
        Process p = builder.directory(ROOT.resolve("notebooks").toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertTrue(p.waitFor(10, TimeUnit.MINUTES), "took longer than 10 minutes");
        assertEquals(0, p.exitValue(), Files.readString(log));
        check(folder.resolve(name + ".ipynb"), true);
        check(ROOT.resolve("notebooks/" + name + ".ipynb"), false);
    }

    static List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(ROOT.resolve("notebooks"))) {
            return files.map(f -> f.getFileName().toString())
                    .filter(f -> f.endsWith(".ipynb"))
                    .map(f -> f.replace(".ipynb", ""))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void theEightAreThereInTheirOrder() throws IOException {
        assertEquals(
                List.of(
                        "00_start_here",
                        "01_forward_test",
                        "02_infer_test",
                        "03_training_test",
                        "04_memory",
                        "05_your_own_voice",
                        "06_playground",
                        "07_look_inside"),
                names());
    }

    /** One beginning for all: at most three lines. Nobody needs to close anything. The last cell checks. */
    @ParameterizedTest
    @MethodSource("names")
    void beginsLikeTheOthersAndEndsWithChecks(String name) throws IOException {
        List<String> code = cells(ROOT.resolve("notebooks/" + name + ".ipynb"), "code");
        assertEquals(
                cells(ROOT.resolve("notebooks/00_start_here.ipynb"), "code").get(0), code.get(0));
        assertTrue(code.get(0).lines().count() <= 3, code.get(0));
        assertTrue(code.stream().noneMatch(c -> c.contains(".close()")), name + " closes something");
        assertTrue(code.get(code.size() - 1).contains("Check."), code.get(code.size() - 1));
        assertTrue(
                cells(ROOT.resolve("notebooks/" + name + ".ipynb"), "markdown").size() >= code.size() / 2,
                "few words for " + code.size() + " cells");
    }

    @ParameterizedTest
    @ValueSource(strings = {"00_start_here", "01_forward_test", "02_infer_test", "03_training_test", "07_look_inside"})
    void theKoreanEditionHasTheSameCode(String name) throws IOException {
        Path korean = ROOT.resolve("notebooks/ko/" + name + ".ipynb");
        assertEquals(cells(ROOT.resolve("notebooks/" + name + ".ipynb"), "code"), cells(korean, "code"));
        List<String> said = cells(korean, "markdown");
        assertEquals(
                cells(ROOT.resolve("notebooks/" + name + ".ipynb"), "markdown").size(), said.size());
        assertTrue(
                said.stream().allMatch(s -> s.codePoints()
                        .anyMatch(c -> Character.UnicodeScript.of(c) == Character.UnicodeScript.HANGUL)),
                "a cell without Korean");
        check(korean, false);
    }

    /** ./diffsvc notebooks brings the twins in step. */
    @Tag("notebook")
    @Test
    void theMarkdownTwinsAreInStep() throws IOException, InterruptedException {
        requireJupyter();
        for (String name : names()) {
            for (Path notebook : List.of(
                    ROOT.resolve("notebooks/" + name + ".ipynb"), ROOT.resolve("notebooks/ko/" + name + ".ipynb"))) {
                if (!Files.exists(notebook)) {
                    continue;
                }
                Path twin = folder.resolve("twin.md"), log = folder.resolve("log");
                Process p = new ProcessBuilder(
                                JUPYTER.resolveSibling("jupytext").toString(),
                                "--to",
                                "md",
                                "--output",
                                twin.toString(),
                                notebook.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
                assertTrue(p.waitFor(60, TimeUnit.SECONDS) && p.exitValue() == 0, Files.readString(log));
                assertEquals(
                        Files.readString(twin),
                        Files.readString(notebook.resolveSibling("md").resolve(name + ".md")),
                        notebook + ": run ./diffsvc notebooks");
            }
        }
    }

    /**
     * Plain Jupyter, JupyterLab and VS Code read the same format and show these kinds of output without an extension;
     * who shows no HTML has the text.
     */
    @Tag("notebook")
    @ParameterizedTest
    @MethodSource("all")
    void anyFrontEndReadsTheFormat(Path notebook) throws IOException, InterruptedException {
        requireJupyter();
        Path log = folder.resolve("log");
        Process p = new ProcessBuilder(
                        JUPYTER.resolveSibling("python").toString(),
                        "-c",
                        "import nbformat, sys; nbformat.validate(nbformat.read(sys.argv[1], 4))",
                        notebook.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertTrue(p.waitFor(60, TimeUnit.SECONDS) && p.exitValue() == 0, Files.readString(log));
        JsonObject whole = JsonParser.parseString(Files.readString(notebook)).getAsJsonObject();
        assertEquals(
                "java",
                whole.getAsJsonObject("metadata")
                        .getAsJsonObject("kernelspec")
                        .get("language")
                        .getAsString());
        for (JsonElement cell : whole.getAsJsonArray("cells")) {
            if (!cell.getAsJsonObject().has("outputs")) {
                continue;
            }
            String before = "";
            for (JsonElement o : cell.getAsJsonObject().getAsJsonArray("outputs")) {
                JsonObject output = o.getAsJsonObject();
                String kind = output.get("output_type").getAsString();
                assertFalse(
                        kind.equals("stream") && before.equals("stream"),
                        "what is printed in a row is one paragraph: " + output);
                before = kind;
                if (output.has("data")) {
                    assertTrue(
                            KINDS.containsAll(output.getAsJsonObject("data").keySet()),
                            output.getAsJsonObject("data").keySet().toString());
                    String text =
                            output.getAsJsonObject("data").get("text/plain").toString();
                    assertFalse(text.matches(".*\\w+@[0-9a-f]{5,}.*"), "a text that tells nothing: " + text);
                    assertFalse(
                            String.valueOf(output.getAsJsonObject("data").get("text/html"))
                                    .contains("<script"),
                            "front ends run no scripts of a notebook that is not trusted");
                }
            }
        }
    }

    static List<Path> all() throws IOException {
        List<Path> all = new ArrayList<>();
        for (Path home : List.of(ROOT.resolve("notebooks"), ROOT.resolve("notebooks/ko"))) {
            try (Stream<Path> files = Files.list(home)) {
                files.filter(f -> f.toString().endsWith(".ipynb")).sorted().forEach(all::add);
            }
        }
        return all;
    }

    private static void requireJupyter() {
        boolean ready =
                Files.exists(JUPYTER) && Files.exists(ROOT.resolve(".venv/share/jupyter/kernels/diffsvc/kernel.json"));
        assumeTrue(ready || System.getenv("CI") != null, "no Jupyter environment in .venv: ./diffsvc test makes it");
        assertTrue(ready, ".venv holds Jupyter and the kernel");
    }

    private static List<String> cells(Path file, String type) throws IOException {
        List<String> all = new ArrayList<>();
        for (JsonElement e :
                JsonParser.parseString(Files.readString(file)).getAsJsonObject().getAsJsonArray("cells")) {
            if (e.getAsJsonObject().get("cell_type").getAsString().equals(type)) {
                StringBuilder text = new StringBuilder();
                e.getAsJsonObject().getAsJsonArray("source").forEach(line -> text.append(line.getAsString()));
                all.add(text.toString());
            }
        }
        return all;
    }

    /** Every code cell ran, none failed, pictures and players are in the page, and no path of a machine is. */
    private static void check(Path file, boolean fresh) throws IOException {
        String text = Files.readString(file);
        JsonArray cells = JsonParser.parseString(text).getAsJsonObject().getAsJsonArray("cells");
        int pictures = 0, players = 0;
        for (JsonElement e : cells) {
            JsonObject cell = e.getAsJsonObject();
            if (!cell.get("cell_type").getAsString().equals("code")) {
                continue;
            }
            assertFalse(cell.get("execution_count").isJsonNull(), file + ": a cell was not run: " + cell.get("source"));
            for (JsonElement o : cell.getAsJsonArray("outputs")) {
                JsonObject output = o.getAsJsonObject();
                assertFalse(output.get("output_type").getAsString().equals("error"), file + ": " + output);
                if (output.has("data")) {
                    pictures += output.getAsJsonObject("data").has("image/png") ? 1 : 0;
                    players += String.valueOf(output.getAsJsonObject("data").get("text/html"))
                                    .contains("<audio")
                            ? 1
                            : 0;
                }
                if (!fresh) {
                    assertFalse(
                            output.toString().contains(System.getProperty("user.home") + "/")
                                    || output.toString().contains(ROOT.toString()),
                            file + ": a path of this machine in " + output);
                }
            }
        }
        assertTrue(pictures >= 1, file + " shows " + pictures + " pictures");
        assertTrue(
                players >= 1
                        || file.toString().contains("03_")
                        || file.toString().contains("04_"),
                file + " shows " + players + " players");
    }
}
