package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.dataset.Dataset;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.ProjectPaths;
import diffsvc.memory.Cost;
import diffsvc.memory.Plan;
import diffsvc.memory.ProcessMemory;
import diffsvc.models.ModelFiles;
import diffsvc.models.Pairing;
import diffsvc.training.Checkpoints;
import diffsvc.training.Ledger;
import diffsvc.training.RunLock;
import diffsvc.training.TrainingRun;
import diffsvc.training.TrainingState;
import diffsvc.training.Validation;
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
@Command(name = "train", description = "Trains embedding and denoiser jointly on data/NAME. A project that has checkpoints goes on from the newest one.",
        mixinStandardHelpOptions = true, versionProvider = Main.Version.class)
final class TrainCommand implements Callable<Integer> {
    @Option(names = "--project", required = true, description = "name of the voice: data/NAME is read, models/NAME written")
    String project;
    @Option(names = "--data", description = "another dataset folder than data/NAME")
    Path data;
    @Option(names = "--resume", description = "insist on a checkpoint to go on from")
    boolean resume;
    @Option(names = "--from", description = "begin from a model_ckpt_steps_N.ckpt (with its optimizer, if it has one), or from the voice of a project or folder")
    String from;
    @Option(names = "--steps", description = "train until so many updates in all")
    Integer steps;
    @Option(names = "--max-memory", description = "most the whole process may take, 6GiB for instance; the batch is chosen by it")
    String maxMemory;
    @Option(names = "--hparams", defaultValue = "", description = "overrides, key=value with commas between")
    String overrides;
    @Option(names = "--minutes", defaultValue = "1e9", description = "save and stop after so many minutes")
    double minutes;

    @Override public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        ModelFiles files = ModelFiles.in(paths.models());
        Path set = data == null ? paths.data().resolve(project) : paths.resolve(data), folder = paths.models().resolve(project), home = folder.resolve("training");
        Dataset clips = Dataset.open(set);
        try (RunLock lock = RunLock.of(home)) {
            return train(paths, files, set, folder, home, clips);
        }
    }

    private int train(ProjectPaths paths, ModelFiles files, Path set, Path folder, Path home, Dataset clips) {
        Path kept = home.resolve("hparams.yaml");
        // a run that goes on keeps its own hparams: the dataset's mel range may have changed since
        Hparams base = HparamsYaml.read(Files.exists(kept) ? kept : set.resolve("hparams.yaml")).withProject(project);
        Checkpoints checkpoints = new Checkpoints(home, base.training().keep(), base.training().keepEvery());
        TrainingState state = checkpoints.newest(spoilt -> System.out.println("note       a checkpoint cannot be read, taking the one before: " + spoilt));
        ModelFiles.Pair voice = null;
        if (from != null && state != null) {
            throw Problem.in("train", home, "no run yet for --from", "checkpoints up to step " + state.step(), "leave --from out to go on, or choose another project");
        }
        if (resume && state == null) {
            throw Problem.in("train", home, "a checkpoint to resume", checkpoints.steps().isEmpty() ? "none" : "none that can be read", "leave --resume out to begin");
        }
        if (from != null && from.endsWith(".ckpt")) {
            state = TrainingState.read(paths.resolve(from));
        } else if (from != null) {
            voice = files.project(from);
            base = base.withSpec(voice.hparams().noise().specMin(), voice.hparams().noise().specMax());      // the weights were trained on mels scaled so
        }
        Hparams asked = Arg2Hparams.apply(base, Arg2Hparams.join(steps == null ? "" : "training.steps=" + steps,
                overrides));
        Pairing pairing = Pairing.ofTraining(files, asked, clips.unitWidth(), clips.melBins());
        pairing.require();
        pairing.findings().stream().filter(f -> f.verdict() == Pairing.Verdict.NOTE).forEach(f -> System.out.println("note       " + f.file()));
        try (NDManager manager = NDManager.newBaseManager()) {
            Hparams hparams = fitted(asked, clips, Plan.baseline(manager));
            return train(manager, hparams, clips, state, voice, checkpoints, paths, folder);
        }
    }

    private int train(NDManager manager, Hparams hparams, Dataset clips, TrainingState state, ModelFiles.Pair voice, Checkpoints checkpoints, ProjectPaths paths, Path folder) {
        Path home = checkpoints.folder();
        try (TrainingRun run = state == null ? new TrainingRun(manager, hparams, clips) : new TrainingRun(manager, hparams, clips, state)) {
            if (voice != null) {
                run.from(voice.embedding(), voice.wavenet(), voice.hparams().steps());
            }
            run.keepSpoiltBatchesIn(home);
            HparamsYaml.write(home.resolve("hparams.yaml"), hparams);
            System.out.printf("train      %d clips, %.1f min, %d for validation; %,d parameters, %s%n", clips.training().size(),
                    clips.frames() * (double) hparams.audio().hopSamples() / hparams.audio().sampleRateHz() / 60, clips.validation().size(),
                    run.training().optimizer().parameters().values().stream().mapToLong(a -> a.size()).sum(), manager.getDevice());
            System.out.println((state == null ? voice == null ? "begin      " : "from       voice " + from + ", " : from != null ? "from       " + from + ", " : "resume     ") + "step "
                    + run.step() + " of " + hparams.training().steps());
            return go(run, checkpoints, folder, paths);
        }
    }

    /** The batch that fits the limit, said; without a limit and with a batch that is set, the hparams as they are. */
    private Hparams fitted(Hparams asked, Dataset clips, long baseline) {
        Hparams.Training t = asked.training();
        long limit = maxMemory == null ? Plan.available() : ProcessMemory.parse(maxMemory);
        int frames = t.cropFrames() > 0 ? t.cropFrames() : clips.longest();
        Hparams hparams = limit < 0 || maxMemory == null && t.batch() > 0 ? asked : Plan.fitted(asked, frames, clips.training().size(), limit, baseline);
        Cost pair = Cost.pair(hparams);
        int batch = Math.max(1, hparams.training().batch()), sum = Math.max(1, hparams.training().accumulate());
        System.out.printf("batch      %d clips of %s%d frames%s: about %s in all (process %s, networks and optimizer %s)%n", batch, t.cropFrames() > 0 ? "" : "up to ", frames,
                sum > 1 ? ", " + sum + " batches an update" : "", ProcessMemory.shown(baseline + pair.peak(batch, frames)), ProcessMemory.shown(baseline),
                ProcessMemory.shown(pair.peak(1, 1)));
        if (limit >= 0 && baseline + pair.peak(batch, frames) > limit) {
            System.out.println("note       that is more than the " + ProcessMemory.shown(limit) + " there are: set training.batch=0 or give --max-memory");
        }
        return hparams;
    }

    private int go(TrainingRun run, Checkpoints checkpoints, Path folder, ProjectPaths paths) {
        Stop stop = new Stop();
        Runtime.getRuntime().addShutdownHook(stop);
        try {
            train(run, checkpoints, folder, stop);
            long limit = maxMemory == null ? -1 : ProcessMemory.parse(maxMemory), peak = ProcessMemory.peak();
            if (peak >= 0) {
                System.out.println("memory     " + ProcessMemory.shown(peak) + " at the peak" + (limit < 0 ? "" : ", limit " + ProcessMemory.shown(limit)));
            }
            System.out.printf("%s step %d, %s and %s%n", stop.asked ? "stopped   " : "saved     ", run.step(), paths.shown(checkpoints.file(run.step())), paths.shown(folder));
            return 0;
        } catch (Problem e) {
            if (stop.asked) {
                System.err.println(e.getMessage());                              // the process ends before anybody else could say it
            }
            throw e;
        } finally {
            stop.done.countDown();
        }
    }

    private void train(TrainingRun run, Checkpoints checkpoints, Path folder, Stop stop) {
        Hparams.Training t = run.hparams().training();
        long start = System.nanoTime(), saved = -1;
        Validation validation = new Validation(run, checkpoints.folder().resolve("validation"));
        try (Ledger ledger = Ledger.open(checkpoints.folder().resolve("ledger.csv"), run.step());
                ProgressBar bar = new ProgressBarBuilder().setTaskName("training").setInitialMax(t.steps()).setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(500)
                        .setUnit(" steps", 1).showSpeed().build()) {
            bar.stepTo(run.step());
            double mean = Double.NaN;
            boolean told = false;
            while (run.step() < t.steps() && (System.nanoTime() - start) / 6e10 < minutes && !stop.asked) {
                long began = System.nanoTime();
                TrainingRun.Update u = run.update();
                double seconds = (System.nanoTime() - began) / 1e9, valid = Double.NaN;
                if (t.validEvery() > 0 && u.step() % t.validEvery() == 0) {
                    valid = run.validate();
                    unlessFull("the next try is at step " + (u.step() + t.validEvery()), validation::save);
                }
                mean = Double.isNaN(mean) ? u.loss() : 0.99 * mean + 0.01 * u.loss();
                if (!ledger.add(new Ledger.Line(u.step(), u.loss(), valid, u.lr(), u.gradientNorm(), u.embeddingNorm(), u.wavenetNorm(), seconds, ProcessMemory.resident() / 1048576.0))
                        && !told) {
                    told = true;
                    System.out.println("\nnote       the ledger cannot be written: make space; training goes on");
                }
                bar.stepTo(u.step());
                bar.setExtraMessage(String.format(java.util.Locale.ROOT, " loss %.4f", mean) + (Double.isNaN(valid) ? "" : String.format(java.util.Locale.ROOT, ", valid %.4f", valid)));
                if (u.step() % Math.max(1, t.saveEvery()) == 0 && unlessFull("the next try is at step " + (u.step() + t.saveEvery()), () -> save(run, checkpoints, folder))) {
                    saved = u.step();
                }
            }
            if (saved != run.step()) {
                save(run, checkpoints, folder);
            }
        }
    }

    /** Writing fails when the disk is full: no reason to lose the run. */
    private static boolean unlessFull(String next, Runnable writing) {
        try {
            writing.run();
            return true;
        } catch (Problem e) {
            System.out.println("\nnot saved  " + e.getMessage() + "; training goes on, " + next);
            return false;
        }
    }

    private static void save(TrainingRun run, Checkpoints checkpoints, Path folder) {
        run.save(checkpoints);
        run.saveVoice(folder);
    }

    /** Ctrl-C ends the run after the update it is in, saved. */
    private static final class Stop extends Thread {
        private static final int PATIENCE_SECONDS = 120;
        private final CountDownLatch done = new CountDownLatch(1);
        private volatile boolean asked;

        @Override public void run() {
            asked = true;
            try {
                done.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
