package diffsvc.song;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import diffsvc.files.WholeFile;
import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * What one conversion was made of and what happened: enough to repeat it. A JSON file beside the output.
 *
 * @param format of this file
 * @param program name and version
 * @param machine what the same bytes depend on beside the files: processor, system, Java, engine, threads
 * @param project name under models/, or empty for a voice in the Python project's layout
 * @param config its config.yaml then
 * @param checkpoint its checkpoint then
 * @param hparams all of them, as they were in force
 * @param asked semitones that were asked for
 * @param key semitones all in all, an automatic key included
 * @param given files that took the place of a stage: units, f0
 * @param vocoder what sang
 * @param models role to file and SHA-256
 * @param slices how the song was cut
 * @param range the song's melody against the training's
 * @param seams every place where two slices meet
 * @param warnings what a person should know
 */
public record Manifest(int format, String program, Map<String, String> machine, String project, String config, String checkpoint, Map<String, Object> hparams, double asked, double key,
        Map<String, Hashed> given, String vocoder, Map<String, Hashed> models, Input input, Output output, Slices slices, Range range, List<Stage> stages, List<Seam> seams,
        List<String> warnings) {
    /** What this class writes and reads. */
    public static final int FORMAT = 1;
    private static final String STAGE = "manifest";
    private static final Gson JSON = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().serializeSpecialFloatingPointValues().create();

    /** A file and its content. */
    public record Hashed(String file, String sha256) {}

    /** The song. */
    public record Input(String file, String sha256, int samples, int channels, int sampleRateHz, double seconds) {}

    /**
     * The result.
     *
     * @param scale what every sample was multiplied by so that none clips; 1 = untouched
     * @param beyondFullScale samples that would have clipped without it
     */
    public record Output(String file, String sha256, int samples, int sampleRateHz, String depth, float scale, long beyondFullScale) {}

    /**
     * @param sounding slices that were sung
     * @param silent slices that stay digital silence
     * @param silentSeconds how long they are together
     * @param cuts forced ones inside a phrase
     * @param longestSeconds the longest that was heard at once
     * @param mostSeconds the longest that memory and infer.slice_seconds allow
     */
    public record Slices(int sounding, int silent, double silentSeconds, int cuts, double longestSeconds, double mostSeconds) {}

    /** See {@link diffsvc.conds.VocalRange}; median Hz are 0 where nothing is known. */
    public record Range(double songHz, double trainedHz, double outside, double firstHz, List<Double> song, List<Double> trained) {}

    /**
     * @param slices how often it ran
     * @param peakBytes of the process while it ran, looked at fifty times a second
     */
    public record Stage(String stage, String what, String shape, int slices, double seconds, long peakBytes) {}

    /**
     * A row a stage: what it made, how often it ran, seconds, memory in MiB.
     *
     * @return stage, made, slices, seconds, MiB
     */
    public Table table() {
        Table table = Table.create("stages", StringColumn.create("stage"), StringColumn.create("made"), IntColumn.create("slices"), DoubleColumn.create("seconds"), IntColumn.create("MiB"));
        for (Stage s : stages) {
            table.stringColumn(0).append(s.stage);
            table.stringColumn(1).append(s.what);
            table.intColumn(2).append(s.slices);
            table.doubleColumn(3).append(Math.round(s.seconds * 100) / 100.0);
            table.intColumn(4).append((int) (s.peakBytes >> 20));
        }
        return table;
    }

    /**
     * Writes the file, whole or not at all.
     *
     * @param file path of the .json
     * @return the path
     */
    public Path write(Path file) {
        return WholeFile.write(STAGE, file, part -> Files.writeString(part, JSON.toJson(this) + "\n"));
    }

    /**
     * Reads one.
     *
     * @param file path of the .json
     * @return the manifest
     * @throws Problem when it is missing, no manifest, or of another format
     */
    public static Manifest read(Path file) {
        try {
            var tree = JsonParser.parseString(Files.readString(file, StandardCharsets.UTF_8));
            if (!tree.isJsonObject() || !tree.getAsJsonObject().has("format") || !tree.getAsJsonObject().has("input")) {
                throw Problem.in(STAGE, file, "a manifest that infer wrote", "other JSON", "give the .json beside an output");
            }
            int format = tree.getAsJsonObject().get("format").getAsInt();
            if (format != FORMAT) {
                throw Problem.in(STAGE, file, "format " + FORMAT, String.valueOf(format), "repeat it with the version that wrote it");
            }
            return JSON.fromJson(tree, Manifest.class);
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a manifest", Files.exists(file) ? e.getClass().getSimpleName() : "nothing at that path", "check the path");
        } catch (JsonParseException | IllegalStateException | UnsupportedOperationException | NumberFormatException e) {
            throw Problem.in(STAGE, file, "a manifest that infer wrote", "something else", "give the .json beside an output");
        }
    }
}
