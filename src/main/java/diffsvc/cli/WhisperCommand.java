package diffsvc.cli;

import diffsvc.conds.whisper.WhisperFile;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.hparams.ProjectPaths;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What {@code ./diffsvc weights whisper} runs once it has the whole model; people do not call it. */
@Command(
        name = "whisper-encoder",
        hidden = true,
        description = "Writes the encoder of a Whisper file alone, as safetensors.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class WhisperCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "of openai, transformers or CTranslate2")
    String whole;

    @Parameters(index = "1", paramLabel = "TARGET", description = "a .safetensors file that is not there yet")
    String target;

    @Override
    public Integer call() {
        Path from = ProjectPaths.here(whole), to = ProjectPaths.here(target);
        Path real = new Output(false, List.of(from)).require("weights", to, there -> "another file");
        WhisperFile.writeEncoder(from, real);
        System.out.println("wrote      " + ProjectPaths.find().shown(to) + ", SHA-256 " + Sha256.of(to));
        return 0;
    }
}
