package diffsvc.training;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import diffsvc.check.Problem;
import diffsvc.files.Sha256;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The files of a voice that the current run wrote, {@code training/voice.json}: names, and the SHA-256 they were
 * written with. Only these belong to the run; all others in the folder stay. A name is recorded before its file exists.
 */
final class VoiceRecord {
    private final Path folder;
    private final Map<String, List<String>> written;

    private record Content(Map<String, List<String>> written) {}

    private VoiceRecord(Path folder, Map<String, List<String>> written) {
        this.folder = folder;
        this.written = written;
    }

    private static Path file(Path folder) {
        return RunFolder.home(folder).resolve("voice.json");
    }

    /**
     * The record of a folder. If it is missing or cannot be read it names nothing, so no file counts as the run's own.
     */
    static VoiceRecord of(Path folder) {
        Map<String, List<String>> written = new LinkedHashMap<>();
        try {
            Path file = file(folder);
            Content content =
                    Files.isRegularFile(file) ? new Gson().fromJson(Files.readString(file), Content.class) : null;
            if (content != null && content.written() != null) {
                written.putAll(content.written());
            }
        } catch (IOException | JsonParseException e) {
            // names nothing
        }
        return new VoiceRecord(folder, written);
    }

    /** Begins a record that names nothing: files of an earlier run do not belong to the new one. */
    static void begin(Path folder) {
        try {
            Files.deleteIfExists(file(folder));
        } catch (IOException e) {
            throw Problem.in(
                    "train",
                    file(folder),
                    "a folder that can be written",
                    WholeFile.reason(e),
                    "check its permissions");
        }
    }

    Set<String> names() {
        return Set.copyOf(written.keySet());
    }

    /** Whether a file exists as the run wrote it. */
    boolean owns(String name) {
        Path file = folder.resolve(name);
        return written.containsKey(name)
                && Files.isRegularFile(file)
                && written.get(name).contains(Sha256.of(file));
    }

    /**
     * Records a file that is about to get its name; the one it replaces stays known in case it does not get that far.
     */
    void note(String name, String sha256) {
        List<String> before = written.getOrDefault(name, List.of());
        String last = before.isEmpty() ? sha256 : before.get(before.size() - 1);
        written.put(name, last.equals(sha256) ? List.of(sha256) : List.of(last, sha256));
        write();
    }

    void drop(String name) {
        written.remove(name);
        write();
    }

    private void write() {
        String text = new GsonBuilder().setPrettyPrinting().create().toJson(new Content(written));
        WholeFile.write("train", file(folder), part -> Files.writeString(part, text));
    }
}
