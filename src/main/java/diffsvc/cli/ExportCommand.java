package diffsvc.cli;

import diffsvc.export.VoiceExport;
import diffsvc.files.Output;
import diffsvc.files.Remembered;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.voice.AutoPrecision;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Voice;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Writes a voice's networks for other programs. */
@Command(
        name = "export",
        description =
                "Writes a voice's networks for other programs: TorchScript archives for torch.jit.load, ONNX graphs "
                        + "with --onnx, and NAME.json, which describes them (docs/export.md).",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class ExportCommand implements Callable<Integer> {
    private static final double MIB = 1 << 20;

    @Option(names = "--project", required = true, description = "voice under models/")
    String project;

    @Option(
            names = "--precision",
            defaultValue = "float32",
            description = "of the TorchScript archives: auto, float32, mixed or bfloat16 (default ${DEFAULT-VALUE}); "
                    + "ONNX graphs are float32")
    String precision;

    @Option(
            names = "--onnx",
            description = "write ONNX graphs too, of content encoder, embedding, denoiser and vocoder")
    boolean onnx;

    @Option(
            names = "--out",
            description = "folder to write, relative to the current directory (default: output/NAME of the project)")
    String out;

    @Option(names = "--overwrite", description = "replace files that export did not write")
    boolean overwrite;

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        ProjectName.require("options", project);
        Precision decided = AutoPrecision.in(new Remembered(paths.cache()))
                .of(Precision.named("options", "--precision", precision), Hparams.Quirks.FIXED, ComputeDevice.CPU);
        Path folder = out == null ? paths.output().resolve(project) : ProjectPaths.here(out);
        ModelFiles.Pair pair = ModelFiles.in(paths.models()).project(project);
        try (Voice voice = Voice.open(paths, pair, h -> h, ComputeDevice.CPU)) {
            VoiceExport.Result result =
                    VoiceExport.write(voice, folder, decided, onnx, new Output(overwrite, List.of()));
            result.notes().forEach(n -> System.out.println("note       " + n));
            result.files()
                    .forEach(f -> System.out.printf(
                            Locale.ROOT,
                            "wrote      %s, %.1f MiB%n",
                            paths.shown(f),
                            f.toFile().length() / MIB));
        }
        return 0;
    }
}
