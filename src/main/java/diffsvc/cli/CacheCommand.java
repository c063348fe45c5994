package diffsvc.cli;

import diffsvc.check.Problem;
import diffsvc.conds.CondsCache;
import diffsvc.files.CacheFiles;
import diffsvc.files.Remembered;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ProcessMemory;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What is kept in cache/: F0 and units of songs, and what was measured of this machine. */
@Command(
        name = "cache",
        description =
                "Lists or clears what is kept in cache/: F0 and units of songs, and what was measured of this machine (precision).",
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
        Remembered remembered = new Remembered(paths.cache());
        List<CacheFiles.Entry> entries = cache.entries();
        List<CacheFiles.Entry> facts = remembered.entries();
        switch (verb) {
            case "list" -> {
                DateTimeFormatter time =
                        DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm").withZone(ZoneId.systemDefault());
                String row = "%-7s %10d bytes  used %s  %s%n";
                Stream.concat(entries.stream(), facts.stream())
                        .forEach(e -> System.out.printf(
                                row,
                                e.kind(),
                                e.bytes(),
                                time.format(e.used()),
                                e.file().getFileName()));
                System.out.printf(
                        "%d files, %d bytes of at most %s%n",
                        entries.size(),
                        entries.stream().mapToLong(CacheFiles.Entry::bytes).sum(),
                        ProcessMemory.shown(cache.mostBytes()));
                if (!facts.isEmpty()) {
                    System.out.printf("%d files about this machine%n", facts.size());
                }
            }
            case "clear" -> {
                System.out.printf("removed %d files, %d bytes%n", entries.size(), cache.clear());
                remembered.clear();
                if (!facts.isEmpty()) {
                    System.out.printf(
                            "removed %d files about this machine; the next conversion measures it again%n",
                            facts.size());
                }
            }
            default -> throw Problem.in("options", "cache list or cache clear", verb, "choose one of the two");
        }
        return 0;
    }
}
