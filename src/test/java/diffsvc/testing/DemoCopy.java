package diffsvc.testing;

import diffsvc.hparams.HparamsYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The demo voice in a project of a test's own, which may damage it. */
public final class DemoCopy {
    private static final Path ROOT = Path.of("").toAbsolutePath();

    private DemoCopy() {}

    /**
     * Copies models/demo, its content encoder and the encoder that names phones into the project at {@code home};
     * returns its models/demo.
     */
    public static Path into(Path home) throws IOException {
        Path demo = home.resolve("models/demo");
        for (String folder : new String[] {"", "target"}) {
            Path from = ROOT.resolve("models/demo").resolve(folder);
            try (Stream<Path> files = Files.list(from)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    copy(file, demo.resolve(folder));
                }
            }
        }
        encoder(home);
        if (!Files.exists(home.resolve("models/frozen/content_demo.pt"))) {
            copy(ROOT.resolve("models/frozen/content_demo.pt"), home.resolve("models/frozen"));
        }
        return demo;
    }

    /** Copies the demo's content encoder alone; returns its file in the project at {@code home}. */
    public static Path encoder(Path home) throws IOException {
        String file = HparamsYaml.read(ROOT.resolve("models/demo/hparams.yaml"))
                .hubert()
                .file();
        return copy(ROOT.resolve("models/frozen").resolve(file), home.resolve("models/frozen"));
    }

    private static Path copy(Path file, Path folder) throws IOException {
        return Files.copy(file, Files.createDirectories(folder).resolve(file.getFileName()));
    }
}
