package diffsvc.evaluate;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.VocalRange;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.infer.WholeSong;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A song of a fixed set: the sound, and its words where a text file of the same name lies beside it.
 *
 * @param sound the song
 * @param lyrics empty where unknown
 */
public record Song(Sound sound, String lyrics) {
    private static final String STAGE = "evaluate";
    private static final int MOST_BYTES = 1 << 20;

    /**
     * Reads SONG.wav, and the words from SONG.txt beside it where that file is there.
     *
     * @throws Problem when the song cannot be read or the words are no UTF-8 text
     */
    public static Song read(Path file) {
        Path words = wordsBeside(file);
        return new Song(
                Sound.of(file.getFileName().toString(), AudioFile.read(file)),
                Files.isRegularFile(words) ? words(words) : "");
    }

    /**
     * Reads songs from the command line; without any, those of the project's raw/.
     *
     * @throws Problem when there is none
     */
    public static List<Song> all(ProjectPaths paths, List<String> files) {
        return files(paths, files).stream().map(Song::read).toList();
    }

    /** The files of {@link #all}. */
    public static List<Path> files(ProjectPaths paths, List<String> files) {
        if (!files.isEmpty()) {
            return files.stream().map(ProjectPaths::here).distinct().toList();
        }
        Path raw = paths.resolve("raw");
        try (Stream<Path> list = Files.list(raw)) {
            List<Path> songs = list.filter(AudioFile::isOne).sorted().toList();
            if (!songs.isEmpty()) {
                return songs;
            }
        } catch (IOException e) {
            // no such folder: no songs
        }
        throw Problem.in(STAGE, raw, "songs", "none", "give them with --songs");
    }

    /** Where the words of a song are looked for: SONG.txt for SONG.wav. */
    public static Path wordsBeside(Path song) {
        String name = song.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return song.resolveSibling((dot > 0 ? name.substring(0, dot) : name) + ".txt");
    }

    /**
     * Reads words: UTF-8, any line breaks.
     *
     * @throws Problem for a file that is missing, larger than a MiB or not UTF-8
     */
    public static String words(Path file) {
        Input.require(STAGE, file, "a text file with the words");
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw Problem.in(STAGE, file, "the words of a song", "more than a MiB", "give a text file in UTF-8");
            }
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (CharacterCodingException e) {
            throw Problem.in(STAGE, file, "words in UTF-8", "another encoding", "save the text as UTF-8");
        } catch (IOException e) {
            throw Problem.in(
                    STAGE, file, "a text file that can be read", WholeFile.reason(e), "check the path and the disk");
        }
    }

    /** The key that the voice's settings ask for this song: infer.key, and with infer.auto_key the shift on top. */
    public double key(Voice voice) {
        Hparams.Infer infer = voice.hparams().infer();
        return infer.key() + (infer.autoKey() ? VocalRange.suggestedKey(sound.f0(), voice.hparams()) : 0);
    }

    /**
     * The song in a voice, in the key that the voice's settings ask for.
     *
     * @param edit of each slice's conversion
     */
    public Wave convert(Voice voice, UnaryOperator<Conversion> edit) {
        double key = key(voice);
        return WholeSong.convert(voice, sound.wave(), c -> edit.apply(c.key(key)));
    }

    /** Copy synthesis by a voice's vocoder, in the song's own key. */
    public Sound copy(Voice voice) {
        return Sound.of(
                "copy synthesis of " + sound.name() + " by " + voice.vocoderName(),
                WholeSong.convert(voice, sound.wave(), Conversion::copySynthesis));
    }

    /** What the song and a voice's recordings make a subject of. */
    Subject subject(String name, Wave output, double key, Target target) {
        return new Subject(Sound.of(name, output), sound, key, target, lyrics, null, List.of());
    }
}
