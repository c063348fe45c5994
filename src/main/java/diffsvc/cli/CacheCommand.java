package diffsvc.cli;

import diffsvc.check.Problem;
import diffsvc.conds.CondsCache;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ProcessMemory;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The F0 and units that infer keeps. */
@Command(
        name = "cache",
        description = "Lists or clears the F0 and units that infer keeps in cache/.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class CacheCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "list|clear",
            description = "list: every file with its size and last use; clear: remove them all")
    String verb;

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        CondsCache cache = CondsCache.in(paths.cache());
        List<CondsCache.Entry> entries = cache.entries();
        switch (verb) {
            case "list" -> {
                DateTimeFormatter time =
                        DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm").withZone(ZoneId.systemDefault());
                entries.forEach(e -> System.out.printf(
                        "%-6s %10d bytes  used %s  %s%n",
                        e.kind(), e.bytes(), time.format(e.used()), e.file().getFileName()));
                System.out.printf(
                        "%d files, %d bytes of at most %s%n",
                        entries.size(),
                        entries.stream().mapToLong(CondsCache.Entry::bytes).sum(),
                        ProcessMemory.shown(cache.mostBytes()));
            }
            case "clear" -> System.out.printf("removed %d files, %d bytes%n", entries.size(), cache.clear());
            default -> throw Problem.in("options", "cache list or cache clear", verb, "choose one of the two");
        }
        return 0;
    }
}
