package diffsvc.dataset;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Recording;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.PitchExtractor;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.hparams.Hparams;
import diffsvc.platform.ComputeDevice;
import diffsvc.progress.Progress;
import diffsvc.random.KeyedRandom;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tech.tablesaw.api.Table;

/**
 * From a folder of recordings to a dataset: every recording is decoded, cut and analysed ({@link ClipAnalysis}) and
 * written as one shard; then whole recordings are assigned to training, validation and test ({@link Split}), and the
 * training part gives the mel range and the distribution of F0 ({@link Statistics}).
 *
 * <p>A shard is kept under a key of all that shaped it (the recording's bytes, front end, pitch, encoder, cutting,
 * augmentation), so a stopped run continues where it was, and a changed setting recomputes only what depends on it.
 */
public final class Preprocessing {
    static final String STAGE = "dataset";
    private static final String VERSION = "1";
    private static final int REASONS = 5;
    private final Hparams hparams;
    private final ClipAnalysis analysis;
    private final Reading reading;
    private final String settings;
    private final Room room;

    /** Opens a recording. */
    interface Reading {
        Recording open(Path file);
    }

    /**
     * What was made.
     *
     * @param folder of the dataset
     * @param hparams with the mel range and the F0 of the training part
     * @param reports one for each clip and each skipped stretch
     * @param reused recordings whose shard was there already
     * @param damaged shards that were damaged and made again
     * @param older shards of an older format, made again
     */
    public record Result(Path folder, Hparams hparams, List<ClipReport> reports, int reused, int damaged, int older) {
        /** The reports as a table, one row for each; the columns are those of report.csv. */
        public Table table() {
            return ClipReport.table(reports);
        }

        /**
         * Remarks of the decoder, {@link Recording#notes}.
         *
         * @return names of the recordings by remark
         */
        public Map<String, List<String>> notes() {
            Map<String, List<String>> notes = new LinkedHashMap<>();
            reports.stream().filter(r -> !r.note().isEmpty()).forEach(r -> {
                List<String> names = notes.computeIfAbsent(r.note(), n -> new ArrayList<>());
                if (!names.contains(r.recording())) {
                    names.add(r.recording());
                }
            });
            return notes;
        }
    }

    /** A recording that is done: either its shard is there or the reason why not. */
    private record Made(String name, String key, Shard shard, ClipReport skipped, Shard.State before) {
        double seconds() {
            return shard == null
                    ? 0
                    : IntStream.range(0, shard.clips().size())
                            .filter(i -> !shard.augmented().get(i))
                            .mapToDouble(i -> shard.reports().get(i).seconds())
                            .sum();
        }

        String note() {
            return shard == null ? "" : String.join("; ", shard.notes());
        }

        Progress.Stage stage(double seconds) {
            int clips = shard == null ? 0 : shard.clips().size();
            return new Progress.Stage(
                    "recording",
                    name + (before == Shard.State.WHOLE ? " (made before)" : ""),
                    clips + (clips == 1 ? " clip" : " clips"),
                    seconds);
        }
    }

    /**
     * Borrows content encoder and pitch extractor, which are on the CPU: the caller closes them.
     *
     * @throws Problem when a setting under {@code dataset} does not fit
     */
    public Preprocessing(Hparams hparams, ContentEncoder encoder, PitchExtractor pitchExtractor) {
        this(hparams, encoder, pitchExtractor, ComputeDevice.CPU);
    }

    /** The same on the device of content encoder and pitch extractor. */
    public Preprocessing(Hparams hparams, ContentEncoder encoder, PitchExtractor pitchExtractor, ComputeDevice device) {
        this(hparams, encoder, pitchExtractor, device, mostAtOnce());
    }

    /**
     * The same with fewer recordings at once, which take less memory.
     *
     * @param atOnce recordings that are analysed at the same time, 1 or more; there are never more than processors
     */
    public Preprocessing(
            Hparams hparams, ContentEncoder encoder, PitchExtractor pitchExtractor, ComputeDevice device, int atOnce) {
        this(hparams, encoder, pitchExtractor, device, atOnce, AudioFile::open);
    }

    Preprocessing(Hparams hparams, ContentEncoder encoder, PitchExtractor pitchExtractor, Reading reading) {
        this(hparams, encoder, pitchExtractor, ComputeDevice.CPU, mostAtOnce(), reading);
    }

    /** Recordings that are analysed at the same time where memory does not matter: one for each processor. */
    public static int mostAtOnce() {
        return Runtime.getRuntime().availableProcessors();
    }

    /**
     * Bytes outside the Java heap that the analysis of one recording takes beside its networks, at the peak: the frames
     * of a clip's spectrum.
     */
    public static double bytesPerRecording(Hparams hparams) {
        return ClipAnalysis.bytes(hparams);
    }

    Preprocessing(
            Hparams hparams,
            ContentEncoder encoder,
            PitchExtractor pitchExtractor,
            ComputeDevice device,
            int atOnce,
            Reading reading) {
        Bound.whole(STAGE, "recordings at once", atOnce, 1, Integer.MAX_VALUE);
        room = new Room(atOnce, Runtime.getRuntime().maxMemory());
        this.reading = reading;
        this.hparams = hparams;
        analysis = new ClipAnalysis(hparams, encoder, pitchExtractor, device);
        Hparams.Dataset d = hparams.dataset();
        settings = String.join(
                "|",
                VERSION,
                hparams.audio().toString(),
                hparams.pitch().toString(),
                encoderFile(hparams.hubert()),
                hparams.quirks().toString(),
                hparams.vocoder().type().centred() ? "centred" : "",
                encoder.signature(),
                d.validShare(0)
                        .testShare(0)
                        .seed(d.sungShare() > 0 ? d.seed() : 0)
                        .toString()); // the split does not shape a shard
        if (d.unitSpeeds().isEmpty() || d.unitSpeeds().get(0) != 1) {
            throw Problem.in(
                    STAGE,
                    "dataset.unit_speeds that begin with 1",
                    d.unitSpeeds().toString(),
                    "the first units of a clip are those of the clip as it is");
        }
        if (!(d.minClipSeconds() > 0 && d.maxClipSeconds() > 2 * d.minClipSeconds())
                || d.validShare() < 0
                || d.testShare() < 0
                || d.validShare() + d.testShare() >= 0.9) {
            throw Problem.in(
                    STAGE,
                    "0 < min_clip_seconds, 2 min_clip_seconds < max_clip_seconds, and shares below 0.9 together",
                    d.toString(),
                    "correct the dataset's keys");
        }
    }

    /** The kind is in the encoder's signature; so shards of before there were several stay valid. */
    private static String encoderFile(Hparams.Hubert h) {
        return "Hubert[file=" + h.file() + ", sha256=" + h.sha256() + ", heads=" + h.heads() + "]";
    }

    /**
     * Walks a folder, sub-folders included, and writes the dataset. Files that somebody edited in {@code out} are not
     * replaced.
     *
     * @return reports, and the hparams with the mel range and the F0 of the training part
     * @throws Problem when no recording can be used, when {@code out} belongs to somebody else, or when a file cannot
     *     be written; {@link Problem#isStop() stopped} when this thread was interrupted: the same call continues
     */
    public Result run(Path raw, Path out) {
        return run(raw, out, Progress.NONE);
    }

    /**
     * The same with a listener.
     *
     * @param progress {@code at("recordings", done, of)} and {@code ended} after each recording, and a note for each
     *     remark of the decoder; the calls come from several threads, one at a time
     */
    public Result run(Path raw, Path out, Progress progress) {
        return run(raw, out, Output.CAREFUL, progress);
    }

    /**
     * The same under a rule for what may be replaced.
     *
     * @param output what may be replaced in {@code out}
     */
    public Result run(Path raw, Path out, Output output, Progress progress) {
        List<Path> files = walk(raw);
        DatasetFolder folder = DatasetFolder.claim(out, hparams.project(), output.reading(files.toArray(Path[]::new)));
        List<Made> made = withoutTwins(made(raw, files, folder, progress));
        Map<String, String> parts = Split.of(
                made.stream()
                        .filter(m -> m.seconds() > 0)
                        .map(m -> new Split.Share(m.name(), m.key(), m.seconds()))
                        .toList(),
                hparams.dataset());
        List<ClipReport> reports = reports(made, parts);
        List<DatasetFolder.Entry> entries = made.stream()
                .filter(m -> m.shard() != null && !m.shard().clips().isEmpty())
                .map(m -> new DatasetFolder.Entry(m.name(), m.key(), parts.getOrDefault(m.name(), "")))
                .toList();
        List<Clip> training = made.stream()
                .filter(m -> m.shard() != null && "train".equals(parts.get(m.name())))
                .flatMap(m -> m.shard().clips().stream())
                .toList();
        String table = ClipReport.table(reports).write().toString("csv");
        if (training.isEmpty()) {
            throw noneOfUse(raw, files.size(), reports, reports.isEmpty() ? null : folder.writeReport(table));
        }
        List<List<Double>> range = Statistics.melRange(training);
        Hparams ready = hparams.noise(n -> n.spec(range.get(0), range.get(1)))
                .range(r -> Statistics.pitchRange(training, hparams.pitch()));
        folder.write(table, ready, entries);
        return new Result(
                out,
                ready,
                reports,
                count(made, Shard.State.WHOLE),
                count(made, Shard.State.DAMAGED),
                count(made, Shard.State.OLDER));
    }

    /** Every recording in the order of the files, several at a time. */
    private List<Made> made(Path raw, List<Path> files, DatasetFolder folder, Progress progress) {
        Stop stop = new Stop(Thread.currentThread(), files.size());
        List<Made> made = files.parallelStream()
                .map(file -> {
                    stop.check();
                    long start = System.nanoTime();
                    Made one;
                    try {
                        one = make(raw, file, folder, stop);
                    } catch (Problem p) {
                        stop.check(); // a file that an interrupted thread could not write is no fault of the disk
                        throw p;
                    }
                    synchronized (stop) {
                        stop.done++;
                        progress.ended(one.stage((System.nanoTime() - start) / 1e9));
                        if (!one.note().isEmpty()) {
                            progress.note(one.name() + ": " + one.note());
                        }
                        progress.at("recordings", stop.done, files.size());
                    }
                    return one;
                })
                .toList();
        stop.check(); // pressed during the last recording
        return made;
    }

    /** The stop button interrupts the calling thread, and not the threads that help it. */
    private static final class Stop {
        private final Thread asked;
        private final int of;
        private volatile int done;

        Stop(Thread asked, int of) {
            this.asked = asked;
            this.of = of;
        }

        void check() {
            if (asked.isInterrupted()) {
                throw Problem.stopped(
                        STAGE, "after " + done + " of " + of + " recordings; the same call continues from there");
            }
        }
    }

    private static List<ClipReport> reports(List<Made> made, Map<String, String> parts) {
        List<ClipReport> reports = new ArrayList<>();
        for (Made m : made) {
            if (m.shard() == null) {
                reports.add(m.skipped());
            } else {
                String part = parts.getOrDefault(m.name(), "");
                m.shard().reports().forEach(r -> reports.add(r.in(part, m.note())));
            }
        }
        reports.sort(Comparator.comparing(ClipReport::recording)
                .thenComparing(ClipReport::startSeconds)
                .thenComparing(ClipReport::clip));
        return reports;
    }

    private static int count(List<Made> made, Shard.State state) {
        return (int) made.stream().filter(m -> m.before() == state).count();
    }

    /**
     * Why no recording gave a clip: the reasons by the number of recordings they concern; silence counts only where a
     * recording has no other reason.
     */
    private Problem noneOfUse(Path raw, int recordings, List<ClipReport> reports, Path report) {
        String need =
                "a recording with at least one clip of " + hparams.dataset().minClipSeconds() + " s of voice";
        if (report == null) {
            return Problem.in(
                    STAGE,
                    raw,
                    need,
                    "no recording (" + String.join(" ", AudioFile.ENDINGS) + ")",
                    "add recordings of one voice");
        }
        Map<String, String> why = new LinkedHashMap<>();
        reports.forEach(r -> why.merge(
                r.recording(),
                r.skipped().replace(r.recording() + ": ", ""),
                (first, next) -> first.equals("silence") ? next : first));
        Map<String, List<String>> named = new LinkedHashMap<>();
        why.forEach((name, reason) ->
                named.computeIfAbsent(reason, r -> new ArrayList<>()).add(name));
        List<String> reasons = named.entrySet().stream()
                .sorted((a, b) -> b.getValue().size() - a.getValue().size())
                .map(e -> e.getValue().size() + " (" + e.getValue().get(0)
                        + (e.getValue().size() > 1 ? " ..." : "") + "): " + e.getKey())
                .toList();
        return Problem.in(
                STAGE,
                raw,
                need,
                recordings
                        + (recordings == 1 ? " recording, none of use: " : " recordings, none of use: ")
                        + String.join("; ", reasons.subList(0, Math.min(REASONS, reasons.size())))
                        + (reasons.size() > REASONS ? "; and " + (reasons.size() - REASONS) + " reasons more" : ""),
                "see " + report + ", and add recordings of one voice");
    }

    private static List<Path> walk(Path raw) {
        if (!Files.isDirectory(raw)) {
            throw Problem.in(STAGE, raw, "a folder of recordings", Input.kind(raw), "check the path");
        }
        try (Stream<Path> walk = Files.walk(raw, FileVisitOption.FOLLOW_LINKS)) {
            return walk.filter(p -> AudioFile.isOne(p) && Files.isRegularFile(p))
                    .sorted()
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            throw Problem.in(
                    STAGE, raw, "a folder that can be walked", e.getMessage(), "check its permissions and links");
        }
    }

    private Made make(Path raw, Path file, DatasetFolder folder, Stop stop) {
        String name = raw.relativize(file).toString();
        String key = "";
        Path target;
        Shard.Found found;
        Shard shard;
        try {
            String sha = Sha256.of(file);
            key = Sha256.of(sha + "|" + settings);
            target = folder.shard(key);
            found = Shard.find(target, key, name);
            if (found.shard() != null) {
                return new Made(name, key, found.shard(), null, found.state());
            }
            SplittableRandom random =
                    new SplittableRandom(KeyedRandom.mix(hparams.dataset().seed(), sha, 0));
            shard = room.take(() -> reading.open(file), recording -> {
                stop.check();
                return analysis.of(name, recording, random);
            });
        } catch (Problem e) {
            stop.check(); // an interrupted thread cannot read files: the recording is not damaged
            if (e.isStop()) {
                throw e;
            }
            return skipped(name, key, e.getMessage().replace(file.toString(), name));
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
            // one recording that is too large, or that meets a defect, does not cost the others
            return skipped(
                    name,
                    key,
                    e.getClass().getSimpleName()
                            + (e.getMessage() == null
                                    ? ""
                                    : ": " + e.getMessage().lines().findFirst().orElse(""))
                            + (e instanceof OutOfMemoryError ? ": too little memory for this recording" : ""));
        }
        shard.write(target, key); // a full disk ends the run: it is no fault of the recording
        return new Made(name, key, shard, null, found.state());
    }

    private static Made skipped(String name, String key, String why) {
        return new Made(name, key, null, ClipReport.skipped(name, 0, 0, why), Shard.State.MISSING);
    }

    /** Two files with the same bytes would let one recording into two parts. */
    private static List<Made> withoutTwins(List<Made> made) {
        Map<String, String> first = new HashMap<>();
        return made.stream()
                .map(m -> {
                    String other = m.shard() == null ? null : first.putIfAbsent(m.key(), m.name());
                    return other == null
                            ? m
                            : new Made(
                                    m.name(),
                                    m.key(),
                                    null,
                                    ClipReport.skipped(m.name(), 0, 0, "the same bytes as " + other),
                                    m.before());
                })
                .toList();
    }
}
