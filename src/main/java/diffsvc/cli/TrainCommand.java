package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.dataset.Dataset;
import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Panel;
import diffsvc.evaluate.Song;
import diffsvc.evaluate.SongScore;
import diffsvc.evaluate.Target;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.memory.Plan;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.ProcessMemory;
import diffsvc.training.BatchFit;
import diffsvc.training.MetricsCsv;
import diffsvc.training.RunFolder;
import diffsvc.training.RunLock;
import diffsvc.training.RunStart;
import diffsvc.training.TrainingLoop;
import diffsvc.training.TrainingRun;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Pairing;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains embedding and denoiser jointly. */
@Command(
        name = "train",
        description =
                "Trains embedding and denoiser jointly on data/NAME. A project that has checkpoints resumes from the newest one.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class TrainCommand implements Callable<Integer> {
    private static final String STAGE = "train";
    private static final double SMOOTHING = 0.99;

    @Option(
            names = "--project",
            required = true,
            description = "name of the voice: data/NAME is read, models/NAME is written")
    String project;

    @Option(names = "--data", description = "dataset folder, relative to the current directory (default data/NAME)")
    String data;

    @Option(names = "--resume", description = "refuse to begin at step 0: a checkpoint must be there")
    boolean resume;

    @Option(
            names = "--from",
            description =
                    "begin from the voice of a project (its name) or of a folder (a path with a slash), or from a "
                            + "model_ckpt_steps_N.ckpt, with its optimizer if it has one; paths are relative to the current "
                            + "directory")
    String from;

    @Option(names = "--steps", description = "number of updates in all, those before a resume included")
    Integer steps;

    @Mixin
    DeviceOption device = new DeviceOption();

    @Option(
            names = "--max-memory",
            description =
                    "limit of the whole process, or of its memory on a GPU, for instance 6GiB; the batch is fitted"
                            + " to it")
    String maxMemory;

    @Option(names = "--hparams", defaultValue = "", description = "overrides: key=value, separated by commas")
    String overrides;

    @Option(names = "--minutes", defaultValue = "1e9", description = "save and stop after this many minutes")
    double minutes;

    @Option(
            names = "--evaluate-every",
            paramLabel = "STEPS",
            description =
                    "convert --songs with the weights every so many updates, and keep the checkpoint with the best score"
                            + " (docs/evaluate.md; default: never)")
    Integer evaluateEvery;

    @Option(
            names = "--patience",
            paramLabel = "N",
            description = "with --evaluate-every: end the run after N scores without a better one (default: never)")
    Integer patience;

    @Option(
            names = "--songs",
            arity = "1..*",
            description = "with --evaluate-every: songs, with their words in SONG.txt beside them (default: raw/*.wav)")
    List<String> songs = new ArrayList<>();

    @Option(
            names = "--target",
            description = "with --evaluate-every: recordings of the voice (default: models/NAME/target)")
    String target;

    @Option(
            names = "--judges",
            split = ",",
            description =
                    "with --evaluate-every: only these judges, as evaluate has them (default: all that are there, with"
                            + " the recognizer of English)")
    List<String> judges = new ArrayList<>();

    @Override
    public Integer call() {
        ProjectName.require(STAGE, project);
        requireEvaluation();
        Bound.number(STAGE, "--minutes", minutes, 1e-3, 1e9);
        if (steps != null) {
            Bound.whole(STAGE, "--steps", steps, 1, Integer.MAX_VALUE);
        }
        long limit = maxMemory == null ? -1 : ProcessMemory.asked(maxMemory);
        if (from != null && resume) {
            throw Problem.in("options", "--from or --resume", "both", "leave one out");
        }
        ProjectPaths paths = ProjectPaths.find();
        RunFolder folder = new RunFolder(paths.models().resolve(project));
        Path set = data == null ? paths.data().resolve(project) : ProjectPaths.here(data);
        Dataset clips = Dataset.open(set);
        try (RunLock lock = RunLock.of(folder.home())) {
            ModelFiles files = ModelFiles.in(paths.models());
            RunStart start = start(folder, set, files);
            Hparams asked = steps == null ? start.with(overrides) : start.with(overrides, steps);
            start.notes(asked).forEach(TrainCommand::note);
            Pairing pairing = Pairing.ofTraining(files, asked, clips.unitWidth(), clips.melBins());
            pairing.require();
            pairing.findings().stream()
                    .filter(f -> f.verdict() == Pairing.Verdict.NOTE)
                    .forEach(f -> note(f.file()));
            ComputeDevice on = device.chosen();
            try (NDManager manager = on.newManager()) {
                long baseline = Plan.baseline(manager);
                BatchFit fit = limit < 0
                        ? BatchFit.ofMachine(asked, clips, baseline, on)
                        : BatchFit.within(asked, clips, baseline, limit);
                print(fit);
                try (TrainingRun run = start.open(manager, fit.hparams(), clips)) {
                    print(run, start, on);
                    train(run, folder, paths, limit, on);
                }
            }
        }
        return 0;
    }

    private void requireEvaluation() {
        if (evaluateEvery != null) {
            Bound.whole("options", "--evaluate-every", evaluateEvery, 1, Integer.MAX_VALUE);
        } else if (patience != null || !songs.isEmpty() || target != null || !judges.isEmpty()) {
            throw Problem.in(
                    "options",
                    "--evaluate-every with --patience, --songs, --target and --judges",
                    "none",
                    "say how often: --evaluate-every 1000");
        }
        JudgeKind.named(judges, "en");
        if (patience != null) {
            Bound.whole("options", "--patience", patience, 1, Integer.MAX_VALUE);
        }
    }

    /** The judges of the weights while they train; null where nobody asked for them. */
    private Panel panel(ProjectPaths paths) {
        Panel panel = evaluateEvery == null ? null : Panel.open(paths, JudgeKind.named(judges, "en"));
        if (panel != null) {
            panel.absentJudges().forEach(TrainCommand::note);
        }
        return panel;
    }

    private RunStart start(RunFolder folder, Path set, ModelFiles files) {
        if (resume) {
            return RunStart.resume(folder, set, project, TrainCommand::note);
        }
        if (from == null) {
            return RunStart.in(folder, set, project, TrainCommand::note);
        }
        return from.endsWith(".ckpt")
                ? RunStart.from(folder, set, project, ProjectPaths.here(from), TrainCommand::note)
                : RunStart.from(folder, set, project, () -> voice(files), TrainCommand::note);
    }

    private ModelFiles.Pair voice(ModelFiles files) {
        if (from.indexOf('/') < 0 && from.indexOf(File.separatorChar) < 0) {
            return files.project(ProjectName.require(STAGE, from));
        }
        Path voice = Output.real(ProjectPaths.here(from));
        Input.require(STAGE, voice.resolve("hparams.yaml"), "the hparams.yaml of a voice");
        return ModelFiles.in(voice.getParent()).project(voice.getFileName().toString());
    }

    private static void note(String text) {
        System.out.println("note       " + text);
    }

    private static void print(BatchFit fit) {
        Hparams.Training t = fit.hparams().training();
        int sum = Math.max(1, t.accumulate());
        System.out.printf(
                "batch      %d clips of %s%d frames%s: about %s in all (process %s, networks and optimizer %s)%n",
                Math.max(1, t.batch()),
                t.cropFrames() > 0 ? "" : "up to ",
                fit.frames(),
                sum > 1 ? ", " + sum + " batches an update" : "",
                ProcessMemory.shown(fit.peak()),
                ProcessMemory.shown(fit.baseline()),
                ProcessMemory.shown(fit.networks()));
        if (fit.exceeds()) {
            note("that is more than the " + ProcessMemory.shown(fit.limit())
                    + " that are available: set training.batch=0 or give --max-memory");
        }
    }

    private void print(TrainingRun run, RunStart start, ComputeDevice device) {
        Dataset clips = run.data();
        Hparams.Audio audio = run.hparams().audio();
        System.out.printf(
                "train      %d clips, %.1f min, %d for validation; %,d parameters, %s, %s%n",
                clips.training().size(),
                clips.frames() * (double) audio.hopSamples() / audio.sampleRateHz() / 60,
                clips.validation().size(),
                run.parameters(),
                run.training().precision().text(),
                device);
        String how = start.resumes()
                ? "resume     "
                : start.voice() != null
                        ? "from       voice " + from + ", "
                        : start.state() != null ? "from       " + from + ", " : "begin      ";
        System.out.println(
                how + "step " + run.step() + " of " + run.hparams().training().steps());
        if (run.step() >= run.hparams().training().steps()) {
            note("no update is left; give --steps above " + run.step() + " to go on");
        }
    }

    private void train(TrainingRun run, RunFolder folder, ProjectPaths paths, long limit, ComputeDevice device) {
        TrainingLoop loop = new TrainingLoop(run, folder).within(Duration.ofMillis(Math.round(minutes * 60_000)));
        long free = device.isGpu() ? device.available() : 0;
        CtrlC ctrlC = new CtrlC(loop::stop);
        Runtime.getRuntime().addShutdownHook(ctrlC);
        try (Panel panel = panel(paths);
                ConsoleProgress bar = new ConsoleProgress()) {
            if (panel != null) {
                Target towards = target == null
                        ? Target.of(paths, project).orElse(null)
                        : Target.read(project, ProjectPaths.here(target));
                loop.judging(
                        evaluateEvery,
                        patience == null ? 0 : patience,
                        new SongScore(panel, paths, Song.all(paths, songs), towards, h -> h, device));
            }
            TrainingLoop.Result result = loop.listening(bar).each(losses(bar)).until();
            bar.close();
            // the engine keeps what it once took of a GPU, so the end shows the peak
            long peak = device.isGpu() ? free - device.available() : ProcessMemory.peak();
            if (peak >= 0) {
                System.out.println("memory     " + ProcessMemory.shown(peak)
                        + (device.isGpu() ? " of the GPU beside the networks" : "") + " at the peak"
                        + (limit < 0 ? "" : ", limit " + ProcessMemory.shown(limit)));
            }
            System.out.printf(
                    "%s step %d, %s and %s%n",
                    result.stopped() ? "stopped   " : "saved     ",
                    result.step(),
                    paths.shown(result.checkpoint()),
                    paths.shown(folder.voice()));
        } catch (Problem e) {
            if (ctrlC.isAlive()) {
                System.err.println(e.getMessage()); // the process ends before the caller can print it
            }
            throw e;
        } finally {
            ctrlC.done.countDown();
        }
    }

    /** Shows the losses behind the bar: a mean, since single ones jump, and the last of the validation. */
    private static Consumer<MetricsCsv.Row> losses(ConsoleProgress bar) {
        double[] mean = {Double.NaN};
        String[] valid = {""};
        return row -> {
            mean[0] = Double.isNaN(mean[0]) ? row.loss() : SMOOTHING * mean[0] + (1 - SMOOTHING) * row.loss();
            if (!Double.isNaN(row.validLoss())) {
                valid[0] = String.format(Locale.ROOT, ", valid %.4f", row.validLoss());
            }
            bar.message(String.format(Locale.ROOT, "loss %.4f", mean[0]) + valid[0]);
        };
    }

    /** Ctrl-C asks for the end and keeps the process alive until the run is saved. */
    private static final class CtrlC extends Thread {
        private static final int PATIENCE_SECONDS = 120;
        private final CountDownLatch done = new CountDownLatch(1);
        private final Runnable stop;

        CtrlC(Runnable stop) {
            this.stop = stop;
        }

        @Override
        public void run() {
            stop.run();
            try {
                done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
