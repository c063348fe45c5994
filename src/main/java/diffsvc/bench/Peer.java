package diffsvc.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The same stages in PyTorch, run by {@code bench/peer.py} in a process of its own.
 *
 * @param python interpreter with torch and numpy
 * @param script bench/peer.py
 */
public record Peer(String python, Path script) {
    /**
     * Times one stage.
     *
     * @param stage one that {@link BenchStage#hasPeer has a peer}
     * @return the median, seconds
     * @throws Problem when the interpreter cannot be started, or prints no figures
     */
    public double median(BenchStage stage, double seconds, int threads, int repeat) {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                python,
                script.toString(),
                "--seconds",
                String.valueOf(seconds),
                "--threads",
                String.valueOf(threads),
                "--repeat",
                String.valueOf(repeat),
                "--stages",
                stage.text()));
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("MALLOC_")
                        || List.of("GLIBC_TUNABLES", "GOMP_SPINCOUNT").contains(name)); // Python's own settings
        Process process;
        try {
            process = builder.redirectErrorStream(true).start();
        } catch (IOException e) {
            throw wrong(python + ", which cannot be started");
        }
        try {
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            int from = said.indexOf('{');
            if (code != 0 || from < 0) {
                throw wrong(said.strip().lines().reduce((a, b) -> b).orElse("nothing"));
            }
            JsonObject figures = JsonParser.parseString(said.substring(from)).getAsJsonObject();
            return figures.getAsJsonObject(stage.key()).get("median_s").getAsDouble();
        } catch (IOException | JsonParseException e) {
            throw wrong("output without figures");
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw Problem.stopped("bench", "while the peer worked");
        }
    }

    private Problem wrong(String got) {
        return Problem.in(
                "bench", "a Python with torch and numpy that runs bench/peer.py", got, "give its path with --peer");
    }
}
