package diffsvc.cli;

import diffsvc.checkpoint.Divider;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Divides a combined checkpoint of the Python project into the two models of a voice. */
@Command(
        name = "divide",
        description =
                "Divides a checkpoint of the Python project into embedding_model and wavenet_model, with hparams.yaml and "
                        + "mel_range.yaml.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class DivideCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "CHECKPOINT",
            description = "model_ckpt_steps_N.ckpt, with or without an optimizer, relative to the current directory")
    String checkpoint;

    @Option(
            names = "--out",
            description =
                    "folder to write, relative to the current directory (default: models/ and the name of the checkpoint's folder)")
    String out;

    @Option(
            names = "--config",
            description = "the voice's config.yaml or hparams.yaml, relative to the current directory "
                    + "(default: the one beside the checkpoint)")
    String config;

    @Option(
            names = "--overwrite",
            description = "replace files of another checkpoint, and write into a folder that holds another voice")
    boolean overwrite;

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        Path file = Input.require("divide", ProjectPaths.here(checkpoint).normalize(), "a checkpoint");
        Divider.Result result = Divider.divide(
                file,
                config == null ? null : ProjectPaths.here(config),
                folder(paths, file),
                new Output(overwrite, List.of()));
        result.notes().forEach(n -> System.out.println("note       " + n));
        result.files().forEach(f -> System.out.println("wrote      " + paths.shown(f)));
        return 0;
    }

    private Path folder(ProjectPaths paths, Path file) {
        if (out != null) {
            return ProjectPaths.here(out).normalize();
        }
        Path name = file.getParent().getFileName();
        return paths.models().resolve(ProjectName.require("divide", name == null ? "" : name.toString()));
    }
}
