package diffsvc.cli;

import diffsvc.checkpoint.Inspection;
import diffsvc.hparams.ProjectPaths;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Lists a checkpoint. */
@Command(name = "inspect", description = "Lists what a checkpoint holds: keys, types, shapes, ranges, NaN counts, SHA-256. Nothing in it is run.", mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class InspectCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "FILE", description = "a .pt, .pth, .ckpt or .safetensors file")
    Path file;
    @Option(names = "--csv", description = "file to write the table to, too")
    Path csv;

    @Override public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        Inspection seen = Inspection.of(paths.resolve(file));
        System.out.println(seen.table().printAll());
        seen.notes().forEach(n -> System.out.println("note       " + n));
        System.out.printf("%d values, %d of them tensors%n", seen.table().rowCount(), seen.tensors());
        if (csv != null) {
            diffsvc.files.WholeFile.write("inspect", paths.resolve(csv), part -> seen.table().write().csv(part.toFile()));
            System.out.println("wrote      " + paths.shown(paths.resolve(csv)));
        }
        return 0;
    }
}
