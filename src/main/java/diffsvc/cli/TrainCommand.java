package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.ProjectPaths;
import diffsvc.models.ModelFiles;
import diffsvc.models.Pairing;
import diffsvc.training.Dataset;
import diffsvc.training.TrainingRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trains embedding and denoiser jointly. */
@Command(name = "train", description = "Trains embedding and denoiser jointly on a dataset file; goes on where it stopped.", mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class TrainCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "DATASET", description = "file made by preprocess; hparams.yaml lies beside it")
    Path dataset;
    @Option(names = "--out", required = true, description = "project folder to write the voice and its training state to")
    Path out;
    @Option(names = "--hparams", defaultValue = "", description = "overrides, key=value with commas between")
    String overrides;
    @Option(names = "--minutes", defaultValue = "100000", description = "save and stop after so many minutes")
    double minutes;
    @Option(names = "--from", description = "start from the voice in this folder, with a fresh optimizer")
    Path from;
    @Option(names = "--no-state", description = "do not keep the training state (three times the weights)")
    boolean noState;

    @Override public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        Path file = paths.resolve(dataset), folder = paths.resolve(out), state = folder.resolve("training_state.pt");
        Path yaml = file.resolveSibling("hparams.yaml");
        if (!Files.exists(file) || !Files.exists(yaml)) {
            throw Problem.in("train", file, "a dataset and hparams.yaml beside it", "not both", "run ./diffsvc preprocess first");
        }
        // a run that goes on keeps its own hparams: the dataset's mel range may be another than that of the voice it began from
        Path kept = folder.resolve("training_hparams.yaml");
        boolean goesOn = Files.exists(state);
        Hparams base = HparamsYaml.read(goesOn && Files.exists(kept) ? kept : yaml);
        Hparams old = !goesOn && from != null ? HparamsYaml.read(paths.resolve(from).resolve("hparams.yaml")) : null;
        if (old != null) {
            base = base.withSpec(old.noise().specMin(), old.noise().specMax());
        }
        Hparams hparams = Arg2Hparams.apply(base, overrides);
        Dataset data = Dataset.read(file);
        Pairing pairing = Pairing.ofTraining(ModelFiles.in(paths.models()), hparams, data.clips().get(0).unitWidth(), data.clips().get(0).melBins());
        pairing.require();
        pairing.findings().stream().filter(f -> f.verdict() == Pairing.Verdict.NOTE).forEach(f -> System.out.println("note     " + f.file()));
        try (NDManager manager = NDManager.newBaseManager(); TrainingRun run = new TrainingRun(manager, hparams, data)) {
            if (goesOn) {
                run.resume(state);
            } else if (old != null) {
                run.from(paths.resolve(from).resolve("embedding_model_steps_" + old.steps() + ".pt"),
                        paths.resolve(from).resolve("wavenet_model_steps_" + old.steps() + ".pt"), old.steps());
            }
            System.out.printf("train    %d clips, %d parameters, from step %d, %s%n", data.clips().size(),
                    run.training().optimizer().parameters().values().stream().mapToLong(a -> a.size()).sum(), run.step(), manager.getDevice());
            if (!noState) {
                HparamsYaml.write(kept, hparams);
            }
            long start = System.nanoTime(), first = run.step();
            double mean = 0;
            while (run.step() < hparams.training().steps() && (System.nanoTime() - start) / 6e10 < minutes) {
                TrainingRun.Update u = run.update();
                mean = u.step() == first + 1 ? u.loss() : 0.99 * mean + 0.01 * u.loss();
                if (u.step() % 200 == 0) {
                    System.out.printf("step %d  loss %.5f  norm %.3f  lr %.2g  %.2f min%n", u.step(), mean, u.gradientNorm(), u.lr(), (System.nanoTime() - start) / 6e10);
                }
                if (u.step() % hparams.training().saveEvery() == 0 && !noState) {
                    run.saveState(state);
                }
            }
            if (!noState) {
                run.saveState(state);
            }
            Hparams done = run.saveVoice(folder);
            System.out.printf("saved    %s, step %d%n", paths.shown(folder), done.steps());
        }
        return 0;
    }
}
