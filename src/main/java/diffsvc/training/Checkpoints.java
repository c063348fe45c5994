package diffsvc.training;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A run's checkpoints, {@code model_ckpt_steps_N.ckpt} in one folder. Each is written beside its name, read back and compared to the bit before it counts; the
 * newest few stay, and every so many steps one for ever.
 *
 * @param keep newest ones that stay
 * @param keepEvery those of steps that this divides stay as well; 0 = none
 */
public record Checkpoints(Path folder, int keep, int keepEvery) {
    private static final Pattern NAME = Pattern.compile("model_ckpt_steps_(\\d+)\\.ckpt"),
            UNFINISHED = Pattern.compile("\\.model_ckpt_steps_\\d+\\.[0-9a-f]+\\.part\\.ckpt");

    /**
     * Steps of the checkpoints there are, newest first.
     *
     * @return empty for a new run
     */
    public List<Long> steps() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> NAME.matcher(p.getFileName().toString())).filter(Matcher::matches).map(m -> Long.parseLong(m.group(1))).sorted((a, b) -> Long.compare(b, a)).toList();
        } catch (IOException e) {
            throw Problem.in("train", folder, "a folder that can be listed", e.getClass().getSimpleName(), "check its permissions");
        }
    }

    /**
     * The file of a step.
     *
     * @param step training step
     * @return whether it is there or not
     */
    public Path file(long step) {
        return folder.resolve("model_ckpt_steps_" + step + ".ckpt");
    }

    /**
     * Writes, reads back, compares; then the older ones that need not stay go.
     *
     * @param state to be kept
     * @param beta1 of the first moments
     * @param beta2 of the second moments
     * @param eps AdamW's
     * @param weightDecay as AdamW takes it
     * @return its path
     */
    public Path save(TrainingState state, double beta1, double beta2, double eps, double weightDecay) {
        sweep();
        Path file = file(state.step());
        state.write(file, beta1, beta2, eps, weightDecay);
        int newer = 0;
        for (long step : steps()) {
            if (newer++ >= Math.max(1, keep) && (keepEvery <= 0 || step % keepEvery != 0)) {
                try {
                    Files.deleteIfExists(file(step));
                } catch (IOException e) {
                    // it stays and is tried again after the next save
                }
            }
        }
        return file;
    }

    /** What a killed run was writing has no name yet and goes. */
    private void sweep() {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> list = Files.list(folder)) {
            for (Path p : list.filter(p -> UNFINISHED.matcher(p.getFileName().toString()).matches()).toList()) {
                Files.deleteIfExists(p);
            }
        } catch (IOException e) {
            // the next save tries again
        }
    }

    /**
     * The newest state that can be read; one that cannot is named to {@code spoilt} and the one before it taken. Null where there is none.
     *
     * @param spoilt hears the name of one that cannot be read
     * @return null where there is none
     */
    public TrainingState newest(Consumer<String> spoilt) {
        for (long step : steps()) {
            try {
                return TrainingState.read(file(step));
            } catch (Problem e) {
                spoilt.accept(e.getMessage());
            }
        }
        return null;
    }
}
