package diffsvc.bench;

import diffsvc.check.Problem;
import diffsvc.hparams.ProjectPaths;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A fresh process of this one's kind, from its start to its end: the same Java with the same options and class path
 * runs {@link Start}.
 */
final class StartStage {
    private StartStage() {}

    static Runnable of(BenchSetting s) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> !option.startsWith("-agent") && !option.startsWith("-javaagent"))
                .forEach(command::add);
        command.addAll(List.of(
                "-Ddiffsvc.home=" + ProjectPaths.find().root(),
                "-cp",
                System.getProperty("java.class.path"),
                Start.class.getName(),
                s.device().text()));
        return () -> run(command);
    }

    private static void run(List<String> command) {
        Process process = null;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int code = process.waitFor();
            if (code != 0) {
                throw wrong("exit code " + code + ": "
                        + said.strip().lines().findFirst().orElse("no word"));
            }
        } catch (IOException e) {
            throw wrong("no process: " + e.getMessage());
        } catch (InterruptedException e) {
            process.destroy();
            Thread.currentThread().interrupt();
            throw Problem.stopped("bench", "while a process started");
        }
    }

    private static Problem wrong(String got) {
        return Problem.in("bench", "a fresh process that opens the demo voice", got, "run ./diffsvc doctor");
    }
}
