package diffsvc.cli;

import diffsvc.checkpoint.Divider;
import diffsvc.hparams.ProjectPaths;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes a combined checkpoint apart. */
@Command(name = "divide", description = "Divides a checkpoint of the Python project into embedding_model and wavenet_model, with hparams.yaml.", mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class DivideCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "CHECKPOINT", description = "model_ckpt_steps_N.ckpt, with or without an optimizer")
    Path checkpoint;
    @Option(names = "--out", description = "folder to write (default: models/ and the name of the checkpoint's folder)")
    Path out;
    @Option(names = "--config", description = "the voice's config.yaml (default: the one beside the checkpoint)")
    Path config;

    @Override public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        Path file = paths.resolve(checkpoint).normalize();
        Path folder = out != null ? paths.resolve(out) : paths.models().resolve(file.getParent().getFileName());
        Divider.Result result = Divider.divide(file, config == null ? null : paths.resolve(config), folder);
        result.notes().forEach(n -> System.out.println("note       " + n));
        result.files().forEach(f -> System.out.println("wrote      " + paths.shown(f)));
        return 0;
    }
}
