package diffsvc.dataset;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Recording;
import diffsvc.audio.Resampler;
import diffsvc.audio.Slicer;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.F0Track;
import diffsvc.conds.PitchExtractor;
import diffsvc.conds.VocalRange;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.hparams.Hparams;
import diffsvc.random.KeyedRandom;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tech.tablesaw.api.Table;

/**
 * From a folder of recordings to a dataset: every recording is decoded, cut at its silences, heard by encoder and pitch
 * follower and written as one shard. A shard is kept under a key of all that shaped it (the recording's bytes, front
 * end, pitch, encoder, cutting, augmentation), so a run that was stopped goes on, and a change makes only what it
 * touches anew.
 */
public final class Preprocessing {
    private static final String STAGE = "dataset", VERSION = "1";
    private static final float FULL_SCALE = 1 - 1.5f / 32768, HALF_MAX = 65504;
    private static final int REASONS = 5;
    private final Hparams hparams;
    private final ContentEncoder encoder;
    private final PitchExtractor pitchExtractor;
    private final FrontEnd front;
    private final Reading reading;
    private final String settings;

    /** Where a recording's wave comes from. */
    interface Reading {
        Wave read(Path file);
    }

    /** Hears of each recording as it is done. */
    @FunctionalInterface
    public interface Progress {
        /**
         * So many recordings of all are done; the last was {@code name}, made before if {@code reused}.
         *
         * @param recordings that are done
         * @param of in all
         * @param name of the last one
         * @param reused whether it had been made before
         */
        void done(int recordings, int of, String name, boolean reused);
    }

    /**
     * What was made.
     *
     * @param hparams with the mel range and the F0 of the training part
     * @param reports every clip and every skipped stretch
     * @param reused recordings whose shard was there already
     * @param damaged shards that were damaged and made again
     * @param older shards of an older format, made again
     */
    public record Result(Path folder, Hparams hparams, List<ClipReport> reports, int reused, int damaged, int older) {
        /**
         * The reports as a table.
         *
         * @return a row a clip
         */
        public Table table() {
            return ClipReport.table(reports);
        }
    }

    /** A recording on its way: either its shard is there or the reason why not. */
    private record Made(String name, String key, Shard shard, ClipReport skipped, Shard.State before) {
        boolean reused() {
            return before == Shard.State.WHOLE;
        }

        double seconds() {
            return shard == null
                    ? 0
                    : IntStream.range(0, shard.clips().size())
                            .filter(i -> !shard.augmented().get(i))
                            .mapToDouble(i -> shard.reports().get(i).seconds())
                            .sum();
        }
    }

    /**
     * Borrows content encoder and pitch extractor: the caller closes them.
     *
     * @param hparams the voice's settings
     */
    public Preprocessing(Hparams hparams, ContentEncoder encoder, PitchExtractor pitchExtractor) {
        this(hparams, encoder, pitchExtractor, AudioFile::read);
    }

    Preprocessing(Hparams hparams, ContentEncoder encoder, PitchExtractor pitchExtractor, Reading reading) {
        this.reading = reading;
        this.hparams = hparams;
        this.encoder = encoder;
        this.pitchExtractor = pitchExtractor;
        front = FrontEnd.of(hparams);
        Hparams.Dataset d = hparams.dataset();
        settings = String.join(
                "|",
                VERSION,
                hparams.audio().toString(),
                hparams.pitch().toString(),
                hparams.hubert().toString(),
                hparams.quirks().toString(),
                hparams.vocoder().type().centred() ? "centred" : "",
                encoder.signature(),
                new Hparams.Dataset(
                                d.silenceDb(),
                                d.minPhraseMs(),
                                d.minClipSeconds(),
                                d.maxClipSeconds(),
                                0,
                                0,
                                d.keyShifts(),
                                d.unitSpeeds(),
                                d.sungShare(),
                                d.sungShare() > 0 ? d.seed() : 0)
                        .toString()); // the split does not shape a shard
        if (d.unitSpeeds().isEmpty() || d.unitSpeeds().get(0) != 1) {
            throw Problem.in(
                    STAGE,
                    "dataset.unit_speeds that begin with 1",
                    d.unitSpeeds().toString(),
                    "the first reading is of the clip as it is");
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

    /**
     * Walks a folder, sub-folders included, and writes the dataset. Files that somebody edited in {@code out} are not
     * replaced.
     *
     * @param raw folder of recordings
     * @param out folder of the dataset
     * @param progress hears of each recording
     * @return reports, and the hparams with the range found
     * @throws Problem when nothing in the folder can be used, or {@code out} is somebody else's
     */
    public Result run(Path raw, Path out, Progress progress) {
        return run(raw, out, Output.CAREFUL, progress);
    }

    /**
     * The same under a rule for what may be replaced.
     *
     * @param raw folder of recordings
     * @param out folder of the dataset
     * @param output what may be replaced in it
     * @param progress hears of each recording
     * @return reports, and the hparams with the range found
     * @throws Problem when nothing in the folder can be used, or {@code out} is somebody else's
     */
    public Result run(Path raw, Path out, Output output, Progress progress) {
        List<Path> files = walk(raw);
        DatasetFolder folder = DatasetFolder.claim(out, hparams.project(), output.reading(files.toArray(Path[]::new)));
        AtomicInteger done = new AtomicInteger();
        Thread asked = Thread.currentThread(); // the stop button reaches it, and not the threads that help it
        List<Made> made = files.parallelStream()
                .map(file -> {
                    if (asked.isInterrupted()) {
                        throw Problem.stopped(
                                STAGE,
                                "after " + done + " of " + files.size()
                                        + " recordings; the same call goes on from there");
                    }
                    Made one = make(raw, file, folder);
                    progress.done(done.incrementAndGet(), files.size(), one.name(), one.reused());
                    return one;
                })
                .toList();
        made = withoutTwins(made);
        Map<String, String> parts = split(made);
        List<ClipReport> reports = new ArrayList<>();
        List<DatasetFolder.Entry> entries = new ArrayList<>();
        List<Clip> training = new ArrayList<>();
        for (Made m : made) {
            String part = parts.getOrDefault(m.name(), "");
            if (m.shard() == null || m.skipped() != null) {
                reports.add(m.skipped());
                continue;
            }
            m.shard().reports().forEach(r -> reports.add(r.in(part)));
            if (!m.shard().clips().isEmpty()) {
                entries.add(new DatasetFolder.Entry(m.name(), m.key(), part));
                if (part.equals("train")) {
                    training.addAll(m.shard().clips());
                }
            }
        }
        reports.sort(Comparator.comparing(ClipReport::recording)
                .thenComparing(ClipReport::startSeconds)
                .thenComparing(ClipReport::clip));
        String table = ClipReport.table(reports).write().toString("csv");
        if (training.isEmpty()) {
            throw noneOfUse(raw, files.size(), reports, reports.isEmpty() ? null : folder.writeReport(table));
        }
        List<List<Double>> range = melRange(training);
        Hparams ready = hparams.withSpec(range.get(0), range.get(1)).withRange(pitchRange(training));
        folder.write(table, ready, entries);
        return new Result(
                out,
                ready,
                reports,
                count(made, Shard.State.WHOLE),
                count(made, Shard.State.DAMAGED),
                count(made, Shard.State.OLDER));
    }

    private static int count(List<Made> made, Shard.State state) {
        return (int) made.stream().filter(m -> m.before() == state).count();
    }

    /**
     * Why no recording gave a clip: the reasons by how many recordings they stopped, silences of a recording only where
     * it has no other.
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
        } catch (IOException | java.io.UncheckedIOException e) {
            throw Problem.in(
                    STAGE, raw, "a folder that can be walked", e.getMessage(), "check its permissions and links");
        }
    }

    private Made make(Path raw, Path file, DatasetFolder folder) {
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
            shard = listen(
                    name,
                    reading.read(file),
                    new SplittableRandom(KeyedRandom.mix(hparams.dataset().seed(), sha, 0)));
        } catch (Problem e) {
            if (e.isStop()) {
                throw e;
            }
            return skipped(name, key, e.getMessage().replace(file.toString(), name));
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
            // one recording that is too much, or that meets a defect, is no reason to lose the others
            return skipped(
                    name,
                    key,
                    e.getClass().getSimpleName()
                            + (e.getMessage() == null
                                    ? ""
                                    : ": " + e.getMessage().lines().findFirst().orElse(""))
                            + (e instanceof OutOfMemoryError ? ": too little memory for this recording" : ""));
        }
        shard.write(target, key); // a full disk is no fault of the recording
        return new Made(name, key, shard, null, found.state());
    }

    private static Made skipped(String name, String key, String why) {
        return new Made(name, key, null, ClipReport.skipped(name, 0, 0, why), Shard.State.MISSING);
    }

    /** The same sound twice would let one recording into two parts. */
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

    private Shard listen(String name, Wave wave, SplittableRandom random) {
        Hparams.Dataset d = hparams.dataset();
        int rate = wave.sampleRateHz();
        Recording sound = Recording.of(wave);
        Slicer slicer = new Slicer(d.silenceDb(), d.minPhraseMs(), 300, 20, 500);
        List<Clip> clips = new ArrayList<>();
        List<ClipReport> reports = new ArrayList<>(), skipped = new ArrayList<>();
        List<Boolean> augmented = new ArrayList<>();
        boolean sing = random.nextDouble() < d.sungShare();
        long melody = random.nextLong();
        for (Slicer.Slice slice : slicer.slice(sound)) {
            double start = slice.start() / (double) rate;
            if (slice.silent()) {
                skipped.add(ClipReport.skipped(name, start, slice.samples() / (double) rate, "silence"));
                continue;
            }
            for (Slicer.Slice part : slicer.bound(sound, slice, (int) (d.maxClipSeconds() * rate))) {
                double from = part.start() / (double) rate, seconds = part.samples() / (double) rate;
                Wave cut = wave.samples(part.start(), part.end());
                String why = seconds < d.minClipSeconds()
                        ? "shorter than " + d.minClipSeconds() + " s"
                        : cut.isSilent() ? "silence" : null;
                String clip = name + "#" + augmented.stream().filter(a -> !a).count();
                Heard heard = why == null ? hear(clip, name, cut) : null;
                if (heard == null || heard.voiced() == 0) {
                    skipped.add(ClipReport.skipped(name, from, seconds, why == null ? "no voiced frame" : why));
                    continue;
                }
                List<Heard> all = new ArrayList<>(List.of(heard));
                for (double semitones : d.keyShifts()) {
                    Heard shifted = shift(heard, cut, semitones);
                    if (shifted == null) {
                        skipped.add(ClipReport.skipped(
                                name,
                                from,
                                seconds,
                                "key shift " + semitones + ": F0 would leave "
                                        + hparams.pitch().f0MinHz() + " to "
                                        + hparams.pitch().f0MaxHz() + " Hz"));
                    } else {
                        all.add(shifted);
                    }
                }
                if (sing) {
                    try (NDManager manager = NDManager.newBaseManager()) {
                        Wave sung = new SungSpeech(hparams)
                                .sing(manager, cut, melody, reports.size())
                                .wave();
                        all.add(hear(clip + " sung", name, sung));
                    }
                }
                for (Heard h : all) {
                    clips.add(h.clip());
                    augmented.add(h != heard);
                    reports.add(report(h, name, from, h == heard ? cut : null));
                }
            }
        }
        reports.addAll(skipped);
        return new Shard(clips, reports, augmented);
    }

    private record Heard(Clip clip, float[] f0Hz, float[] signal) {
        long voiced() {
            return count(f0Hz);
        }

        static long count(float[] f0) {
            return IntStream.range(0, f0.length).filter(t -> f0[t] > 0).count();
        }
    }

    private Heard hear(String clip, String recording, Wave wave) {
        Hparams.Audio audio = hparams.audio();
        float[] signal = front.signal(wave);
        try (NDManager manager = NDManager.newBaseManager()) {
            float[] mel = numbers(clip, "mel", front.of(manager, signal).toFloatArray());
            int frames = mel.length / audio.melBins();
            F0Track track = pitchExtractor.f0(Wave.mono(signal, audio.sampleRateHz()), audio.hopSamples(), frames, 0);
            float[] f0 = new float[frames];
            for (int t = 0; t < frames; t++) {
                f0[t] = track.voiced()[t] ? track.f0Hz()[t] : 0;
            }
            numbers(clip, "F0", f0);
            List<TorchTensor> units = new ArrayList<>();
            int width = encoder.width(), rate = encoder.sampleRateHz();
            for (double speed : hparams.dataset().unitSpeeds()) {
                float[] at = Resampler.resampleIfNeeded(wave.mean(), wave.sampleRateHz(), rate);
                if (speed != 1) {
                    at = Resampler.resample(at, (int) Math.round(rate * speed), rate);
                }
                float[] u = numbers(
                        clip,
                        "units",
                        encoder.units(manager, Wave.mono(at, rate)).toFloatArray());
                units.add(TorchTensor.half(u, u.length / width, width));
            }
            return new Heard(
                    new Clip(
                            clip,
                            recording,
                            TorchTensor.half(mel, frames, audio.melBins()),
                            units,
                            TorchTensor.of(f0, frames)),
                    f0,
                    signal);
        }
    }

    /**
     * What a shard holds are finite numbers that float16 can hold; one other would spoil every batch that it comes
     * into.
     */
    private static float[] numbers(String clip, String what, float[] values) {
        for (int i = 0; i < values.length; i++) {
            if (!(Math.abs(values[i]) <= HALF_MAX)) {
                throw Problem.in(
                        STAGE,
                        "finite numbers in the " + what + " of " + clip,
                        values[i] + " at value " + i + " of " + values.length,
                        "look at the recording, and at the encoder's weights with ./diffsvc inspect");
            }
        }
        return values;
    }

    /**
     * The same clip in another key: mel and F0 move together, what is sung stays; null when the melody would leave the
     * range the coarse pitch knows.
     */
    private Heard shift(Heard heard, Wave wave, double semitones) {
        float factor = (float) Math.pow(2, semitones / 12);
        float[] f0 = heard.f0Hz().clone();
        for (int t = 0; t < f0.length; t++) {
            f0[t] *= factor;
            if (f0[t] > 0
                    && (f0[t] > hparams.pitch().f0MaxHz()
                            || f0[t] < hparams.pitch().f0MinHz())) {
                return null;
            }
        }
        try (NDManager manager = NDManager.newBaseManager()) {
            Clip c = heard.clip();
            float[] mel = numbers(
                    c.name(),
                    "mel",
                    front.shifted(manager, heard.signal(), semitones).toFloatArray());
            String name = c.name() + " key " + (semitones > 0 ? "+" : "")
                    + java.math.BigDecimal.valueOf(semitones)
                            .stripTrailingZeros()
                            .toPlainString();
            return new Heard(
                    new Clip(
                            name,
                            c.recording(),
                            TorchTensor.half(mel, f0.length, hparams.audio().melBins()),
                            c.units(),
                            TorchTensor.of(f0, f0.length)),
                    f0,
                    heard.signal());
        }
    }

    private ClipReport report(Heard heard, String recording, double from, Wave cut) {
        float[] voiced = voicedHz(List.of(heard.f0Hz()));
        long clipped = 0;
        double peak = 0;
        if (cut != null) {
            peak = cut.peak();
            for (float[] channel : cut.channels()) {
                for (float v : channel) {
                    clipped += Math.abs(v) >= FULL_SCALE ? 1 : 0;
                }
            }
        } else {
            peak = Wave.mono(heard.signal(), hparams.audio().sampleRateHz()).peak();
        }
        double seconds = hparams.audio().seconds(heard.f0Hz().length);
        return new ClipReport(
                recording,
                heard.clip().name(),
                "",
                from,
                seconds,
                voiced.length / (double) heard.f0Hz().length,
                at(voiced, 0.05),
                at(voiced, 0.5),
                at(voiced, 0.95),
                peak,
                clipped,
                "");
    }

    private static float[] voicedHz(List<float[]> tracks) {
        int n = tracks.stream().mapToInt(f -> (int) Heard.count(f)).sum(), at = 0;
        float[] voiced = new float[n];
        for (float[] track : tracks) {
            for (float f : track) {
                if (f > 0) {
                    voiced[at++] = f;
                }
            }
        }
        Arrays.sort(voiced);
        return voiced;
    }

    private static double at(float[] sorted, double share) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1, share * sorted.length)];
    }

    /**
     * Which recording goes where: in an order that the seed draws, whole recordings for validation, then for test, the
     * rest for training.
     */
    private Map<String, String> split(List<Made> made) {
        List<Made> usable = made.stream()
                .filter(m -> m.shard() != null && m.seconds() > 0)
                .sorted(Comparator.comparing(m -> Sha256.of(hparams.dataset().seed() + "|" + m.key())))
                .toList();
        double total = usable.stream().mapToDouble(Made::seconds).sum();
        Map<String, String> parts = new HashMap<>();
        int left = usable.size();
        for (String part : List.of("valid", "test")) {
            double
                    wanted =
                            (part.equals("valid")
                                            ? hparams.dataset().validShare()
                                            : hparams.dataset().testShare())
                                    * total,
                    have = 0;
            for (Made m : usable) {
                // half of it too much is better than none, but training keeps at least two thirds of a small set
                boolean fits = have + m.seconds() <= 1.5 * wanted || have == 0 && m.seconds() <= total / 3;
                if (have < wanted && fits && left > 1 && !parts.containsKey(m.name())) {
                    parts.put(m.name(), part);
                    have += m.seconds();
                    left--;
                }
            }
        }
        usable.forEach(m -> parts.putIfAbsent(m.name(), "train"));
        return parts;
    }

    /** Smallest and largest mel of each bin: what the model maps to -1 and 1. */
    static List<List<Double>> melRange(List<Clip> clips) {
        int bins = clips.get(0).melBins();
        double[] min = new double[bins], max = new double[bins];
        Arrays.fill(min, Double.POSITIVE_INFINITY);
        Arrays.fill(max, Double.NEGATIVE_INFINITY);
        for (Clip c : clips) {
            float[] mel = c.mel().toFloats();
            for (int i = 0; i < mel.length; i++) {
                min[i % bins] = Math.min(min[i % bins], mel[i]);
                max[i % bins] = Math.max(max[i % bins], mel[i]);
            }
        }
        List<Double> low = new ArrayList<>(), high = new ArrayList<>();
        for (int m = 0; m < bins; m++) {
            low.add(min[m]);
            high.add(Math.max(max[m], min[m] + 1e-3));
        }
        return List.of(low, high);
    }

    private Hparams.Range pitchRange(List<Clip> clips) {
        float[] voiced = voicedHz(clips.stream().map(c -> c.f0Hz().toFloats()).toList());
        double low = hparams.pitch().f0MinHz();
        double[] counts =
                new double[(int) Math.ceil(VocalRange.semitones(hparams.pitch().f0MaxHz(), low))];
        for (float f : voiced) {
            counts[(int) Math.max(0, Math.min(counts.length - 1, Math.floor(VocalRange.semitones(f, low))))]++;
        }
        List<Double> shares = new ArrayList<>();
        for (double c : counts) {
            shares.add(Math.round(c / voiced.length * 1e6) / 1e6);
        }
        return new Hparams.Range(at(voiced, 0.5), at(voiced, 0.05), at(voiced, 0.95), shares);
    }
}
