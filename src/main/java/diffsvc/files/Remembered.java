package diffsvc.files;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Small facts that a machine found out once, in text files named by the SHA-256 of everything that decides them. Each
 * file ends with the SHA-256 of its text; a damaged or foreign one counts as absent, and one that cannot be written is
 * left out: the fact is then found out again.
 *
 * @param folder of the files, which the first one creates; null remembers nothing
 */
public record Remembered(Path folder) {
    /** Remembers nothing. */
    public static final Remembered NOTHING = new Remembered(null);

    private static final String STAGE = "cache", ENDING = ".txt", KEY = "key", SUM = "sha256";
    /** Files of one kind; the least used go. */
    private static final int MOST = 200;
    /** Bytes of a file; a larger one is foreign. */
    private static final long LARGEST = 1 << 16;

    /** What a file tells about. */
    public enum Kind {
        /** Times of an operation on this machine. */
        MACHINE,
        /** A network that was tried on this machine. */
        TRIED;

        private String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What was kept under a key.
     *
     * @param key everything that decides the facts, on one line
     * @return the facts by name; empty where there is no such file, or it is damaged
     */
    public Optional<Map<String, String>> of(Kind kind, String key) {
        if (folder == null) {
            return Optional.empty();
        }
        Path file = file(kind, key);
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > LARGEST) {
                return Optional.empty();
            }
            Map<String, String> facts = parsed(Files.readString(file));
            if (!key.equals(facts.remove(KEY))) {
                return Optional.empty();
            }
            touch(file);
            return Optional.of(facts);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** The file's facts with its key; nothing where the checksum differs. */
    private static Map<String, String> parsed(String text) {
        int last = text.lastIndexOf(SUM + " ");
        if (last < 0 || !text.substring(last).equals(SUM + " " + Sha256.of(text.substring(0, last)) + "\n")) {
            return new LinkedHashMap<>();
        }
        Map<String, String> facts = new LinkedHashMap<>();
        text.substring(0, last).lines().forEach(line -> {
            int space = line.indexOf(' ');
            facts.put(space < 0 ? line : line.substring(0, space), space < 0 ? "" : line.substring(space + 1));
        });
        return facts;
    }

    private static void touch(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        } catch (IOException e) {
            // a folder that may only be read serves as well
        }
    }

    /**
     * Keeps facts, if the folder can be written.
     *
     * @param key everything that decides the facts, on one line
     * @param facts one line each, by names without spaces
     */
    public void keep(Kind kind, String key, Map<String, String> facts) {
        if (folder == null) {
            return;
        }
        StringBuilder text = new StringBuilder(KEY + " " + key + "\n");
        new TreeMap<>(facts)
                .forEach((name, value) ->
                        text.append(name).append(' ').append(value).append('\n'));
        String sum = Sha256.of(text.toString());
        text.append(SUM).append(' ').append(sum).append('\n');
        try {
            WholeFile.write(STAGE, file(kind, key), temporary -> Files.writeString(temporary, text));
            entries().stream()
                    .filter(e -> e.kind().equals(kind.text()))
                    .skip(MOST)
                    .forEach(e -> e.file().toFile().delete());
        } catch (Problem e) {
            // the fact is found out again
        }
    }

    private Path file(Kind kind, String key) {
        return folder.resolve(kind.text() + "-" + Sha256.of(key) + ENDING);
    }

    private CacheFiles files() {
        return new CacheFiles(folder, "machine|tried", ENDING);
    }

    /**
     * All files, the last used first.
     *
     * @throws Problem where the folder cannot be read
     */
    public List<CacheFiles.Entry> entries() {
        return files().entries();
    }

    /**
     * Removes all files.
     *
     * @throws Problem where one cannot be removed
     */
    public void clear() {
        files().clear();
    }
}
