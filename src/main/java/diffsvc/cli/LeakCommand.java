package diffsvc.cli;

import diffsvc.evaluate.SpeakerLeak;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.EngineThreads;
import diffsvc.plot.TextTable;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Voice;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Says whether a voice's content encoder tells who speaks. */
@Command(
        name = "leak",
        description =
                "Says whether a voice's content encoder tells who speaks: how often a linear probe names the speaker from its units,"
                        + " beside the same probe on mels and chance (docs/evaluate.md).",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false)
final class LeakCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "FOLDER",
            description =
                    "a folder with a folder of recordings for each speaker, two or more, with two or more recordings each;"
                            + " half of them train the probe, the others test it")
    String folder;

    @Option(
            names = "--project",
            defaultValue = "demo",
            description = "voice under models/ whose encoder is asked (default ${DEFAULT-VALUE})")
    String project;

    @Option(names = "--threads", description = "threads of the engine, at most four per core (default: all cores)")
    Integer threads;

    @Mixin
    DeviceOption device = new DeviceOption();

    @Override
    public Integer call() {
        ProjectName.require("options", project);
        ProjectPaths paths = ProjectPaths.find();
        Path speakers = ProjectPaths.here(folder);
        ComputeDevice on = device.chosen();
        if (threads != null) {
            EngineThreads.require("--threads", threads, 1);
            EngineThreads.use(threads);
        }
        try (ConsoleProgress bar = new ConsoleProgress();
                Voice voice = Voice.open(paths, ModelFiles.in(paths.models()).project(project), h -> h, on)) {
            SpeakerLeak leak = SpeakerLeak.of(voice, speakers, bar);
            bar.close();
            leak.failed().forEach(System.err::println);
            System.out.println(TextTable.of(leak.table()));
            System.out.println(leak.sentence());
            leak.notes().forEach(bar::note);
            return leak.failed().isEmpty() ? 0 : 2;
        }
    }
}
