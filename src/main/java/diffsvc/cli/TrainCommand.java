package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.dataset.Dataset;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.memory.Plan;
import diffsvc.memory.TrainingCost;
import diffsvc.platform.ProcessMemory;
import diffsvc.tensor.Cost;
import diffsvc.training.Checkpoints;
import diffsvc.training.MetricsCsv;
import diffsvc.training.RunFolder;
import diffsvc.training.RunLock;
import diffsvc.training.RunSettings;
import diffsvc.training.TrainingRun;
import diffsvc.training.TrainingState;
import diffsvc.training.Validation;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Pairing;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Trains embedding and denoiser jointly. */
@Command(
        name = "train",
        description =
                "Trains embedding and denoiser jointly on data/NAME. A project that has checkpoints goes on from the newest one.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class TrainCommand implements Callable<Integer> {
    private static final String STAGE = "train";

    @Option(
            names = "--project",
            required = true,
            description = "name of the voice: data/NAME is read, models/NAME written")
    String project;

    @Option(names = "--data", description = "another dataset folder than data/NAME, taken from where you stand")
    String data;

    @Option(names = "--resume", description = "insist on a checkpoint to go on from")
    boolean resume;

    @Option(
            names = "--from",
            description = "begin from the voice of a project (its name) or of a folder (a path with "
                    + "a slash), or from a model_ckpt_steps_N.ckpt with its optimizer, if it has one; a path is taken from "
                    + "where you stand")
    String from;

    @Option(names = "--steps", description = "train until so many updates in all")
    Integer steps;

    @Option(
            names = "--max-memory",
            description = "most the whole process may take, 6GiB for instance; the batch is chosen by it")
    String maxMemory;

    @Option(names = "--hparams", defaultValue = "", description = "overrides, key=value with commas between")
    String overrides;

    @Option(names = "--minutes", defaultValue = "1e9", description = "save and stop after so many minutes")
    double minutes;

    /** What a run begins with: a state, or a voice, or neither. */
    private record Start(RunSettings settings, TrainingState state, ModelFiles.Pair voice) {}

    @Override
    public Integer call() {
        ProjectName.require(STAGE, project);
        Bound.number(STAGE, "--minutes", minutes, 1e-3, 1e9);
        if (steps != null) {
            Bound.whole(STAGE, "--steps", steps, 1, Integer.MAX_VALUE);
        }
        if (maxMemory != null) {
            ProcessMemory.asked(maxMemory);
        }
        ProjectPaths paths = ProjectPaths.find();
        RunFolder folder = new RunFolder(paths.models().resolve(project));
        Path set = data == null ? paths.data().resolve(project) : ProjectPaths.here(data);
        Dataset clips = Dataset.open(set);
        try (RunLock lock = RunLock.of(folder.home())) {
            ModelFiles files = ModelFiles.in(paths.models());
            Start start = start(folder, set, files);
            Hparams asked = start.settings().with(overrides, steps);
            if (start.voice() != null
                    && asked.training().steps() <= start.voice().hparams().steps()) {
                throw Problem.in(
                        STAGE,
                        "more steps than the voice has behind it, "
                                + start.voice().hparams().steps(),
                        asked.training().steps() + " in all",
                        "give for instance --steps " + (start.voice().hparams().steps() + 10000));
            }
            Pairing pairing = Pairing.ofTraining(files, asked, clips.unitWidth(), clips.melBins());
            pairing.require();
            pairing.findings().stream()
                    .filter(f -> f.verdict() == Pairing.Verdict.NOTE)
                    .forEach(f -> System.out.println("note       " + f.file()));
            try (NDManager manager = NDManager.newBaseManager()) {
                Hparams hparams = fitted(asked, clips, Plan.baseline(manager));
                return train(manager, hparams, clips, start, folder, paths);
            }
        }
    }

    private Start start(RunFolder folder, Path set, ModelFiles files) {
        Hparams made = HparamsYaml.read(set.resolve("hparams.yaml"));
        Checkpoints checkpoints = folder.checkpoints(made);
        TrainingState state = checkpoints.newest(spoilt ->
                System.out.println("note       a checkpoint cannot be read, taking the one before: " + spoilt));
        if (from != null && state != null) {
            throw Problem.in(
                    STAGE,
                    folder.home(),
                    "no run yet for --from",
                    "checkpoints up to step " + state.step(),
                    "leave --from out to go on, or choose another project");
        }
        if (resume && state == null && checkpoints.setAside().isEmpty()) {
            throw Problem.in(STAGE, folder.home(), "a checkpoint to resume", "none", "leave --resume out to begin");
        }
        if (state != null) {
            // a run that goes on keeps its own hparams: the dataset's mel range may have changed since
            Path kept = folder.home().resolve("hparams.yaml");
            if (!Files.exists(kept)) {
                System.out.println("note       the run's own hparams.yaml is gone, taking the dataset's");
            }
            return new Start(
                    RunSettings.fromCheckpoint(made, Files.exists(kept) ? HparamsYaml.read(kept) : made, project),
                    state,
                    null);
        }
        if (from == null || resume) {
            folder.requireBeginning(checkpoints, project);
            return new Start(RunSettings.fresh(made, project), null, null);
        }
        if (from.endsWith(".ckpt")) {
            return new Start(
                    RunSettings.fromCheckpoint(made, made, project), TrainingState.read(ProjectPaths.here(from)), null);
        }
        ModelFiles.Pair voice = voice(files);
        return new Start(RunSettings.fromVoice(made, voice.hparams(), project), null, voice);
    }

    private static TrainingRun begun(NDManager manager, Hparams hparams, Dataset clips, Start start) {
        if (start.state() != null) {
            return new TrainingRun(manager, hparams, clips, start.state());
        }
        ModelFiles.Pair voice = start.voice();
        return voice == null
                ? new TrainingRun(manager, hparams, clips)
                : TrainingRun.fromVoice(
                        manager,
                        hparams,
                        clips,
                        voice.embedding(),
                        voice.wavenet(),
                        voice.hparams().steps());
    }

    private ModelFiles.Pair voice(ModelFiles files) {
        if (from.indexOf('/') < 0 && from.indexOf(File.separatorChar) < 0) {
            return files.project(ProjectName.require(STAGE, from));
        }
        Path voice = Output.real(ProjectPaths.here(from));
        Input.require(STAGE, voice.resolve("hparams.yaml"), "the hparams.yaml of a voice");
        return ModelFiles.in(voice.getParent()).project(voice.getFileName().toString());
    }

    private int train(
            NDManager manager, Hparams hparams, Dataset clips, Start start, RunFolder folder, ProjectPaths paths) {
        TrainingState state = start.state();
        ModelFiles.Pair voice = start.voice();
        try (TrainingRun run = begun(manager, hparams, clips, start)) {
            folder.requireRoom(run);
            if (state == null || from != null) {
                folder.begin();
            }
            run.keepSpoiltBatchesIn(folder.home());
            HparamsYaml.write(folder.home().resolve("hparams.yaml"), hparams);
            System.out.printf(
                    "train      %d clips, %.1f min, %d for validation; %,d parameters, %s%n",
                    clips.training().size(),
                    hparams.audio().seconds(clips.frames()) / 60,
                    clips.validation().size(),
                    run.training().optimizer().parameters().values().stream()
                            .mapToLong(a -> a.size())
                            .sum(),
                    manager.getDevice());
            System.out.println((state == null
                            ? voice == null ? "begin      " : "from       voice " + from + ", "
                            : from != null ? "from       " + from + ", " : "resume     ")
                    + "step " + run.step() + " of " + hparams.training().steps());
            return go(run, folder, paths);
        }
    }

    /** The batch that fits the limit, said; without a limit and with a batch that is set, the hparams as they are. */
    private Hparams fitted(Hparams asked, Dataset clips, long baseline) {
        Hparams.Training t = asked.training();
        long limit = maxMemory == null ? Plan.available() : ProcessMemory.asked(maxMemory);
        int frames = t.cropFrames() > 0 ? t.cropFrames() : clips.longest();
        Hparams hparams = limit < 0 || maxMemory == null && t.batch() > 0
                ? asked
                : Plan.fitted(asked, frames, clips.training().size(), limit, baseline);
        Cost pair = TrainingCost.of(hparams);
        int batch = Math.max(1, hparams.training().batch()),
                sum = Math.max(1, hparams.training().accumulate());
        System.out.printf(
                "batch      %d clips of %s%d frames%s: about %s in all (process %s, networks and optimizer %s)%n",
                batch,
                t.cropFrames() > 0 ? "" : "up to ",
                frames,
                sum > 1 ? ", " + sum + " batches an update" : "",
                ProcessMemory.shown(baseline + pair.peak(batch, frames)),
                ProcessMemory.shown(baseline),
                ProcessMemory.shown(pair.peak(1, 1)));
        if (limit >= 0 && baseline + pair.peak(batch, frames) > limit) {
            System.out.println("note       that is more than the " + ProcessMemory.shown(limit)
                    + " there are: set training.batch=0 or give --max-memory");
        }
        return hparams;
    }

    private int go(TrainingRun run, RunFolder folder, ProjectPaths paths) {
        Stop stop = new Stop();
        Runtime.getRuntime().addShutdownHook(stop);
        try {
            Path saved = train(run, folder, stop);
            long limit = maxMemory == null ? -1 : ProcessMemory.asked(maxMemory), peak = ProcessMemory.peak();
            if (peak >= 0) {
                System.out.println("memory     " + ProcessMemory.shown(peak) + " at the peak"
                        + (limit < 0 ? "" : ", limit " + ProcessMemory.shown(limit)));
            }
            System.out.printf(
                    "%s step %d, %s and %s%n",
                    stop.asked ? "stopped   " : "saved     ",
                    run.step(),
                    paths.shown(saved),
                    paths.shown(folder.voice()));
            return 0;
        } catch (Problem e) {
            if (stop.asked) {
                System.err.println(e.getMessage()); // the process ends before anybody else could say it
            }
            throw e;
        } finally {
            stop.done.countDown();
        }
    }

    /** Trains to the end and gives the path of the last checkpoint. */
    private Path train(TrainingRun run, RunFolder folder, Stop stop) {
        Hparams.Training t = run.hparams().training();
        long start = System.nanoTime(), begun = run.step();
        Path[] saved = {null};
        Checkpoints checkpoints = folder.checkpoints(run.hparams());
        Validation validation = new Validation(run, folder.home().resolve("validation"));
        try (MetricsCsv ledger = MetricsCsv.open(folder.home().resolve("ledger.csv"), run.step());
                ProgressBar bar = new ProgressBarBuilder()
                        .setTaskName("training")
                        .setInitialMax(t.steps())
                        .setStyle(ProgressBarStyle.ASCII)
                        .setUpdateIntervalMillis(500)
                        .setUnit(" steps", 1)
                        .showSpeed()
                        .build()) {
            bar.stepTo(run.step());
            double mean = Double.NaN;
            boolean told = false;
            while (run.step() < t.steps() && (System.nanoTime() - start) / 6e10 < minutes && !stop.asked) {
                long at = System.nanoTime();
                TrainingRun.Update u = run.update();
                double seconds = (System.nanoTime() - at) / 1e9, valid = Double.NaN;
                if (t.validEvery() > 0 && u.step() % t.validEvery() == 0) {
                    valid = run.validate();
                    unlessFull(
                            next(u.step() + t.validEvery(), t.steps(), "the pictures of this step are left out"),
                            validation::save);
                }
                mean = Double.isNaN(mean) ? u.loss() : 0.99 * mean + 0.01 * u.loss();
                if (!ledger.add(new MetricsCsv.Line(
                                u.step(),
                                u.loss(),
                                valid,
                                u.lr(),
                                u.gradientNorm(),
                                u.embeddingNorm(),
                                u.wavenetNorm(),
                                seconds,
                                ProcessMemory.resident() / 1048576.0))
                        && !told) {
                    told = true;
                    System.out.println("\nnote       the ledger cannot be written: make space; training goes on");
                }
                bar.stepTo(u.step());
                bar.setExtraMessage(String.format(java.util.Locale.ROOT, " loss %.4f", mean)
                        + (Double.isNaN(valid) ? "" : String.format(java.util.Locale.ROOT, ", valid %.4f", valid)));
                if (u.step() % Math.max(1, t.saveEvery()) == 0 && u.step() < t.steps()) {
                    run.state().requireFinite(Checkpoints.OLDER_STAY);
                    String next = next(
                            u.step() + Math.max(1, t.saveEvery()),
                            t.steps(),
                            "the next try is at the end, step " + t.steps());
                    saved[0] = null;
                    unlessFull(next, () -> saved[0] = folder.save(run, checkpoints, TrainCommand::setAside));
                }
            }
            return saved[0] != null && saved[0].equals(checkpoints.file(run.step()))
                    ? saved[0]
                    : folder.finish(run, checkpoints, begun, TrainCommand::setAside);
        }
    }

    private static void setAside(String why) {
        System.out.println("\nnote       a checkpoint cannot be read: " + why);
    }

    /** When the next try comes, as far as the run goes. */
    private static String next(long step, long last, String otherwise) {
        return step < last ? "the next try is at step " + step : otherwise;
    }

    /** Writing fails when the disk is full: no reason to lose the run. */
    private static void unlessFull(String next, Runnable writing) {
        try {
            writing.run();
        } catch (Problem e) {
            System.out.println("\nnot saved  " + e.getMessage() + "; training goes on, " + next);
        }
    }

    /** Ctrl-C ends the run after the update it is in, saved. */
    private static final class Stop extends Thread {
        private static final int PATIENCE_SECONDS = 120;
        private final CountDownLatch done = new CountDownLatch(1);
        private volatile boolean asked;

        @Override
        public void run() {
            asked = true;
            try {
                done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
