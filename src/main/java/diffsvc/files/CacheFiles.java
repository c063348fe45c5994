package diffsvc.files;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of a cache whose names are KIND-SHA256 with an ending; other files in the folder are somebody else's.
 *
 * @param folder that holds them; it need not be there, and null holds nothing
 * @param kinds joined by |, "f0|units"
 * @param ending ".npz"
 */
public record CacheFiles(Path folder, String kinds, String ending) {
    private static final String STAGE = "cache";

    /** One file. */
    public record Entry(Path file, String kind, long bytes, Instant used) {}

    /**
     * All files, the last used first.
     *
     * @throws Problem where the folder cannot be read
     */
    public List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        if (folder == null || !Files.isDirectory(folder)) {
            return entries;
        }
        Pattern names = Pattern.compile("(" + kinds + ")-[0-9a-f]{64}" + Pattern.quote(ending));
        try (Stream<Path> list = Files.list(folder)) {
            for (Path p : list.filter(
                            p -> names.matcher(p.getFileName().toString()).matches())
                    .toList()) {
                String name = p.getFileName().toString();
                entries.add(new Entry(
                        p,
                        name.substring(0, name.indexOf('-')),
                        Files.size(p),
                        Files.getLastModifiedTime(p).toInstant()));
            }
        } catch (IOException e) {
            throw Problem.in(STAGE, folder, "a readable folder", WholeFile.reason(e), "check its permissions");
        }
        entries.sort(Comparator.comparing(Entry::used).reversed());
        return entries;
    }

    /**
     * Removes all files and returns the freed bytes.
     *
     * @throws Problem where one cannot be removed
     */
    public long clear() {
        long freed = 0;
        for (Entry e : entries()) {
            try {
                Files.deleteIfExists(e.file());
                freed += e.bytes();
            } catch (IOException x) {
                throw Problem.in(
                        STAGE,
                        e.file(),
                        "a file that can be removed",
                        WholeFile.reason(x),
                        "check the folder's permissions");
            }
        }
        return freed;
    }
}
