package diffsvc.dataset;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The files of a dataset's folder, and which of them preprocessing may replace. The folder is ours if its index.json
 * says so, or if it holds only what an unfinished run leaves. hparams.yaml, mel_range.yaml, report.csv and the index
 * are replaced only if they are as preprocessing wrote them: index.json keeps their SHA-256, and
 * {@code shards/written.json} keeps it from before they are written, so that a run recognises its own files after it
 * was killed in between or found no clip. A file that was edited stays.
 */
final class DatasetFolder {
    static final String INDEX = "index.json",
            REPORT = "report.csv",
            HPARAMS = "hparams.yaml",
            FORMAT = "diffsvc-dataset-1";
    private static final String STAGE = "dataset",
            SHARDS = "shards",
            WRITTEN = "written.json",
            RECORDINGS = "recordings",
            FORMATS = "diffsvc-dataset-";
    private static final String REMEDY =
            "choose another folder with --out, or let preprocess write into this one with --overwrite";
    private static final Pattern SHARD = Pattern.compile("[0-9a-f]{24}\\.safetensors");
    private static final int NAMED = 3;
    private final Path folder;
    private final Output output;

    /** One recording of the index. */
    record Entry(String recording, String key, String part) {}

    /**
     * The content of index.json.
     *
     * @param written SHA-256 of the files written with it; null in an older index
     */
    record Index(String format, String project, List<Entry> recordings, Map<String, String> written) {}

    /** By file name, the SHA-256 of the file that is there and of the one that replaces it. */
    private record Written(Map<String, List<String>> written) {}

    private DatasetFolder(Path folder, Output output) {
        this.folder = folder;
        this.output = output;
    }

    /** Claims a folder before the work; refuses a folder of somebody else, and edited files in it. */
    static DatasetFolder claim(Path folder, String project, Output output) {
        DatasetFolder claimed = new DatasetFolder(folder, output);
        if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(folder)) {
            throw Problem.in(
                    STAGE, folder, "a folder for the dataset", Input.kind(folder), "choose another one with --out");
        }
        Index index = claimed.index();
        if (!output.overwrite()) {
            claimed.requireOurs(index, project);
        }
        for (String name : List.of(HPARAMS, HparamsYaml.MEL_RANGE, REPORT, INDEX)) {
            claimed.target(name, index);
        }
        Output.tryOut(STAGE, folder.resolve(SHARDS).resolve(INDEX), 0);
        return claimed;
    }

    Path shard(String key) {
        return shard(folder, key);
    }

    static Path shard(Path folder, String key) {
        return folder.resolve(SHARDS).resolve(key.substring(0, 24) + ".safetensors");
    }

    /** The index in the folder; null if there is none, or a file of another kind. */
    private Index index() {
        try {
            Index index = Files.isRegularFile(folder.resolve(INDEX))
                    ? new Gson().fromJson(Files.readString(folder.resolve(INDEX)), Index.class)
                    : null;
            return index != null && index.format() != null && index.format().startsWith(FORMATS) ? index : null;
        } catch (IOException | JsonParseException e) {
            return null;
        }
    }

    private void requireOurs(Index index, String project) {
        if (index != null) {
            if (index.project() != null && !index.project().equals(project)) {
                throw Problem.in(
                        STAGE,
                        folder,
                        "a folder for the dataset of " + project,
                        "the dataset of the project " + index.project(),
                        REMEDY);
            }
            return;
        }
        List<String> others = names(folder).stream()
                .filter(n -> !n.startsWith(".") && !n.equals(SHARDS) && !isWritten(n))
                .toList();
        List<String> shards = names(folder.resolve(SHARDS)).stream()
                .filter(n -> !n.startsWith(".")
                        && !n.equals(WRITTEN)
                        && !SHARD.matcher(n).matches())
                .map(n -> SHARDS + "/" + n)
                .toList();
        List<String> strange = others.isEmpty() ? shards : others;
        if (!strange.isEmpty()) {
            throw Problem.in(
                    STAGE,
                    folder,
                    "a folder that is new, empty or a dataset of preprocess",
                    "one that holds "
                            + String.join(", ", strange.subList(0, Math.min(NAMED, strange.size())))
                            + (strange.size() > NAMED ? " ... (" + strange.size() + ")" : ""),
                    REMEDY);
        }
    }

    private boolean isWritten(String name) {
        Path file = folder.resolve(name);
        return Files.isRegularFile(file)
                && written().getOrDefault(name, List.of()).contains(Sha256.of(file));
    }

    private static List<String> names(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> list = Files.list(folder)) {
            return list.map(p -> p.getFileName().toString()).sorted().toList();
        } catch (IOException e) {
            throw Problem.in(
                    STAGE, folder, "a folder that can be listed", WholeFile.reason(e), "check its permissions");
        }
    }

    /** What runs wrote, or were about to write when they ended. */
    private Map<String, List<String>> written() {
        try {
            Path file = folder.resolve(SHARDS).resolve(WRITTEN);
            Written record =
                    Files.isRegularFile(file) ? new Gson().fromJson(Files.readString(file), Written.class) : null;
            return record == null || record.written() == null ? Map.of() : record.written();
        } catch (IOException | JsonParseException e) {
            return Map.of();
        }
    }

    /** Where a file is written to, if it may be. */
    private Path target(String name, Index index) {
        return output.require(
                STAGE,
                folder.resolve(name),
                file -> {
                    String was = index == null
                            ? null
                            : index.written() == null
                                    ? ""
                                    : index.written().get(name.equals(INDEX) ? RECORDINGS : name);
                    String is = name.equals(INDEX) ? index == null ? "" : sha(index.recordings()) : Sha256.of(file);
                    boolean ours = "".equals(was)
                            || is.equals(was)
                            || written().getOrDefault(name, List.of()).contains(Sha256.of(file));
                    return ours ? null : "one that was edited since preprocess wrote it, or is somebody else's";
                },
                name.endsWith(".yaml")
                        ? "keep it elsewhere and give it with --hparams-file, or replace it with --overwrite"
                        : "keep it elsewhere, or replace it with --overwrite");
    }

    private static String sha(List<Entry> recordings) {
        return Sha256.of(new Gson().toJson(recordings));
    }

    /** Writes the report of a run that made no dataset; what was there before stays. */
    Path writeReport(String table) {
        Index index = index();
        Path report = target(REPORT, index);
        begin(Map.of(REPORT, Sha256.of(table)));
        WholeFile.write(STAGE, report, part -> Files.writeString(part, table));
        return folder.resolve(REPORT);
    }

    /**
     * Writes report and settings and, last, the index: with it the dataset is whole. The old index goes before the
     * settings are replaced, so a run that is killed between hparams.yaml and mel_range.yaml leaves an unfinished
     * dataset, which {@link Dataset#open} refuses, and no mel range of other clips.
     */
    void write(String table, Hparams hparams, List<Entry> recordings) {
        Index before = index();
        Path report = target(REPORT, before), index = target(INDEX, before);
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put(HparamsYaml.MEL_RANGE, HparamsYaml.melRange(hparams));
        settings.put(HPARAMS, HparamsYaml.text(hparams, HparamsYaml.MEL_RANGE));
        Map<String, Path> targets = new LinkedHashMap<>();
        settings.keySet().forEach(name -> targets.put(name, target(name, before)));
        Map<String, String> written = new LinkedHashMap<>();
        settings.forEach((name, yaml) -> written.put(name, Sha256.of(yaml)));
        written.put(REPORT, Sha256.of(table));
        written.put(RECORDINGS, sha(recordings));
        String text = new GsonBuilder()
                .setPrettyPrinting()
                .disableHtmlEscaping()
                .create()
                .toJson(new Index(FORMAT, hparams.project(), recordings, written));
        Map<String, String> files = new LinkedHashMap<>(written);
        files.remove(RECORDINGS);
        files.put(INDEX, Sha256.of(text));
        begin(files);
        WholeFile.write(STAGE, report, part -> Files.writeString(part, table));
        remove(index);
        settings.forEach(
                (name, yaml) -> WholeFile.write(STAGE, targets.get(name), part -> Files.writeString(part, yaml)));
        WholeFile.write(STAGE, index, part -> Files.writeString(part, text));
        Map<String, List<String>> known = new LinkedHashMap<>();
        files.forEach((name, sha) -> known.put(name, List.of(sha)));
        keep(known);
    }

    private static void remove(Path index) {
        try {
            Files.deleteIfExists(index);
        } catch (IOException e) {
            throw Problem.in(
                    STAGE, index, "a file that can be replaced", WholeFile.reason(e), "check the folder's permissions");
        }
    }

    /** The files that are there were found to be ours; they stay known until the index names their replacements. */
    private void begin(Map<String, String> written) {
        Map<String, List<String>> known = new LinkedHashMap<>(written());
        written.forEach((name, sha) -> {
            Path there = folder.resolve(name);
            known.put(name, Files.isRegularFile(there) ? List.of(Sha256.of(there), sha) : List.of(sha));
        });
        keep(known);
    }

    private void keep(Map<String, List<String>> known) {
        String text = new Gson().toJson(new Written(known));
        WholeFile.write(STAGE, folder.resolve(SHARDS).resolve(WRITTEN), part -> Files.writeString(part, text));
    }
}
