package diffsvc.evaluate;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import diffsvc.hparams.ProjectPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Recordings of the voice that outputs should sound like. A judge that embeds them does so once for each target.
 *
 * @param name of the voice, for tables
 * @param recordings at least one
 */
public record Target(String name, List<Sound> recordings) {
    private static final String STAGE = "evaluate";
    private static final int MOST = 20, MOST_SECONDS = 60, MOST_NAMES = 3;

    public Target {
        recordings = List.copyOf(recordings);
        if (recordings.isEmpty()) {
            throw new IllegalArgumentException("a target needs a recording");
        }
    }

    /**
     * A recording, or the recordings below a folder by path: the first {@value #MOST}, of each the first
     * {@value #MOST_SECONDS} s.
     *
     * @throws Problem when there is none, or one cannot be read
     */
    public static Target read(String name, Path at) {
        List<Path> files = files(at);
        List<Sound> sounds = new ArrayList<>();
        for (Path file : files) {
            Input.require(STAGE, file, "a recording of the target");
            Wave wave = AudioFile.read(file);
            if (!wave.isSilent()) {
                sounds.add(
                        Sound.of(file.getFileName().toString(), wave.slice(0, Math.min(wave.seconds(), MOST_SECONDS))));
            }
        }
        if (sounds.isEmpty()) {
            throw Problem.in(
                    STAGE,
                    at,
                    "recordings of the target",
                    files.isEmpty() ? "a folder without recordings" : "silence",
                    "give a folder or a file of the voice that was trained");
        }
        return new Target(name, sounds);
    }

    /** The recordings that come with a voice, models/NAME/target; empty where it has none. */
    public static Optional<Target> of(ProjectPaths paths, String project) {
        Path folder = paths.models().resolve(project).resolve("target");
        return Files.isDirectory(folder) ? Optional.of(read(project, folder)) : Optional.empty();
    }

    /** The files of {@link #read}; none for a folder without recordings. */
    public static List<Path> files(Path at) {
        return Files.isDirectory(at) ? recordings(at).stream().limit(MOST).toList() : List.of(at);
    }

    /** All recordings below a folder, by path. */
    static List<Path> recordings(Path folder) {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(p -> Files.isRegularFile(p) && AudioFile.isOne(p))
                    .sorted()
                    .toList();
        } catch (UncheckedIOException e) { // a folder further down
            throw unlisted(folder, e.getCause());
        } catch (IOException e) {
            throw unlisted(folder, e);
        }
    }

    /**
     * One row a recording.
     *
     * @return columns recording, seconds
     */
    public Table table() {
        return Table.create(
                name,
                StringColumn.create("recording", recordings.stream().map(Sound::name)),
                Rounded.column("seconds", recordings, 2, Sound::seconds));
    }

    /** "demo: 2 recordings, 31.5 s: a.wav, b.wav"; of many the first three names. */
    @Override
    public String toString() {
        double seconds = recordings.stream().mapToDouble(Sound::seconds).sum();
        String names = recordings.stream().limit(MOST_NAMES).map(Sound::name).collect(Collectors.joining(", "));
        return String.format(
                Locale.ROOT,
                "%s: %d recording%s, %.1f s: %s%s",
                name,
                recordings.size(),
                recordings.size() == 1 ? "" : "s",
                seconds,
                names,
                recordings.size() > MOST_NAMES ? ", ..." : "");
    }

    private static Problem unlisted(Path folder, IOException e) {
        return Problem.in(
                STAGE,
                folder,
                "a folder whose recordings can be listed",
                WholeFile.reason(e),
                "name the recordings' own folder");
    }
}
