package diffsvc.evaluate;

import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.files.Temporary;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.training.Checkpoints;
import diffsvc.training.RunFolder;
import diffsvc.training.TrainingState;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Weights of a voice at one step.
 *
 * @param project under models/
 * @param step updates behind the weights
 * @param weights which ones
 * @param pair the files that hold them
 */
public record Checkpoint(String project, long step, Kind weights, ModelFiles.Pair pair) {
    /** Which weights of a step. */
    public enum Kind {
        /** A pair of model files, as conversions take it: averaged where the training averages. */
        VOICE,
        /** Those of a training checkpoint after its last update. */
        LAST,
        /** The exponential average in a training checkpoint. */
        AVERAGED
    }

    private static final String STAGE = "evaluate";
    private static final Pattern PAIR = Pattern.compile("wavenet_model_steps_(\\d{1,12})\\.pt");

    /**
     * All kept weights of a voice: the pairs in models/NAME, and the checkpoints of its training with the last and the
     * averaged weights, by step.
     *
     * @throws Problem when there is none
     */
    public static List<Checkpoint> of(ProjectPaths paths, String project) {
        Path folder = paths.models().resolve(project), home = new RunFolder(folder).home();
        ModelFiles.Pair voice = Files.exists(folder.resolve("hparams.yaml"))
                ? ModelFiles.in(paths.models()).project(project)
                : null;
        List<Checkpoint> all = new ArrayList<>();
        for (long step : pairs(folder)) {
            Path embedding = folder.resolve("embedding_model_steps_" + step + ".pt"),
                    wavenet = folder.resolve("wavenet_model_steps_" + step + ".pt"),
                    own = folder.resolve("hparams_steps_" + step + ".yaml");
            Hparams hparams = voice != null && (voice.hparams().steps() == step || !Files.exists(own))
                    ? voice.hparams()
                    : HparamsYaml.read(own);
            all.add(new Checkpoint(
                    project,
                    step,
                    Kind.VOICE,
                    new ModelFiles.Pair(hparams.steps(step), embedding, wavenet, null, null, null)));
        }
        Path yaml = home.resolve("hparams.yaml");
        if (Files.exists(yaml)) {
            Hparams hparams = HparamsYaml.read(yaml);
            Checkpoints checkpoints = new Checkpoints(home, 1, 0);
            for (long step : checkpoints.steps()) {
                Path file = checkpoints.file(step);
                ModelFiles.Pair pair =
                        new ModelFiles.Pair(hparams.project(project).steps(step), file, file, null, null, null);
                all.add(new Checkpoint(project, step, Kind.LAST, pair));
                if (averages(file)) {
                    all.add(new Checkpoint(project, step, Kind.AVERAGED, pair));
                }
            }
        }
        if (all.isEmpty()) {
            throw Problem.in(
                    STAGE,
                    folder,
                    "a voice or the checkpoints of its training",
                    Files.isDirectory(folder) ? "a folder without them" : "no such folder",
                    "correct --project (models/ holds: "
                            + String.join(", ", ModelFiles.in(paths.models()).projects()) + ")");
        }
        all.sort(Comparator.comparingLong(Checkpoint::step).thenComparing(Checkpoint::weights));
        return all;
    }

    /** Whether a training checkpoint holds averaged weights; one that is damaged says why when it is opened. */
    private static boolean averages(Path file) {
        try {
            return !TrainingState.read(file).average().isEmpty();
        } catch (Problem | ClassCastException | NullPointerException e) { // the latter: a pickle with another layout
            return false;
        }
    }

    private static TreeSet<Long> pairs(Path folder) {
        TreeSet<Long> steps = new TreeSet<>();
        if (!Files.isDirectory(folder)) {
            return steps;
        }
        try (Stream<Path> list = Files.list(folder)) {
            list.forEach(p -> {
                Matcher m = PAIR.matcher(p.getFileName().toString());
                if (m.matches() && Files.isRegularFile(folder.resolve("embedding_model_steps_" + m.group(1) + ".pt"))) {
                    steps.add(Long.parseLong(m.group(1)));
                }
            });
            return steps;
        } catch (IOException e) {
            throw Problem.in(
                    STAGE, folder, "a folder that can be listed", WholeFile.reason(e), "check its permissions");
        }
    }

    /**
     * Opens a voice with these weights.
     *
     * @param edit of its settings
     */
    Voice open(ProjectPaths paths, UnaryOperator<Hparams> edit, ComputeDevice device) {
        if (weights != Kind.AVERAGED) {
            return Voice.open(paths, pair, edit, device);
        }
        TrainingState state = TrainingState.read(pair.wavenet());
        return opened(paths, pair.hparams(), state.buffers(), state.average(), edit, device);
    }

    /** Opens a voice whose weights are in memory, by way of a temporary file. */
    static Voice opened(
            ProjectPaths paths,
            Hparams hparams,
            Map<String, TorchTensor> buffers,
            Map<String, TorchTensor> weights,
            UnaryOperator<Hparams> edit,
            ComputeDevice device) {
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        buffers.forEach((name, t) -> tensors.put("model." + name, t));
        weights.forEach((name, t) -> tensors.put("model." + name, t));
        Path file = Temporary.file(STAGE, ".ckpt");
        try {
            TorchFile.write(file, tensors);
            return Voice.open(paths, new ModelFiles.Pair(hparams, file, file, null, null, null), edit, device);
        } finally {
            file.toFile().delete();
        }
    }

    /** With the voice: "demo, step 24500". */
    public String named() {
        return project + ", " + this;
    }

    /** "step 24500", "step 2000, averaged". */
    @Override
    public String toString() {
        return "step " + step + (weights == Kind.VOICE ? "" : weights == Kind.LAST ? ", last" : ", averaged");
    }
}
