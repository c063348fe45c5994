package diffsvc.evaluate;

import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.Sha256;
import diffsvc.hparams.ProjectPaths;
import diffsvc.infer.Inference;
import diffsvc.infer.Join;
import diffsvc.infer.Manifest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An output on disk, and what its manifest says of it.
 *
 * @param file the sound
 * @param manifest null where there is none
 * @param source the song that was converted; null where unknown
 * @param notes what a person should know: a song or an output that was changed since
 */
public record Converted(Path file, Manifest manifest, Path source, List<String> notes) {
    private static final String STAGE = "evaluate";

    /**
     * An output, or the manifest beside one; an output is found with its manifest where that names it.
     *
     * @param given a sound or a .json
     * @throws Problem when the file is missing, or a .json is no manifest of a conversion
     */
    public static Converted of(ProjectPaths paths, Path given) {
        if (given.getFileName() != null
                && given.getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".json")) {
            Manifest manifest = Manifest.read(given);
            // the path that a manifest names may be anybody's: only its name counts
            Path output = given.resolveSibling(Path.of(manifest.output().file()).getFileName());
            Input.require(STAGE, output, "the output of " + given.getFileName());
            return known(paths, output, manifest);
        }
        Input.require(STAGE, given, "a converted song, or the manifest beside one");
        Path json = given.getFileName().toString().indexOf('.') > 0 ? Inference.manifestOf(given) : null;
        if (json != null && Files.isRegularFile(json)) {
            try {
                Manifest manifest = Manifest.read(json);
                if (Path.of(manifest.output().file()).getFileName().equals(given.getFileName())) {
                    return known(paths, given, manifest);
                }
            } catch (Problem e) {
                return new Converted(
                        given,
                        null,
                        null,
                        List.of("song, key and voice of " + given.getFileName() + " are not known: " + e.getMessage()));
            }
        }
        return new Converted(given, null, null, List.of());
    }

    private static Converted known(ProjectPaths paths, Path output, Manifest manifest) {
        List<String> notes = new ArrayList<>();
        if (!Sha256.of(output).equals(manifest.output().sha256())) {
            notes.add(output.getFileName() + " was changed since it was converted");
        }
        Path source = paths.resolve(manifest.input().file());
        if (!Files.isRegularFile(source)) {
            notes.add("the song " + manifest.input().file() + " is not there: give it with --source");
            source = null;
        } else if (!Sha256.of(source).equals(manifest.input().sha256())) {
            notes.add("the song " + manifest.input().file() + " was changed since the conversion");
        }
        return new Converted(output, manifest, source, notes);
    }

    /** The files it was read from: the output, its manifest, the song and the words beside it. */
    public List<Path> files() {
        List<Path> files = new ArrayList<>(List.of(file));
        if (file.getFileName().toString().indexOf('.') > 0) {
            files.add(Inference.manifestOf(file));
        }
        if (source != null) {
            files.addAll(List.of(source, Song.wordsBeside(source)));
        }
        return files;
    }

    /** The key shift of the conversion in semitones; 0 where unknown. */
    public double key() {
        return manifest == null ? 0 : manifest.key();
    }

    /** The voice's name under models/; empty where unknown. */
    public String project() {
        return manifest == null ? "" : manifest.project();
    }

    /** Where slices were joined, in seconds; empty where unknown. */
    public List<Double> joins() {
        return manifest == null
                ? List.of()
                : manifest.joins().stream().map(Join::seconds).toList();
    }
}
