package diffsvc.infer;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.check.Shown;
import diffsvc.files.Sha256;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.progress.Progress;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * What one conversion was made of and what happened: enough to repeat it. A JSON file beside the output. No component
 * is null: a caller may pass null for an empty value, but a file that lacks a component is refused.
 *
 * @param format of this file
 * @param program name and version
 * @param machine what the bytes depend on beside the files: processor, system, Java, engine, threads
 * @param project name under models/, or empty for a voice in the Python project's layout
 * @param config the config.yaml of a voice in that layout, else empty
 * @param checkpoint the checkpoint of a voice in that layout, else empty
 * @param hparams every setting in force
 * @param asked semitones that were asked for
 * @param key semitones in total, the automatic key included
 * @param given files that took the place of a stage: units, f0
 * @param exports files that were written beside the output: f0
 * @param vocoder name of the vocoder in use
 * @param models role to file and SHA-256
 * @param slices how the song was cut
 * @param range the song's F0 against the training's
 * @param joins every place where two slices meet
 * @param warnings what a person should know
 */
public record Manifest(
        int format,
        String program,
        Map<String, String> machine,
        String project,
        String config,
        String checkpoint,
        Map<String, Object> hparams,
        double asked,
        double key,
        Map<String, Hashed> given,
        Map<String, Hashed> exports,
        String vocoder,
        Map<String, Hashed> models,
        Input input,
        Output output,
        Slices slices,
        Range range,
        List<Stage> stages,
        List<Join> joins,
        List<String> warnings) {
    /** What this class writes and reads. */
    public static final int FORMAT = 2;

    /** The previous format, in which the joins are named seams. */
    private static final long OLDER = 1;

    private static final String STAGE = "manifest",
            WHAT = "a manifest that infer wrote",
            REMEDY = "give the .json beside an output";
    private static final int LONGEST_NAME = 4096;
    private static final double MOST_SHIFT = 240, MOST_SECONDS = 1e9, LEAST_SLICE = 0.1;
    private static final Gson JSON = new GsonBuilder()
            .setPrettyPrinting()
            .disableHtmlEscaping()
            .serializeSpecialFloatingPointValues()
            .create();

    /** Replaces null by an empty value. */
    public Manifest {
        program = text(program);
        machine = map(machine);
        project = text(project);
        config = text(config);
        checkpoint = text(checkpoint);
        hparams = map(hparams);
        given = map(given);
        exports = map(exports);
        vocoder = text(vocoder);
        models = map(models);
        input = input == null ? new Input("", "", 0, 0, 0, 0) : input;
        output = output == null ? new Output("", "", 0, 0, "", 1, 0) : output;
        slices = slices == null ? new Slices(0, 0, 0, 0, 0, 0, 0) : slices;
        range = range == null ? new Range(0, 0, 0, 0, List.of(), List.of()) : range;
        stages = list(stages);
        joins = list(joins);
        warnings = list(warnings);
    }

    private static String text(String text) {
        return text == null ? "" : text;
    }

    private static <V> Map<String, V> map(Map<String, V> map) {
        return map == null ? Map.of() : map;
    }

    private static <V> List<V> list(List<V> list) {
        return list == null ? List.of() : list;
    }

    /** A file and its content. */
    public record Hashed(String file, String sha256) {
        /** Replaces null by an empty value. */
        public Hashed {
            file = text(file);
            sha256 = text(sha256);
        }

        /** A file as it lies there now. */
        static Hashed of(ProjectPaths paths, Path file) {
            return new Hashed(paths.shown(file), Sha256.of(file));
        }
    }

    /** The song. */
    public record Input(String file, String sha256, int samples, int channels, int sampleRateHz, double seconds) {
        /** Replaces null by an empty value. */
        public Input {
            file = text(file);
            sha256 = text(sha256);
        }
    }

    /**
     * The result.
     *
     * @param scale what every sample was multiplied by so that none clips; 1 = untouched
     * @param beyondFullScale samples that would have clipped without it
     */
    public record Output(
            String file,
            String sha256,
            int samples,
            int sampleRateHz,
            String depth,
            float scale,
            long beyondFullScale) {
        /** Replaces null by an empty value. */
        public Output {
            file = text(file);
            sha256 = text(sha256);
            depth = text(depth);
        }
    }

    /**
     * @param sounding slices that were converted
     * @param silent slices that stay digital silence
     * @param silentSeconds how long they are together
     * @param cuts forced ones inside a phrase
     * @param longestSeconds the longest slice, context included
     * @param mostSeconds the longest that memory and infer.slice_seconds allow
     * @param batchFrames frames of the largest batch of several slices, padding included; 0: the denoiser took the
     *     slices one by one, as in every older manifest
     */
    public record Slices(
            int sounding,
            int silent,
            double silentSeconds,
            int cuts,
            double longestSeconds,
            double mostSeconds,
            int batchFrames) {}

    /** See {@link diffsvc.conds.VocalRange}; median Hz are 0 where nothing is known. */
    public record Range(
            double songHz, double trainedHz, double outside, double firstHz, List<Double> song, List<Double> trained) {
        /** Replaces null by an empty value. */
        public Range {
            song = list(song);
            trained = list(trained);
        }
    }

    /**
     * @param slices how often it ran
     * @param peakBytes of the process while it ran, sampled fifty times per second
     */
    public record Stage(String stage, String what, String shape, int slices, double seconds, long peakBytes) {
        /** Replaces null by an empty value. */
        public Stage {
            stage = text(stage);
            what = text(what);
            shape = text(shape);
        }

        /** The stage over all its slices, as a listener receives it. */
        Progress.Stage progress() {
            return slices > 1
                    ? new Progress.Stage(stage, what + " (x " + slices + ")", "", seconds)
                    : new Progress.Stage(stage, what, shape, seconds);
        }
    }

    /**
     * One row per stage: what it made, how often it ran, seconds, memory in MiB.
     *
     * @return stage, made, slices, seconds, MiB
     */
    public Table table() {
        Table table = Table.create(
                "stages",
                StringColumn.create("stage"),
                StringColumn.create("made"),
                IntColumn.create("slices"),
                DoubleColumn.create("seconds"),
                IntColumn.create("MiB"));
        for (Stage s : stages) {
            table.stringColumn(0).append(s.stage);
            table.stringColumn(1).append(s.what);
            table.intColumn(2).append(s.slices);
            table.doubleColumn(3).append(Math.round(s.seconds * 100) / 100.0);
            table.intColumn(4).append((int) (s.peakBytes >> 20));
        }
        return table;
    }

    /** Writes the file, whole or not at all. */
    public Path write(Path file) {
        return WholeFile.write(STAGE, file, part -> Files.writeString(part, JSON.toJson(this) + "\n"));
    }

    /**
     * Reads a manifest.
     *
     * @throws Problem when it is missing, no manifest, of another format, or holds what no conversion writes; the
     *     sentence names the field
     */
    public static Manifest read(Path file) {
        JsonRecord json = new JsonRecord(STAGE, file, REMEDY);
        Map<?, ?> tree = json.tree(WHAT);
        if (!tree.containsKey("format") || !tree.containsKey("input")) {
            throw json.wrong(WHAT, "other JSON, without format or input");
        }
        if (Long.valueOf(OLDER).equals(tree.get("format"))) {
            tree = renewed(tree);
        }
        if (!Long.valueOf(FORMAT).equals(tree.get("format"))) {
            throw Problem.in(
                    STAGE,
                    file,
                    "format " + FORMAT,
                    Shown.of(tree.get("format")),
                    "repeat it with the version that wrote it");
        }
        tree = oneByOne(reference(tree));
        Manifest manifest = json.record(Manifest.class, tree, "", Set.of("exports"));
        try {
            manifest.require(json);
        } catch (Problem e) {
            throw e.getMessage().contains(file.toString()) ? e : e.reworded(sentence -> file + ": " + sentence);
        }
        return manifest;
    }

    private static Map<String, Object> renewed(Map<?, ?> older) {
        Map<String, Object> tree = new LinkedHashMap<>();
        older.forEach((key, value) -> tree.put(key.equals("seams") ? "joins" : String.valueOf(key), value));
        tree.put("format", (long) FORMAT);
        return tree;
    }

    /** Before there was a choice of precision, everything was float32. */
    private static Map<?, ?> reference(Map<?, ?> tree) {
        if (!(tree.get("hparams") instanceof Map<?, ?> scopes && scopes.get("infer") instanceof Map<?, ?> infer)
                || infer.containsKey("precision")) {
            return tree;
        }
        Map<Object, Object> chosen = new LinkedHashMap<>(infer), all = new LinkedHashMap<>(scopes);
        chosen.put("precision", Precision.FLOAT32.text());
        all.put("infer", chosen);
        Map<Object, Object> renewed = new LinkedHashMap<>(tree);
        renewed.put("hparams", all);
        return renewed;
    }

    /** Before there were batches, the denoiser took the slices one by one. */
    private static Map<?, ?> oneByOne(Map<?, ?> tree) {
        if (!(tree.get("slices") instanceof Map<?, ?> slices) || slices.containsKey("batchFrames")) {
            return tree;
        }
        Map<Object, Object> counted = new LinkedHashMap<>(slices), renewed = new LinkedHashMap<>(tree);
        counted.put("batchFrames", 0L);
        renewed.put("slices", counted);
        return renewed;
    }

    private void require(JsonRecord json) {
        Bound.number(STAGE, "asked", asked, -Hparams.LARGEST_KEY, Hparams.LARGEST_KEY);
        Bound.number(STAGE, "key", key, -MOST_SHIFT, MOST_SHIFT); // an automatic key comes on top
        if (!project.isEmpty()) {
            ProjectName.require(STAGE, project);
        } else if (config.isEmpty() && checkpoint.isEmpty()) {
            throw json.wrong("project, or config and checkpoint", "none of them");
        } else {
            named(json, "config", config);
            named(json, "checkpoint", checkpoint);
        }
        given.forEach((role, hashed) -> hashed(json, "given." + role, hashed));
        exports.forEach((role, hashed) -> hashed(json, "exports." + role, hashed));
        models.forEach((role, hashed) -> hashed(json, "models." + role, hashed));
        hashed(json, "input", new Hashed(input.file, input.sha256));
        hashed(json, "output", new Hashed(output.file, output.sha256));
        Bound.whole(STAGE, "input.samples", input.samples, 0, Integer.MAX_VALUE);
        Bound.whole(STAGE, "input.channels", input.channels, 1, 65_535);
        Bound.whole(STAGE, "input.sampleRateHz", input.sampleRateHz, 1, Integer.MAX_VALUE);
        seconds("input.seconds", input.seconds);
        Bound.whole(STAGE, "output.samples", output.samples, 0, Integer.MAX_VALUE);
        Bound.whole(STAGE, "output.sampleRateHz", output.sampleRateHz, 1, Integer.MAX_VALUE);
        Bound.number(STAGE, "output.scale", output.scale, 0, 1);
        Bound.whole(STAGE, "output.beyondFullScale", output.beyondFullScale, 0, Long.MAX_VALUE);
        for (int count : new int[] {slices.sounding, slices.silent, slices.cuts}) {
            Bound.whole(STAGE, "slices.sounding, slices.silent and slices.cuts", count, 0, Integer.MAX_VALUE);
        }
        seconds("slices.silentSeconds", slices.silentSeconds);
        seconds("slices.longestSeconds", slices.longestSeconds);
        Bound.number(STAGE, "slices.mostSeconds", slices.mostSeconds, LEAST_SLICE, MOST_SECONDS);
        Bound.whole(STAGE, "slices.batchFrames", slices.batchFrames, 0, Integer.MAX_VALUE);
        for (int i = 0; i < stages.size(); i++) {
            Bound.whole(STAGE, "stages[" + i + "].slices", stages.get(i).slices, 0, Integer.MAX_VALUE);
            seconds("stages[" + i + "].seconds", stages.get(i).seconds);
            Bound.whole(STAGE, "stages[" + i + "].peakBytes", stages.get(i).peakBytes, 0, Long.MAX_VALUE);
        }
    }

    private static void seconds(String name, double seconds) {
        Bound.number(STAGE, name, seconds, 0, MOST_SECONDS);
    }

    private static void named(JsonRecord json, String name, String path) {
        if (path.isBlank()
                || path.length() > LONGEST_NAME
                || path.chars().anyMatch(Character::isISOControl)
                || !hasName(path)) {
            throw json.wrong(Shown.of(name) + " to be the name of a file", Shown.of(path));
        }
    }

    private static boolean hasName(String path) {
        try {
            return Path.of(path).getFileName() != null; // a root has none
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static void hashed(JsonRecord json, String name, Hashed hashed) {
        named(json, name + ".file", hashed.file);
        if (!hashed.sha256.matches("[0-9a-f]{64}")) {
            throw json.wrong(Shown.of(name + ".sha256") + " of 64 hexadecimal digits", Shown.of(hashed.sha256));
        }
    }
}
