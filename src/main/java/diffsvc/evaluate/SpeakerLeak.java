package diffsvc.evaluate;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Recording;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.Conds2Tensor;
import diffsvc.evaluate.identity.SpeakerProbe;
import diffsvc.evaluate.identity.SpeakerProbe.Accuracy;
import diffsvc.evaluate.identity.SpeakerProbe.Utterance;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import diffsvc.plot.TextTable;
import diffsvc.progress.Progress;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Does the content encoder tell who sings? A linear probe ({@link SpeakerProbe}) names the speaker from single frames
 * of the voice's units, and another one from the mel at the same frames. A good encoder carries the words alone, so its
 * probe comes near to chance; that of the mel says how different the speakers are.
 *
 * <p>Each second recording of a speaker by path trains the probe, the others test it. A frame is a unit with the mel
 * frame in its middle, and counts where that one is voiced. Of a speaker the first {@value #MOST_RECORDINGS} recordings
 * count, of a recording the first {@value #MOST_SECONDS} s and {@value #MOST_FRAMES} frames evenly spread over them:
 * what lies 20 ms apart says little more.
 *
 * @param rows units, then mel
 * @param speakers in the probe, sorted
 * @param failed recordings that could not be read or analysed, a sentence each
 * @param notes what was left out
 */
public record SpeakerLeak(List<Row> rows, List<String> speakers, List<String> failed, List<String> notes) {
    private static final String STAGE = "leak";
    private static final int MOST_RECORDINGS = 20, MOST_SECONDS = 20, MOST_FRAMES = 200;
    /** One recording in the training, one in the test. */
    private static final int LEAST_RECORDINGS = 2;

    /**
     * What the probe finds in one kind of features.
     *
     * @param features units or mel
     */
    public record Row(String features, Accuracy accuracy) {}

    public SpeakerLeak {
        rows = List.copyOf(rows);
        speakers = List.copyOf(speakers);
        failed = List.copyOf(failed);
        notes = List.copyOf(notes);
    }

    /** The same as {@link #of(Voice, Path, Progress)} without reports. */
    public static SpeakerLeak of(Voice voice, Path folder) {
        return of(voice, folder, Progress.NONE);
    }

    /**
     * Analyses the recordings and trains both probes.
     *
     * @param voice its content encoder, mel and pitch extractor are in use
     * @param folder a folder for each speaker, with recordings that {@link AudioFile} reads at any depth
     * @param progress {@code at("analysing", ...)} after each recording
     * @throws Problem when fewer than two speakers have two recordings with voiced frames
     */
    public static SpeakerLeak of(Voice voice, Path folder, Progress progress) {
        return new Work(voice, folder, progress).run();
    }

    /**
     * Voiced frames of one recording.
     *
     * @param units [F][H]
     * @param mel [F][M], log10, of the same moments
     */
    private record Frames(String speaker, float[][] units, float[][] mel) {}

    /** The recordings on their way into the probes. */
    private static final class Work {
        private final Voice voice;
        private final Path folder;
        private final Progress progress;
        private final List<Frames> training = new ArrayList<>(), test = new ArrayList<>();
        private final List<String> speakers = new ArrayList<>(), failed = new ArrayList<>(), notes = new ArrayList<>();
        private int longer;

        Work(Voice voice, Path folder, Progress progress) {
            this.voice = voice;
            this.folder = folder;
            this.progress = progress;
        }

        SpeakerLeak run() {
            List<Path> folders = folders();
            List<List<Path>> files = folders.stream().map(this::files).toList();
            int all = files.stream().mapToInt(List::size).sum(), done = 0;
            for (int s = 0; s < folders.size(); s++) {
                String speaker = folders.get(s).getFileName().toString();
                List<Frames> its = new ArrayList<>();
                for (Path file : files.get(s)) {
                    add(its, speaker, file);
                    progress.at("analysing", ++done, all);
                }
                divide(speaker, its);
            }
            if (longer > 0) {
                notes.add("of " + longer + (longer == 1 ? " recording" : " recordings") + " only the first "
                        + MOST_SECONDS + " s count");
            }
            if (speakers.size() < 2) {
                throw tooFew(
                        speakers.isEmpty() ? "no such speaker" : speakers.get(0) + " alone",
                        failed.isEmpty() ? notes : failed);
            }
            return new SpeakerLeak(
                    List.of(row("units", Frames::units), row("mel", Frames::mel)), speakers, failed, notes);
        }

        private List<Path> folders() {
            if (!Files.isDirectory(folder)) {
                throw Problem.in(
                        STAGE, folder, "a folder with a folder for each speaker", Input.kind(folder), "check the path");
            }
            try (Stream<Path> list = Files.list(folder)) {
                List<Path> folders = list.filter(p -> Files.isDirectory(p)
                                && !p.getFileName().toString().startsWith("."))
                        .sorted()
                        .toList();
                if (folders.size() < 2) {
                    throw tooFew(
                            folders.isEmpty()
                                    ? "no folder in it"
                                    : folders.get(0).getFileName() + " alone",
                            List.of());
                }
                return folders;
            } catch (IOException e) {
                throw Problem.in(
                        STAGE, folder, "a folder that can be listed", WholeFile.reason(e), "check its permissions");
            }
        }

        private List<Path> files(Path speaker) {
            List<Path> files = Target.recordings(speaker);
            if (files.size() <= MOST_RECORDINGS) {
                return files;
            }
            notes.add("of " + speaker.getFileName() + " the first " + MOST_RECORDINGS + " of " + files.size()
                    + " recordings count");
            return files.subList(0, MOST_RECORDINGS);
        }

        /** Analyses a recording; one that fails is named, and the others go on. */
        private void add(List<Frames> its, String speaker, Path file) {
            try {
                Frames frames = frames(speaker, read(file));
                if (frames.units.length > 0) {
                    its.add(frames);
                } else {
                    notes.add(shown(file) + " has no voiced frame");
                }
            } catch (Problem p) {
                if (p.isStop()) {
                    throw p;
                }
                String said = p.getMessage();
                failed.add(said.contains(file.toString()) ? said : shown(file) + ": " + said);
            }
        }

        private String shown(Path file) {
            return folder.relativize(file).toString();
        }

        private Wave read(Path file) {
            try (Recording recording = AudioFile.open(file)) {
                int most = MOST_SECONDS * recording.sampleRateHz();
                if (recording.samples() > most) {
                    longer++;
                }
                return recording.read(0, Math.min(most, recording.samples()));
            }
        }

        private Frames frames(String speaker, Wave wave) {
            if (wave.isSilent()) {
                return new Frames(speaker, new float[0][], new float[0][]);
            }
            try (Conversion c = voice.convert(wave)) {
                int width = (int) c.units().getShape().get(2),
                        bins = (int) c.mel().getShape().get(2);
                int[][] at = moments((int) c.units().getShape().get(1), c.f0().voiced());
                return new Frames(
                        speaker,
                        rows(c.units().toFloatArray(), width, at[0]),
                        rows(c.mel().toFloatArray(), bins, at[1]));
            }
        }

        private void divide(String speaker, List<Frames> its) {
            if (its.size() < LEAST_RECORDINGS) {
                notes.add("speaker " + speaker + " is left out: need " + LEAST_RECORDINGS
                        + " recordings with voiced frames, got " + its.size());
                return;
            }
            speakers.add(speaker);
            for (int i = 0; i < its.size(); i++) {
                (i % 2 == 0 ? training : test).add(its.get(i));
            }
        }

        private Row row(String name, Function<Frames, float[][]> features) {
            Function<List<Frames>, List<Utterance>> utterances = of -> of.stream()
                    .map(f -> new Utterance(f.speaker, features.apply(f)))
                    .toList();
            return new Row(name, SpeakerProbe.fit(utterances.apply(training)).accuracy(utterances.apply(test)));
        }

        private Problem tooFew(String got, List<String> why) {
            return Problem.in(
                    STAGE,
                    folder,
                    "two or more speakers, each a folder with two or more recordings",
                    got + (why.isEmpty() ? "" : " (" + String.join("; ", why) + ")"),
                    "add recordings");
        }
    }

    /**
     * The units that count, and the mel frame in the middle of each.
     *
     * @param units P
     * @param voiced [T]
     * @return [2][F], F up to {@value #MOST_FRAMES}: units, mel frames
     */
    static int[][] moments(int units, boolean[] voiced) {
        long[] unit = Conds2Tensor.mel2ph(voiced.length, units);
        int[] its = new int[units], middle = new int[units];
        int n = 0;
        for (int from = 0, to = 0; from < unit.length; from = to) {
            while (to < unit.length && unit[to] == unit[from]) {
                to++;
            }
            int t = (from + to - 1) / 2;
            if (unit[from] > 0 && voiced[t]) { // 0 is padding
                its[n] = (int) unit[from] - 1;
                middle[n++] = t;
            }
        }
        int of = n, kept = Math.min(n, MOST_FRAMES);
        int[][] at = new int[2][kept];
        Arrays.setAll(at[0], i -> its[(int) ((long) i * of / kept)]);
        Arrays.setAll(at[1], i -> middle[(int) ((long) i * of / kept)]);
        return at;
    }

    private static float[][] rows(float[] values, int width, int[] at) {
        float[][] rows = new float[at.length][];
        Arrays.setAll(rows, i -> Arrays.copyOfRange(values, at[i] * width, (at[i] + 1) * width));
        return rows;
    }

    /**
     * One row for units, one for mel.
     *
     * @return columns features, frame accuracy, recording accuracy, chance (shares), frames, recordings (of the test)
     */
    public Table table() {
        return Table.create(
                "speaker leak",
                StringColumn.create("features", rows.stream().map(Row::features)),
                Rounded.column("frame accuracy", rows, 3, r -> r.accuracy.frames()),
                Rounded.column("recording accuracy", rows, 3, r -> r.accuracy.recordings()),
                Rounded.column("chance", rows, 3, r -> r.accuracy.chance()),
                IntColumn.create(
                        "frames",
                        rows.stream().mapToInt(r -> r.accuracy.testFrames()).toArray()),
                IntColumn.create(
                        "recordings",
                        rows.stream().mapToInt(r -> r.accuracy.testRecordings()).toArray()));
    }

    /** "of 5 speakers a linear probe names the right one in 41 % of the frames by units, in 98 % by mel; ..." */
    public String sentence() {
        Accuracy units = rows.get(0).accuracy, mel = rows.get(1).accuracy;
        return String.format(
                Locale.ROOT,
                "of %d speakers a linear probe names the right one in %.0f %% of the frames by units, in %.0f %% by mel;"
                        + " chance is %.0f %%",
                speakers.size(),
                100 * units.frames(),
                100 * mel.frames(),
                100 * units.chance());
    }

    /** Table, sentence and notes as lines for a terminal. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>(List.of(TextTable.of(table()), "", sentence()));
        lines.addAll(notes);
        return String.join("\n", lines);
    }
}
