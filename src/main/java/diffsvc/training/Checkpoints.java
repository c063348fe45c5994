package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A run's checkpoints, {@code model_ckpt_steps_N.ckpt} in one folder. Each is written beside its name, read back and
 * compared to the bit before it counts; the newest few stay, and every so many steps one for ever. One that turns out
 * to be damaged counts for nothing: it is set aside as {@code ....ckpt.unreadable}.
 *
 * @param keep newest ones that stay
 * @param keepEvery those of steps that this divides stay as well; 0 = none
 */
public record Checkpoints(Path folder, int keep, int keepEvery) {
    /** What to do when the weights are no numbers any more. */
    public static final String OLDER_STAY = "nothing was saved, and the checkpoints before this are as they were: go "
            + "on from them with a lower training.lr";

    private static final Pattern NAME = Pattern.compile("model_ckpt_steps_(\\d+)\\.ckpt"),
            ASIDE = Pattern.compile("model_ckpt_steps_\\d+\\.ckpt\\.unreadable(?:-\\d+)?");

    /**
     * Steps of the checkpoints there are, newest first.
     *
     * @return empty for a new run
     */
    public List<Long> steps() {
        return names().stream()
                .map(NAME::matcher)
                .filter(Matcher::matches)
                .map(m -> Long.parseLong(m.group(1)))
                .sorted((a, b) -> Long.compare(b, a))
                .toList();
    }

    /**
     * Names of those that were set aside because they are damaged.
     *
     * @return in the order of their names
     */
    public List<String> setAside() {
        return names().stream().filter(n -> ASIDE.matcher(n).matches()).sorted().toList();
    }

    private List<String> names() {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> p.getFileName().toString()).toList();
        } catch (IOException e) {
            throw Problem.in(
                    "train", folder, "a folder that can be listed", WholeFile.reason(e), "check its permissions");
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
     * Writes, reads back, compares; then the older ones that need not stay go. The one just saved always stays, and so
     * does one that the Python project wrote.
     *
     * @param state to be kept
     * @param beta1 of the first moments
     * @param beta2 of the second moments
     * @param eps AdamW's
     * @param weightDecay as AdamW takes it
     * @param said hears of each checkpoint that is set aside
     * @return its path; a file is there
     * @throws Problem when a number in the state is none, or the disk does not give back what was written
     */
    public Path save(
            TrainingState state, double beta1, double beta2, double eps, double weightDecay, Consumer<String> said) {
        sweep();
        state.requireFinite(OLDER_STAY);
        Path file = file(state.step());
        state.write(file, beta1, beta2, eps, weightDecay);
        prune(state.step(), said);
        if (!Files.isRegularFile(file)) {
            throw Problem.in(
                    "train",
                    file,
                    "the checkpoint that was just saved",
                    "nothing at that path",
                    "see what removes files in this folder; training can go on from an older one");
        }
        return file;
    }

    private void prune(long saved, Consumer<String> said) {
        int stay = 1;
        for (long step : steps()) {
            if (step == saved) {
                continue;
            }
            try {
                if (stay < keep) {
                    stay += look(step, said) != null ? 1 : 0;
                } else if ((keepEvery <= 0 || step % keepEvery != 0)
                        && look(step, said) != null
                        && TrainingState.isOurs(file(step))) {
                    Files.deleteIfExists(file(step));
                }
            } catch (IOException | Problem e) {
                // it stays and is tried again after the next save
            }
        }
    }

    /** What a killed run was writing has no name yet and goes. */
    private void sweep() {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> list = Files.list(folder)) {
            for (Path p : list.filter(WholeFile::isUnfinished).toList()) {
                Files.deleteIfExists(p);
            }
        } catch (IOException e) {
            // the next save tries again
        }
    }

    /**
     * The newest state that can be read; one that is damaged is set aside, named to {@code spoilt}, and the one before
     * it taken. Null where there is none.
     *
     * @param spoilt hears why one cannot be read, and its new name
     * @return null where there is none
     * @throws Problem when one may not be read, or memory is too small for it: that is no damage, and it stays
     */
    public TrainingState newest(Consumer<String> spoilt) {
        for (long step : steps()) {
            TrainingState state = look(step, spoilt);
            if (state != null) {
                return state;
            }
        }
        return null;
    }

    /** The state of a step; null when it is damaged and was set aside. */
    private TrainingState look(long step, Consumer<String> said) {
        Path file = file(step);
        try {
            return TrainingState.read(file);
        } catch (OutOfMemoryError e) {
            throw tooLarge(file);
        } catch (Problem e) {
            if (e.getMessage().contains("Map failed")) { // no address space left, says the system
                throw tooLarge(file);
            }
            return damaged(file, e.getMessage(), said);
        } catch (ClassCastException | NullPointerException e) { // a pickle of another make
            return damaged(file, "train: " + file + ": need a training checkpoint, got another layout", said);
        }
    }

    private TrainingState damaged(Path file, String why, Consumer<String> said) {
        requireBytes(file);
        said.accept(why + "; set aside as " + setAside(file));
        return null;
    }

    private static Problem tooLarge(Path file) {
        return Problem.in(
                "train",
                file,
                "memory to read the checkpoint",
                "too little of it",
                "give the process more; the checkpoint stays as it is");
    }

    /** A file whose bytes do not come is not damaged for that: permissions and disks can be mended. */
    private static void requireBytes(Path file) {
        byte[] block = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            while (in.read(block) >= 0) {
                // to the end
            }
        } catch (IOException e) {
            throw Problem.in(
                    "train",
                    file,
                    "a checkpoint that may be read",
                    WholeFile.reason(e),
                    "check its permissions and the disk; it stays as it is");
        }
    }

    private String setAside(Path file) {
        String name = file.getFileName() + ".unreadable";
        Path aside = folder.resolve(name);
        for (int n = 2; Files.exists(aside, LinkOption.NOFOLLOW_LINKS); n++) {
            aside = folder.resolve(name + "-" + n);
        }
        try {
            return Files.move(file, aside).getFileName().toString();
        } catch (IOException e) {
            throw Problem.in(
                    "train",
                    file,
                    "a folder in which it can be set aside",
                    WholeFile.reason(e),
                    "check the folder's permissions");
        }
    }
}
