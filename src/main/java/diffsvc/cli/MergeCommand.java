package diffsvc.cli;

import diffsvc.checkpoint.Divider;
import diffsvc.files.Output;
import diffsvc.hparams.ProjectPaths;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Merges the two models of a voice into one checkpoint. */
@Command(
        name = "merge",
        description = "Merges embedding_model and wavenet_model into one checkpoint that the Python project opens.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class MergeCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "FOLDER",
            description = "folder of a divided or trained voice, relative to the current directory")
    String folder;

    @Option(
            names = "--out",
            required = true,
            description = "file to write, model_ckpt_steps_N.ckpt, relative to the current directory")
    String out;

    @Option(names = "--overwrite", description = "replace an existing file")
    boolean overwrite;

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        Divider.Result result =
                Divider.merge(ProjectPaths.here(folder), ProjectPaths.here(out), new Output(overwrite, List.of()));
        result.notes().forEach(n -> System.out.println("note       " + n));
        result.files().forEach(f -> System.out.println("wrote      " + paths.shown(f)));
        return 0;
    }
}
