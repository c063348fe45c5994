package diffsvc;

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
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The notebooks run from top to bottom in the Java kernel, at the small size, and are committed with their outputs. */
class NotebookTest {
    private static final Path ROOT = Path.of("").toAbsolutePath(), JUPYTER = ROOT.resolve(".venv/bin/jupyter");
    @TempDir Path folder;

    @ParameterizedTest @ValueSource(strings = {"01_forward_test", "02_infer_test", "03_training_test"})
    void runsFromTopToBottom(String name) throws IOException, InterruptedException {
        boolean ready = Files.exists(JUPYTER) && Files.exists(ROOT.resolve(".venv/share/jupyter/kernels/diffsvc/kernel.json"));
        assumeTrue(ready || System.getenv("CI") != null, "no Jupyter environment in .venv: ./diffsvc test makes it");
        assertTrue(ready, ".venv holds Jupyter and the kernel");
        ProcessBuilder builder = new ProcessBuilder(List.of(JUPYTER.toString(), "nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.timeout=600",
                "--ExecutePreprocessor.kernel_name=diffsvc", "--output-dir", folder.toString(), ROOT.resolve("notebooks/" + name + ".ipynb").toString()));
        builder.environment().put("FAST", "1");
        Path log = folder.resolve("log");
        Process p = builder.directory(ROOT.resolve("notebooks").toFile()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertTrue(p.waitFor(10, TimeUnit.MINUTES), "took longer than 10 minutes");
        assertEquals(0, p.exitValue(), Files.readString(log));
        check(folder.resolve(name + ".ipynb"), true);
        check(ROOT.resolve("notebooks/" + name + ".ipynb"), false);
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
                    players += String.valueOf(output.getAsJsonObject("data").get("text/html")).contains("<audio") ? 1 : 0;
                }
                if (!fresh) {
                    assertFalse(output.toString().contains(System.getProperty("user.home") + "/") || output.toString().contains(ROOT.toString()), file + ": a path of this machine in " + output);
                }
            }
        }
        assertTrue(pictures >= 1, file + " shows " + pictures + " pictures");
        assertTrue(players >= 1 || file.toString().contains("03_"), file + " shows " + players + " players");
    }
}
