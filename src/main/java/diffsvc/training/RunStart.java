package diffsvc.training;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.dataset.Dataset;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.voice.ModelFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * What a run begins with: the newest checkpoint of its folder, a checkpoint or a voice from elsewhere, or random
 * weights. It decides which settings are in force, and refuses whatever would cost a voice or a checkpoint.
 *
 * @param settings in force, before overrides
 * @param state null where no checkpoint is read
 * @param voice null where no voice is read
 * @param resumes whether the folder's own run is resumed; otherwise a new one begins
 */
public record RunStart(
        RunFolder folder, RunSettings settings, TrainingState state, ModelFiles.Pair voice, boolean resumes) {
    private static final String STAGE = "train";

    /**
     * Resumes from the folder's newest checkpoint, or begins at step 0 where there is none.
     *
     * @param dataset folder of the dataset; its hparams.yaml is read
     * @param notes receives a sentence for each checkpoint that is set aside because it is damaged
     * @throws Problem when the folder holds a voice without a run, or checkpoints of which none can be read
     */
    public static RunStart in(RunFolder folder, Path dataset, String project, Consumer<String> notes) {
        Hparams made = made(dataset);
        TrainingState state = newest(folder, made, notes);
        if (state == null) {
            folder.requireBeginning(folder.checkpoints(made), project);
            return new RunStart(folder, RunSettings.fresh(made, project), null, null, false);
        }
        // a resumed run keeps its own hparams: the dataset's mel range may have changed since
        Path kept = folder.home().resolve("hparams.yaml");
        boolean there = Files.exists(kept);
        if (!there) {
            notes.accept("the run's own hparams.yaml is missing; the dataset's is used");
        }
        Hparams written = there ? HparamsYaml.read(kept) : made, own = written.noise(state.prediction()::on);
        if (!StatedPrediction.of(written.noise()).equals(state.prediction())) {
            notes.accept("the checkpoint predicts " + state.prediction() + ", and noise.prediction "
                    + written.noise().prediction() + " of " + (there ? "the run's" : "the dataset's")
                    + " hparams.yaml has no effect");
        }
        return new RunStart(folder, RunSettings.fromCheckpoint(made, own, project), state, null, true);
    }

    /**
     * The same where a checkpoint must be there.
     *
     * @param dataset folder of the dataset; its hparams.yaml is read
     * @param notes receives a sentence for each checkpoint that is set aside because it is damaged
     * @throws Problem when the folder has no checkpoint, or none that can be read
     */
    public static RunStart resume(RunFolder folder, Path dataset, String project, Consumer<String> notes) {
        Checkpoints checkpoints = folder.checkpoints(made(dataset));
        if (checkpoints.steps().isEmpty() && checkpoints.setAside().isEmpty()) {
            throw Problem.in(STAGE, folder.home(), "a checkpoint to resume", "none", "leave --resume out to begin");
        }
        return in(folder, dataset, project, notes);
    }

    /**
     * Begins from a voice: its weights, schedule and mel range, with a fresh optimizer; the step count continues.
     *
     * @param dataset folder of the dataset; its hparams.yaml is read
     * @param notes receives a sentence for each checkpoint that is set aside because it is damaged
     * @throws Problem when the folder has a checkpoint, or dataset and voice do not have the same mel or encoder
     */
    public static RunStart from(
            RunFolder folder, Path dataset, String project, ModelFiles.Pair voice, Consumer<String> notes) {
        return from(folder, dataset, project, () -> voice, notes);
    }

    /**
     * The same with a voice that is searched only after the folder was found to have no checkpoint.
     *
     * @param dataset folder of the dataset; its hparams.yaml is read
     * @param voice finds files and settings
     * @param notes receives a sentence for each checkpoint that is set aside because it is damaged
     * @throws Problem when the folder has a checkpoint, or dataset and voice do not have the same mel or encoder
     */
    public static RunStart from(
            RunFolder folder, Path dataset, String project, Supplier<ModelFiles.Pair> voice, Consumer<String> notes) {
        Hparams made = made(dataset);
        requireNoRun(folder, made, notes);
        ModelFiles.Pair pair = voice.get();
        StateDict trained = StateDict.readUnmapped(pair.wavenet());
        StatedPrediction stated = StatedPrediction.in(trained)
                .orElse(StatedPrediction.of(pair.hparams().noise()));
        Hparams own = pair.hparams().noise(stated::on);
        return new RunStart(folder, RunSettings.fromVoice(made, own, project), null, pair.with(own), false);
    }

    /**
     * Begins from a {@code model_ckpt_steps_N.ckpt} of another run or of the Python project, with its optimizer where
     * it has one.
     *
     * @param dataset folder of the dataset; its hparams.yaml is read
     * @param notes receives a sentence for each checkpoint that is set aside because it is damaged
     * @throws Problem when the folder has a checkpoint, or the file is none
     */
    public static RunStart from(
            RunFolder folder, Path dataset, String project, Path checkpoint, Consumer<String> notes) {
        Hparams made = made(dataset);
        requireNoRun(folder, made, notes);
        TrainingState state = TrainingState.read(checkpoint);
        RunSettings settings = RunSettings.fromCheckpoint(made, made.noise(state.prediction()::on), project);
        return new RunStart(folder, settings, state, null, false);
    }

    private static Hparams made(Path dataset) {
        return HparamsYaml.read(dataset.resolve("hparams.yaml"));
    }

    private static TrainingState newest(RunFolder folder, Hparams made, Consumer<String> notes) {
        return folder.checkpoints(made)
                .newest(why -> notes.accept("a checkpoint cannot be read, the one before it is taken: " + why));
    }

    private static void requireNoRun(RunFolder folder, Hparams made, Consumer<String> notes) {
        TrainingState state = newest(folder, made, notes);
        if (state != null) {
            throw Problem.in(
                    STAGE,
                    folder.home(),
                    "no run yet for --from",
                    "checkpoints up to step " + state.step(),
                    "leave --from out to resume, or choose another project");
        }
    }

    /**
     * Updates behind the weights that the run begins with.
     *
     * @return 0 for random weights
     */
    public long step() {
        return state != null ? state.step() : voice != null ? voice.hparams().steps() : 0;
    }

    /**
     * The settings of the run with overrides.
     *
     * @param overrides key=value, separated by commas; may be empty
     * @throws Problem naming a key that would have no effect, when the voice has as many steps behind it already, and
     *     when a resumed run is to predict something else
     */
    public Hparams with(String overrides) {
        return requireMore(settings.with(overrides));
    }

    /**
     * The settings of the run with overrides and a number of steps.
     *
     * @param overrides key=value, separated by commas; may be empty
     * @param steps training.steps: updates in all
     * @throws Problem naming a key that would have no effect, when the voice has as many steps behind it already, and
     *     when a resumed run is to predict something else
     */
    public Hparams with(String overrides, int steps) {
        return requireMore(settings.with(overrides, steps));
    }

    /**
     * The settings of the run with an edit.
     *
     * <pre>{@code start.with(h -> h.training(t -> t.batch(4).lr(4e-4)))}</pre>
     *
     * @param edit of every scope but project and steps
     * @return settings in force
     * @throws Problem naming a key that would have no effect, when the voice has as many steps behind it already, and
     *     when a resumed run is to predict something else
     */
    public Hparams with(UnaryOperator<Hparams> edit) {
        return requireMore(settings.with(edit));
    }

    /**
     * Remarks on settings that the weights were not trained under.
     *
     * @param hparams settings in force, as {@link #with} gives them
     * @return a sentence each, none where all is as it was
     */
    public List<String> notes(Hparams hparams) {
        StatedPrediction before = StatedPrediction.of(settings.base().noise()),
                after = StatedPrediction.of(hparams.noise());
        return before.equals(after) || state == null && voice == null
                ? List.of()
                : List.of("the weights predict " + before + " and learn to predict " + after
                        + " from here on: the first losses are high, optimizer and average start again from nothing");
    }

    private Hparams requireMore(Hparams asked) {
        StatedPrediction before = StatedPrediction.of(settings.base().noise()),
                after = StatedPrediction.of(asked.noise());
        if (resumes && !before.equals(after)) {
            throw Problem.in(
                    STAGE,
                    "the noise.prediction of the run, " + before,
                    after.toString(),
                    "leave it out, or begin another project from this one with --from");
        }
        if (voice != null && asked.training().steps() <= step()) {
            throw Problem.in(
                    STAGE,
                    "more steps than the voice has behind it, " + step(),
                    asked.training().steps() + " in all",
                    "give for instance --steps " + (step() + 10000));
        }
        return asked;
    }

    /**
     * Makes the run and prepares its folder: tries the disk, writes hparams.yaml, and keeps batches whose loss is not
     * finite there.
     *
     * @param parent owner of the run's tensors
     * @param hparams settings in force, as {@link #with} gives them
     * @throws Problem when the folder cannot be written or has no room, or the weights do not fit the settings
     */
    public TrainingRun open(NDManager parent, Hparams hparams, Dataset data) {
        TrainingRun run = run(parent, hparams, data);
        try {
            folder.requireRoom(run);
            if (!resumes) {
                folder.begin();
            }
            run.keepSpoiltBatchesIn(folder.home());
            HparamsYaml.write(folder.home().resolve("hparams.yaml"), hparams);
            return run;
        } catch (RuntimeException e) {
            run.close();
            throw e;
        }
    }

    private TrainingRun run(NDManager parent, Hparams hparams, Dataset data) {
        if (state != null) {
            return new TrainingRun(parent, hparams, data, state);
        }
        return voice == null
                ? new TrainingRun(parent, hparams, data)
                : TrainingRun.fromVoice(
                        parent,
                        hparams,
                        data,
                        voice.embedding(),
                        voice.wavenet(),
                        voice.hparams().steps());
    }
}
