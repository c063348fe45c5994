package diffsvc.dataset;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.GsonBuilder;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Resampler;
import diffsvc.audio.Recording;
import diffsvc.audio.Slicer;
import diffsvc.audio.Wave;
import diffsvc.files.WholeFile;
import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import diffsvc.conds.crepe.Crepe;
import diffsvc.conds.crepe.CrepePitch;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.files.Sha256;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.random.Noise;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tech.tablesaw.api.Table;

/**
 * From a folder of recordings to a dataset: every recording is decoded, cut at its silences, heard by encoder and pitch follower and written as one shard.
 * A shard is kept under a key of all that shaped it (the recording's bytes, front end, pitch, encoder, cutting, augmentation), so a run that was stopped
 * goes on, and a change makes only what it touches anew.
 */
public final class Preprocessing {
    private static final String STAGE = "dataset", VERSION = "1";
    private static final float SILENT = 1e-4f, FULL_SCALE = 1 - 1.5f / 32768;
    private final Hparams hparams;
    private final HubertSoft encoder;
    private final Crepe crepe;
    private final FrontEnd front;
    private final String settings;

    /** Hears of each recording as it is done. */
    @FunctionalInterface public interface Progress {
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
     */
    public record Result(Path folder, Hparams hparams, List<ClipReport> reports, int reused) {
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
    private record Made(String name, String key, Shard shard, ClipReport skipped, boolean reused) {
        double seconds() {
            return shard == null ? 0 : IntStream.range(0, shard.clips().size()).filter(i -> !shard.augmented().get(i)).mapToDouble(i -> shard.reports().get(i).seconds()).sum();
        }
    }

    /** One recording of the index. */
    record Entry(String recording, String key, String part) {}

    /** What index.json says. */
    record Index(String format, String project, List<Entry> recordings) {}

    /**
     * Borrows encoder and CREPE; crepe may be null where the hparams ask for Praat's method.
     *
     * @param hparams the voice's settings
     * @param encoder hears the units
     * @param crepe null for Praat's method
     */
    public Preprocessing(Hparams hparams, HubertSoft encoder, Crepe crepe) {
        this.hparams = hparams;
        this.encoder = encoder;
        this.crepe = crepe;
        front = FrontEnd.of(hparams);
        Hparams.Dataset d = hparams.dataset();
        settings = String.join("|", VERSION, hparams.audio().toString(), hparams.pitch().toString(), hparams.hubert().toString(), hparams.quirks().toString(),
                hparams.vocoder().kind().equals("hifigan") ? "centred" : "", encoder.sizes().toString(),
                new Hparams.Dataset(d.silenceDb(), d.minPhraseMs(), d.minClipSeconds(), d.maxClipSeconds(), 0, 0, d.keyShifts(), d.unitSpeeds(), d.sungShare(),
                        d.sungShare() > 0 ? d.seed() : 0).toString());      // the split does not shape a shard
        if (d.unitSpeeds().isEmpty() || d.unitSpeeds().get(0) != 1) {
            throw Problem.in(STAGE, "dataset.unit_speeds that begin with 1", d.unitSpeeds().toString(), "the first reading is of the clip as it is");
        }
        if (!(d.minClipSeconds() > 0 && d.maxClipSeconds() > 2 * d.minClipSeconds()) || d.validShare() < 0 || d.testShare() < 0 || d.validShare() + d.testShare() >= 0.9) {
            throw Problem.in(STAGE, "0 < min_clip_seconds, 2 min_clip_seconds < max_clip_seconds, and shares below 0.9 together", d.toString(), "correct the dataset's keys");
        }
    }

    /**
     * Walks a folder, sub-folders included, and writes the dataset.
     *
     * @param raw folder of recordings
     * @param out folder of the dataset
     * @param progress hears of each recording
     * @return reports, and the hparams with the range found
     * @throws Problem when nothing in the folder can be used
     */
    public Result run(Path raw, Path out, Progress progress) {
        List<Path> files = walk(raw);
        AtomicInteger done = new AtomicInteger();
        Path shards = out.resolve("shards");
        Thread asked = Thread.currentThread();                       // the stop button reaches it, and not the threads that help it
        List<Made> made = files.parallelStream().map(file -> {
            if (asked.isInterrupted()) {
                throw Problem.stopped(STAGE, "after " + done + " of " + files.size() + " recordings; the same call goes on from there");
            }
            Made one = make(raw, file, shards);
            progress.done(done.incrementAndGet(), files.size(), one.name(), one.reused());
            return one;
        }).toList();
        made = withoutTwins(made);
        Map<String, String> parts = split(made);
        List<ClipReport> reports = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        List<Clip> training = new ArrayList<>();
        for (Made m : made) {
            String part = parts.getOrDefault(m.name(), "");
            if (m.shard() == null || m.skipped() != null) {
                reports.add(m.skipped());
                continue;
            }
            m.shard().reports().forEach(r -> reports.add(r.in(part)));
            if (!m.shard().clips().isEmpty()) {
                entries.add(new Entry(m.name(), m.key(), part));
                if (part.equals("train")) {
                    training.addAll(m.shard().clips());
                }
            }
        }
        if (training.isEmpty()) {
            throw Problem.in(STAGE, raw, "a recording with at least one clip of " + hparams.dataset().minClipSeconds() + " s of voice",
                    files.isEmpty() ? "no recording (" + String.join(" ", AudioFile.ENDINGS) + ")" : files.size() + " recordings, none of use: "
                            + reports.get(0).recording() + ": " + reports.get(0).skipped(), "add recordings of one voice");
        }
        List<List<Double>> range = melRange(training);
        Hparams ready = hparams.withSpec(range.get(0), range.get(1)).withRange(pitchRange(training));
        reports.sort(Comparator.comparing(ClipReport::recording).thenComparing(ClipReport::startSeconds).thenComparing(ClipReport::clip));
        String table = ClipReport.table(reports).write().toString("csv");
        WholeFile.write(STAGE, out.resolve("report.csv"), part -> Files.writeString(part, table));
        HparamsYaml.write(out.resolve("hparams.yaml"), ready);
        String index = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(new Index("diffsvc-dataset-1", hparams.project(), entries));
        WholeFile.write(STAGE, out.resolve("index.json"), part -> Files.writeString(part, index));       // last: with it the dataset is whole
        return new Result(out, ready, reports, (int) made.stream().filter(Made::reused).count());
    }

    static Path shardFile(Path dataset, String key) {
        return dataset.resolve("shards").resolve(key.substring(0, 24) + ".safetensors");
    }

    private static List<Path> walk(Path raw) {
        if (!Files.isDirectory(raw)) {
            throw Problem.in(STAGE, raw, "a folder of recordings", Files.exists(raw) ? "a file" : "nothing at that path", "check the path");
        }
        try (Stream<Path> walk = Files.walk(raw, FileVisitOption.FOLLOW_LINKS)) {
            return walk.filter(p -> AudioFile.isOne(p) && Files.isRegularFile(p)).sorted().toList();
        } catch (IOException | java.io.UncheckedIOException e) {
            throw Problem.in(STAGE, raw, "a folder that can be walked", e.getMessage(), "check its permissions and links");
        }
    }

    private Made make(Path raw, Path file, Path shards) {
        String name = raw.relativize(file).toString();
        String key = "";
        try {
            String sha = Sha256.of(file);
            key = Sha256.of(sha + "|" + settings);
            Path target = shards.resolve(key.substring(0, 24) + ".safetensors");
            Shard there = Shard.readIfWhole(target, key, name);
            if (there != null) {
                return new Made(name, key, there, null, true);
            }
            Shard shard = listen(name, AudioFile.read(file), new SplittableRandom(Noise.mix(hparams.dataset().seed(), sha, 0)));
            shard.write(target, key);
            return new Made(name, key, shard, null, false);
        } catch (Problem e) {
            if (e.getMessage().startsWith("checkpoint:")) {
                throw e;                                               // the shard could not be written: that is no fault of the recording
            }
            return new Made(name, key, null, ClipReport.skipped(name, 0, 0, e.getMessage().replace(file.toString(), name)), false);
        }
    }

    /** The same sound twice would let one recording into two parts. */
    private static List<Made> withoutTwins(List<Made> made) {
        Map<String, String> first = new HashMap<>();
        return made.stream().map(m -> {
            String other = m.shard() == null ? null : first.putIfAbsent(m.key(), m.name());
            return other == null ? m : new Made(m.name(), m.key(), null, ClipReport.skipped(m.name(), 0, 0, "the same bytes as " + other), m.reused());
        }).toList();
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
                String why = seconds < d.minClipSeconds() ? "shorter than " + d.minClipSeconds() + " s" : cut.peak() < SILENT ? "silence" : null;
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
                        skipped.add(ClipReport.skipped(name, from, seconds, "key shift " + semitones + ": F0 would leave " + hparams.pitch().f0MinHz() + " to "
                                + hparams.pitch().f0MaxHz() + " Hz"));
                    } else {
                        all.add(shifted);
                    }
                }
                if (sing) {
                    try (NDManager manager = encoder.weights().manager().newSubManager()) {
                        Wave sung = new SungSpeech(hparams).sing(manager, cut, melody, reports.size()).wave();
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
        try (NDManager manager = encoder.weights().manager().newSubManager()) {
            float[] mel = front.of(manager, signal).toFloatArray();
            int frames = mel.length / audio.melBins();
            F0Track track = crepe != null ? new CrepePitch(crepe, hparams.pitch(), hparams.quirks()).follow(signal, audio.sampleRateHz(), audio.hopSamples(), frames, 0)
                    : new PraatPitch(PraatPitch.Settings.of(hparams.pitch().f0MinHz(), hparams.pitch().f0MaxHz())).follow(signal, audio.sampleRateHz(), audio.hopSamples(), frames);
            float[] f0 = new float[frames];
            for (int t = 0; t < frames; t++) {
                f0[t] = track.voiced()[t] ? track.f0Hz()[t] : 0;
            }
            List<TorchTensor> units = new ArrayList<>();
            int width = encoder.sizes().units();
            for (double speed : hparams.dataset().unitSpeeds()) {
                float[] heard = HubertSoft.listen(manager, wave).toFloatArray();
                if (speed != 1) {
                    heard = Resampler.resample(heard, (int) Math.round(HubertSoft.RATE_HZ * speed), HubertSoft.RATE_HZ);
                }
                float[] u = encoder.extract(manager.create(heard, new Shape(1, 1, heard.length))).units().toFloatArray();
                units.add(TorchTensor.half(u, u.length / width, width));
            }
            return new Heard(new Clip(clip, recording, TorchTensor.half(mel, frames, audio.melBins()), units, TorchTensor.of(f0, frames)), f0, signal);
        }
    }

    /** The same clip in another key: mel and F0 move together, what is sung stays; null when the melody would leave the range the coarse pitch knows. */
    private Heard shift(Heard heard, Wave wave, double semitones) {
        float factor = (float) Math.pow(2, semitones / 12);
        float[] f0 = heard.f0Hz().clone();
        for (int t = 0; t < f0.length; t++) {
            f0[t] *= factor;
            if (f0[t] > 0 && (f0[t] > hparams.pitch().f0MaxHz() || f0[t] < hparams.pitch().f0MinHz())) {
                return null;
            }
        }
        try (NDManager manager = encoder.weights().manager().newSubManager()) {
            float[] mel = front.shifted(manager, heard.signal(), semitones).toFloatArray();
            Clip c = heard.clip();
            String name = c.name() + " key " + (semitones > 0 ? "+" : "") + java.math.BigDecimal.valueOf(semitones).stripTrailingZeros().toPlainString();
            return new Heard(new Clip(name, c.recording(), TorchTensor.half(mel, f0.length, hparams.audio().melBins()), c.units(), TorchTensor.of(f0, f0.length)), f0, heard.signal());
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
        double seconds = heard.f0Hz().length * (double) hparams.audio().hopSamples() / hparams.audio().sampleRateHz();
        return new ClipReport(recording, heard.clip().name(), "", from, seconds, voiced.length / (double) heard.f0Hz().length, at(voiced, 0.05), at(voiced, 0.5), at(voiced, 0.95),
                peak, clipped, "");
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

    /** Which recording goes where: in an order that the seed draws, whole recordings for validation, then for test, the rest for training. */
    private Map<String, String> split(List<Made> made) {
        List<Made> usable = made.stream().filter(m -> m.shard() != null && m.seconds() > 0)
                .sorted(Comparator.comparing(m -> Sha256.of(hparams.dataset().seed() + "|" + m.key()))).toList();
        double total = usable.stream().mapToDouble(Made::seconds).sum();
        Map<String, String> parts = new HashMap<>();
        int left = usable.size();
        for (String part : List.of("valid", "test")) {
            double wanted = (part.equals("valid") ? hparams.dataset().validShare() : hparams.dataset().testShare()) * total, have = 0;
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
        double[] counts = new double[(int) Math.ceil(VocalRange.semitones(hparams.pitch().f0MaxHz(), low))];
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
