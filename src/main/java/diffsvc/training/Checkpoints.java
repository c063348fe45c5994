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
 * The checkpoints of a run, {@code model_ckpt_steps_N.ckpt} in one folder. Each is written under a temporary name, read
 * back and compared to the bit before it gets its own. The newest few stay; one every so many steps and the best by
 * {@link Scores} stay for good. A damaged one does not count: it is renamed to {@code ....ckpt.unreadable}.
 *
 * @param keep number of the newest checkpoints that stay
 * @param keepEvery checkpoints whose step is a multiple of this stay too; 0 = none
 */
public record Checkpoints(Path folder, int keep, int keepEvery) {
    /** The remedy where weights are not finite. */
    public static final String OLDER_STAY = "nothing was saved, and the older checkpoints are unchanged: "
            + "resume from them with a lower training.lr";

    private static final Pattern NAME = Pattern.compile("model_ckpt_steps_(\\d+)\\.ckpt"),
            ASIDE = Pattern.compile("model_ckpt_steps_\\d+\\.ckpt\\.unreadable(?:-\\d+)?");

    /** Steps of the checkpoints in the folder, newest first; empty for a new run. */
    public List<Long> steps() {
        return names().stream()
                .map(NAME::matcher)
                .filter(Matcher::matches)
                .map(m -> Long.parseLong(m.group(1)))
                .sorted((a, b) -> Long.compare(b, a))
                .toList();
    }

    /** Names of the checkpoints that were set aside because they are damaged, sorted. */
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

    /** The path of a step's checkpoint, whether there is a file or not. */
    public Path file(long step) {
        return folder.resolve("model_ckpt_steps_" + step + ".ckpt");
    }

    /**
     * Writes a checkpoint, reads it back and compares it; then deletes older ones that need not stay. The one just
     * saved always stays, and so does each that the Python project wrote.
     *
     * @param notes receives a sentence for each checkpoint that is set aside because it is damaged
     * @return path of the checkpoint, which exists
     * @throws Problem when a number in the state is not finite, or the disk does not return what was written
     */
    public Path save(
            TrainingState state, double beta1, double beta2, double eps, double weightDecay, Consumer<String> notes) {
        sweep();
        state.requireFinite(OLDER_STAY);
        Path file = file(state.step());
        state.write(file, beta1, beta2, eps, weightDecay);
        prune(state.step(), notes);
        if (!Files.isRegularFile(file)) {
            throw Problem.in(
                    "train",
                    file,
                    "the checkpoint that was just saved",
                    "nothing at that path",
                    "check what removes files in this folder; training can resume from an older one");
        }
        return file;
    }

    private void prune(long saved, Consumer<String> notes) {
        int stay = 1;
        long best;
        try {
            best = Scores.in(folder).best().map(Scores.Row::step).orElse(-1L);
        } catch (Problem e) {
            return; // the best is not known, so all stay
        }
        for (long step : steps()) {
            if (step == saved || step == best) {
                continue;
            }
            try {
                if (stay < keep) {
                    stay += read(step, notes) != null ? 1 : 0;
                } else if ((keepEvery <= 0 || step % keepEvery != 0)
                        && read(step, notes) != null
                        && TrainingState.isOurs(file(step))) {
                    Files.deleteIfExists(file(step));
                }
            } catch (IOException | Problem e) {
                // it stays and is tried again after the next save
            }
        }
    }

    /** Deletes what a killed run was writing under a temporary name. */
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

    /** The newest state that can be read, without notes; null if there is none. */
    public TrainingState newest() {
        return newest(note -> {});
    }

    /**
     * The newest state that can be read. A damaged checkpoint is set aside and the one before it is taken.
     *
     * @param notes receives, for each damaged checkpoint, why it cannot be read and its new name
     * @return null if there is none
     * @throws Problem when permissions, the disk or memory do not allow to read one: it is not damaged, and stays
     */
    public TrainingState newest(Consumer<String> notes) {
        for (long step : steps()) {
            TrainingState state = read(step, notes);
            if (state != null) {
                return state;
            }
        }
        return null;
    }

    /** The state of a step; null when it is damaged and was set aside. */
    private TrainingState read(long step, Consumer<String> notes) {
        Path file = file(step);
        try {
            return TrainingState.read(file);
        } catch (OutOfMemoryError e) {
            throw tooLarge(file);
        } catch (Problem e) {
            if (e.getMessage().contains("Map failed")) { // the address space is used up
                throw tooLarge(file);
            }
            return damaged(file, e.getMessage(), notes);
        } catch (ClassCastException | NullPointerException e) { // a pickle with another layout
            return damaged(file, "train: " + file + ": need a training checkpoint, got another layout", notes);
        }
    }

    private TrainingState damaged(Path file, String why, Consumer<String> notes) {
        requireBytes(file);
        notes.accept(why + "; set aside as " + setAside(file));
        return null;
    }

    private static Problem tooLarge(Path file) {
        return Problem.in(
                "train",
                file,
                "memory to read the checkpoint",
                "too little of it",
                "give the process more memory; the checkpoint stays as it is");
    }

    /** A file that cannot be read to its end may be whole: permissions and disks can be repaired. */
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
