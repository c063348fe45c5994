package diffsvc.cli;

import diffsvc.checkpoint.Inspection;
import diffsvc.files.Output;
import diffsvc.files.WholeFile;
import diffsvc.hparams.ProjectPaths;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists the contents of a checkpoint. */
@Command(
        name = "inspect",
        description =
                "Lists the contents of a checkpoint: keys, types, shapes, ranges, NaN counts, SHA-256. Runs no code in it.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class InspectCommand implements Callable<Integer> {
    private static final String STAGE = "inspect";

    @Parameters(
            index = "0",
            paramLabel = "FILE",
            description = "a .pt, .pth, .ckpt or .safetensors file, relative to the current directory")
    String file;

    @Option(names = "--csv", description = "CSV file to write the table to as well, relative to the current directory")
    String csv;

    @Option(names = "--overwrite", description = "replace an existing file")
    boolean overwrite;

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        Path checkpoint = ProjectPaths.here(file), target = csv == null ? null : ProjectPaths.here(csv);
        Inspection seen = Inspection.of(checkpoint);
        String table = seen.table().write().toString("csv");
        if (target != null) {
            Path real = new Output(overwrite, List.of(checkpoint))
                    .require(STAGE, target, there -> holds(there, table) ? null : "another file");
            WholeFile.write(STAGE, real, part -> Files.writeString(part, table));
        }
        System.out.println(seen.table().printAll());
        seen.notes().forEach(n -> System.out.println("note       " + n));
        System.out.printf(
                "%d of %d values are tensors%n", seen.tensors(), seen.table().rowCount());
        if (target != null) {
            System.out.println("wrote      " + paths.shown(target));
        }
        return 0;
    }

    /** Replacing a file by the same table loses nothing. */
    private static boolean holds(Path file, String text) {
        try {
            return Arrays.equals(Files.readAllBytes(file), text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            return false;
        }
    }
}
