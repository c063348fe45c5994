package diffsvc.infer;

import diffsvc.audio.Depth;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Where a conversion writes: the song, the manifest beside it and, if asked for, the F0 table. A song is replaced only
 * where the manifest beside it names it with the very bytes that lie there, a table only where that manifest names it
 * so: a song that was mastered or a curve that was edited since stays.
 *
 * @param out real path of the song
 * @param manifest real path of the manifest
 * @param f0Export real path of the table, or null
 * @param replaces whether a song lies there already
 * @param exports files that an earlier conversion to the same song wrote and nobody changed; the new manifest names
 *     them too
 */
record Targets(Path out, Path manifest, Path f0Export, boolean replaces, Map<String, Manifest.Hashed> exports) {
    private static final String STAGE = "output";

    /**
     * Decides and tries, before the work.
     *
     * @param out the song
     * @param f0Export the table, or null
     * @param rule what may be replaced
     * @param depth of the song
     * @throws Problem when something lies there that is not ours, or when nothing can be written there
     */
    static Targets of(Path out, Path f0Export, Output rule, Depth depth) {
        WaveWriter.require(out, depth);
        Path json = manifestOf(out);
        Manifest then = Files.isRegularFile(json) ? known(json, rule) : null;
        Path song = rule.require(STAGE, out, file -> stranger(file, json, then));
        Map<String, Manifest.Hashed> exports = new LinkedHashMap<>();
        if (then != null) {
            then.exports().forEach((role, was) -> {
                Path file = json.resolveSibling(Path.of(was.file()).getFileName());
                if (Files.isRegularFile(file) && Sha256.of(file).equals(was.sha256())) {
                    exports.put(role, was);
                }
            });
        }
        Path table = f0Export == null
                ? null
                : rule.require(
                        STAGE,
                        f0Export,
                        file -> edited(file, exports.get("f0")),
                        "give the curve by --f0, keep it under another name, or replace it with --overwrite");
        // an existing .json that is no manifest of this song was refused above, or may go
        Targets targets =
                new Targets(song, rule.require(STAGE, json, file -> null), table, Files.exists(song), exports);
        Output.tryOut(STAGE, song, 0);
        return targets;
    }

    /** The first free name beside: song-2.wav with song-2.json. */
    Targets beside() {
        String name = out.getFileName().toString();
        int dot = name.lastIndexOf('.');
        for (int n = 2; ; n++) {
            Path song = out.resolveSibling(name.substring(0, dot) + "-" + n + name.substring(dot)),
                    json = out.resolveSibling(name.substring(0, dot) + "-" + n + ".json");
            if (!Files.exists(song, LinkOption.NOFOLLOW_LINKS) && !Files.exists(json, LinkOption.NOFOLLOW_LINKS)) {
                return new Targets(song, json, f0Export, false, exports);
            }
        }
    }

    /** Refuses a disk without room for the song. */
    void require(long bytes) {
        Output.trySize(STAGE, out, bytes);
    }

    /**
     * The manifest that belongs to an output: the same name with .json. Where that one belongs to another song of the
     * same name, in another format, the ending stays: {@code song.flac.json}.
     *
     * @param output path of a converted song
     * @return a path beside it
     */
    static Path manifestOf(Path output) {
        String name = output.getFileName().toString();
        Path usual = output.resolveSibling(name.substring(0, name.lastIndexOf('.')) + ".json");
        try {
            boolean another = Files.isRegularFile(usual) && !names(Manifest.read(usual), output);
            return another ? output.resolveSibling(name + ".json") : usual;
        } catch (Problem e) {
            return usual; // no manifest: known() refuses it
        }
    }

    private static boolean names(Manifest manifest, Path output) {
        return Path.of(manifest.output().file()).getFileName().equals(output.getFileName());
    }

    /** A manifest that may be replaced: one that infer wrote. Somebody's own .json of that name is not ours. */
    private static Manifest known(Path json, Output rule) {
        try {
            return Manifest.read(json);
        } catch (Problem e) {
            if (rule.overwrite()) {
                return null;
            }
            throw Problem.in(
                    STAGE,
                    json,
                    "a free name for the manifest",
                    "a file that infer did not write",
                    "choose another --out, or replace it with --overwrite");
        }
    }

    private static String stranger(Path file, Path json, Manifest then) {
        if (then == null) {
            return "a file that infer did not write (no manifest " + json.getFileName() + " beside it)";
        }
        if (!names(then, file)) {
            return "a file that the manifest beside it does not name";
        }
        return Sha256.of(file).equals(then.output().sha256()) ? null : "a file that was changed since infer wrote it";
    }

    private static String edited(Path file, Manifest.Hashed was) {
        return was != null && Path.of(was.file()).getFileName().equals(file.getFileName())
                ? null
                : "a curve that may have been edited";
    }
}
