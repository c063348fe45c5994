package diffsvc.cli;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.models.ModelFiles;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.ProjectPaths;
import diffsvc.training.Dataset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a dataset from a folder of recordings. */
@Command(name = "preprocess", description = "Makes the conditions of a folder of WAV files once, for training.", mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class PreprocessCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FOLDER", description = "folder of WAV files, sub-folders included")
    Path folder;
    @Option(names = "--hparams-file", required = true, description = "hparams.yaml that names the encoder")
    Path hparamsFile;
    @Option(names = "--hparams", defaultValue = "", description = "overrides, key=value with commas between")
    String overrides;
    @Option(names = "--out", required = true, description = "dataset file to write, .pt; hparams.yaml with the mel range goes beside it")
    Path out;

    @Override public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        Path yaml = paths.resolve(hparamsFile);
        if (!Files.exists(yaml)) {
            throw Problem.in("dataset", yaml, "an hparams.yaml", "nothing at that path", "copy models/demo/hparams.yaml and change it");
        }
        Hparams hparams = Arg2Hparams.apply(HparamsYaml.read(yaml), overrides);
        try (NDManager manager = NDManager.newBaseManager();
                HubertSoft encoder = ModelFiles.in(paths.models()).encoder(manager, hparams)) {
            Dataset data = Dataset.prepare(paths.resolve(folder), hparams, encoder, hparams.training().cropFrames() / 2, line -> System.out.println("skipped " + line));
            data.write(paths.resolve(out));
            List<List<Double>> range = data.melRange();
            Path beside = paths.resolve(out).resolveSibling("hparams.yaml");
            HparamsYaml.write(beside, hparams.withSpec(range.get(0), range.get(1)));
            System.out.printf("dataset  %d clips, %d frames; wrote %s and %s%n", data.clips().size(), data.clips().stream().mapToInt(Dataset.Clip::frames).sum(), out,
                    paths.shown(beside));
        }
        return 0;
    }
}
