package diffsvc.cli;

import diffsvc.checkpoint.Divider;
import diffsvc.hparams.ProjectPaths;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Puts two halves together. */
@Command(name = "merge", description = "Puts embedding_model and wavenet_model together into one checkpoint that the Python project opens.", mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class MergeCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FOLDER", description = "folder of a divided or trained voice")
    Path folder;
    @Option(names = "--out", required = true, description = "file to write, model_ckpt_steps_N.ckpt")
    Path out;

    @Override public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        Divider.Result result = Divider.merge(paths.resolve(folder), paths.resolve(out));
        result.notes().forEach(n -> System.out.println("note       " + n));
        result.files().forEach(f -> System.out.println("wrote      " + paths.shown(f)));
        return 0;
    }
}
