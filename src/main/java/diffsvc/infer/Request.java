package diffsvc.infer;

import diffsvc.check.Bound;
import diffsvc.files.Output;
import diffsvc.hparams.Hparams;
import java.nio.file.Path;

/**
 * One song to convert, and what is special about it.
 *
 * @param song recording
 * @param out file to write; null: output/SONG_PROJECT_steps_N.FORMAT
 * @param key semitones, -48 to 48; infer.auto_key adds to it
 * @param units file of content units in place of the voice's encoder, or null
 * @param f0 table in place of the pitch extractor, or null
 * @param f0Export table to write, or null
 * @param config of a voice that lies outside models/, for the manifest, or null
 * @param checkpoint of that voice, or null
 * @param rule what may be replaced, and which files are read and must stay
 */
public record Request(
        Path song,
        Path out,
        double key,
        Path units,
        Path f0,
        Path f0Export,
        Path config,
        Path checkpoint,
        Output rule) {
    public Request {
        Bound.number("infer", "a key", key, -Hparams.LARGEST_KEY, Hparams.LARGEST_KEY);
    }

    /**
     * A song to its usual place, without a key shift; only files that infer wrote are replaced.
     *
     * @param song recording
     */
    public static Request of(Path song) {
        return new Request(song, null, 0, null, null, null, null, null, Output.CAREFUL);
    }

    /** Writes to another file. */
    public Request to(Path file) {
        return new Request(song, file, key, units, f0, f0Export, config, checkpoint, rule);
    }

    /** Shifts by so many semitones, -48 to 48. */
    public Request key(double semitones) {
        return new Request(song, out, semitones, units, f0, f0Export, config, checkpoint, rule);
    }

    /** Takes content units from a .npy or .npz; null: the voice's encoder makes them. */
    public Request units(Path file) {
        return new Request(song, out, key, file, f0, f0Export, config, checkpoint, rule);
    }

    /** Takes F0 from a table; null: the pitch extractor makes it. */
    public Request f0(Path table) {
        return new Request(song, out, key, units, table, f0Export, config, checkpoint, rule);
    }

    /** Writes the song's F0 as a table; null: writes none. */
    public Request exportingF0(Path table) {
        return new Request(song, out, key, units, f0, table, config, checkpoint, rule);
    }

    /** Names the files of a voice that lies outside models/, for the manifest. */
    public Request voiceFrom(Path config, Path checkpoint) {
        return new Request(song, out, key, units, f0, f0Export, config, checkpoint, rule);
    }

    /** Decides by another rule what may be replaced. */
    public Request replacing(Output rule) {
        return new Request(song, out, key, units, f0, f0Export, config, checkpoint, rule);
    }
}
