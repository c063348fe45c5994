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
 * JudgeFile of a voice at one step.
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
     * All kept weights of a voice, by step: the pairs in models/NAME, the checkpoints of its training with the last and
     * the averaged weights, and those that lie in models/NAME itself with a config.yaml or hparams.yaml, as the Python
     * project has them.
     *
     * @throws Problem when there is none
     */
    public static List<Checkpoint> of(ProjectPaths paths, String project) {
        Path folder = paths.models().resolve(project), settings = folder.resolve("hparams.yaml");
        List<Checkpoint> all = new ArrayList<>();
        for (long step : pairs(folder)) {
            Path own = folder.resolve("hparams_steps_" + step + ".yaml");
            Hparams current = Files.exists(settings) ? HparamsYaml.read(settings) : null,
                    hparams =
                            current != null && (current.steps() == step || !Files.exists(own))
                                    ? current
                                    : HparamsYaml.read(own);
            ModelFiles.Pair pair = new ModelFiles.Pair(
                    hparams.steps(step),
                    folder.resolve("embedding_model_steps_" + step + ".pt"),
                    folder.resolve("wavenet_model_steps_" + step + ".pt"),
                    null,
                    null,
                    null);
            all.add(new Checkpoint(project, step, Kind.VOICE, pair));
        }
        addTrained(all, paths, project, folder);
        addTrained(all, paths, project, new RunFolder(folder).home());
        if (all.isEmpty() && Files.exists(settings)) { // its pair lies elsewhere, or its files are missing
            ModelFiles.Pair pair = ModelFiles.in(paths.models()).project(project);
            all.add(new Checkpoint(project, pair.hparams().steps(), Kind.VOICE, pair));
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

    /** Adds the training checkpoints in a folder with settings. */
    private static void addTrained(List<Checkpoint> all, ProjectPaths paths, String project, Path folder) {
        Path config = folder.resolve("config.yaml"),
                settings = Files.exists(config) ? config : folder.resolve("hparams.yaml");
        Checkpoints checkpoints = new Checkpoints(folder, 1, 0);
        for (long step : Files.exists(settings) ? checkpoints.steps() : List.<Long>of()) {
            Path file = checkpoints.file(step);
            ModelFiles.Pair pair = ModelFiles.in(paths.models()).upstream(settings, file);
            pair = pair.with(pair.hparams().project(project));
            all.add(new Checkpoint(project, step, Kind.LAST, pair));
            if (averages(file)) {
                all.add(new Checkpoint(project, step, Kind.AVERAGED, pair));
            }
        }
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
