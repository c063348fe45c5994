package diffsvc.infer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Depth;
import diffsvc.audio.Recording;
import diffsvc.check.Problem;
import diffsvc.conds.CondsCache;
import diffsvc.conds.F0Table;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.files.Temporary;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.memory.Plan;
import diffsvc.platform.Version;
import diffsvc.progress.Progress;
import diffsvc.tensor.Cost;
import diffsvc.voice.Conversion;
import diffsvc.voice.Voice;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Converts songs of any length with one voice, file to file. A song is cut into {@link Slice}s, each slice is a
 * {@link Conversion}, and the results are joined; only one slice of a song is in memory at a time, or one batch of
 * short slices that the denoiser takes together.
 *
 * <pre>{@code
 * var done = new Inference(voice).convert("raw/music1.wav");
 * done.manifest().table();
 * }</pre>
 */
public final class Inference {
    /** Name and version of the program, as every manifest holds it. */
    public static final String PROGRAM = "diffsvc " + Version.CURRENT;

    private static final double SHARE_OF_MEMORY = 0.8, MUCH_OUTSIDE = 0.1;
    private static final int FLAC_PACKS = 4;
    private static final float LOUD = 4;
    private static final int AS_ALLOWED = -1;
    private final Voice voice;
    private final CondsCache cache;
    private final long limit;
    private final double sliceSeconds;
    private final int batchFrames;
    private final Map<String, Manifest.Hashed> models = new LinkedHashMap<>();

    /**
     * A converted song.
     *
     * @param file the song
     * @param f0Export the table of its F0, or null
     * @param replaced whether an earlier result lay there
     * @param manifest as it lies beside the song
     */
    public record Done(Path file, Path f0Export, boolean replaced, Manifest manifest) {}

    /** Uses most of the memory of the machine, or of the voice's GPU, and no cache. */
    public Inference(Voice voice) {
        this(voice, 0, CondsCache.NONE);
    }

    /**
     * Keeps the process below a limit.
     *
     * @param limit bytes that the process may take, or on the voice's GPU; 0: 80 % of what there is
     * @param cache of F0 and units
     */
    public Inference(Voice voice, long limit, CondsCache cache) {
        this(voice, limit, cache, 0, AS_ALLOWED);
    }

    /**
     * Repeats the slices of an earlier conversion.
     *
     * @param limit bytes that the process may take, or on the voice's GPU; 0: 80 % of what there is
     * @param cache of F0 and units
     * @param sliceSeconds longest slice, as a manifest holds it; 0: as memory and hparams allow. A longer one than they
     *     allow is refused
     * @param batchFrames the most mel frames of a batch of slices, padding included, as a manifest holds it; 0: one
     *     slice after the other; negative: as memory allows. A larger one than memory allows is refused
     */
    public Inference(Voice voice, long limit, CondsCache cache, double sliceSeconds, int batchFrames) {
        this.voice = voice;
        this.cache = cache;
        this.sliceSeconds = sliceSeconds;
        this.batchFrames = batchFrames;
        this.limit = limit > 0 ? limit : usualLimit(voice);
    }

    /**
     * Converts a song to its usual place, output/SONG_PROJECT_steps_N.FORMAT.
     *
     * @param song path; a relative one starts at the project's folder
     */
    public Done convert(String song) {
        return convert(Request.of(voice.paths().resolve(song))
                .key(voice.hparams().infer().key()));
    }

    /** {@link #convert(Request, Progress)} without a listener. */
    public Done convert(Request request) {
        return convert(request, Progress.NONE);
    }

    /** The absolute path of a request's result. */
    public Path target(Request request) {
        return request.out() != null ? request.out() : usualTarget(request.song());
    }

    /** The usual place of a song's result, output/SONG_PROJECT_steps_N.FORMAT, absolute. */
    public Path usualTarget(Path song) {
        Hparams h = voice.hparams();
        String name = song.getFileName().toString();
        int dot = name.lastIndexOf('.');
        return voice.paths()
                .output()
                .resolve((dot > 0 ? name.substring(0, dot) : name) + "_" + h.project() + "_steps_" + h.steps() + "."
                        + h.infer().format().toLowerCase(Locale.ROOT));
    }

    /** The manifest that belongs to an output: the same path with .json as its ending. */
    public static Path manifestOf(Path output) {
        return Targets.manifestOf(output);
    }

    /**
     * Decides what a request may write and tries to, without a conversion, so that a wrong output is known before hours
     * of work.
     *
     * @throws Problem when its targets hold a file that infer did not write, or cannot be written
     */
    public void check(Request request) {
        targets(request);
    }

    private Targets targets(Request r) {
        List<Path> inputs = new ArrayList<>(voice.files().values());
        Collections.addAll(inputs, r.song(), r.units(), r.config(), r.checkpoint());
        Output rule = r.rule().reading(inputs.toArray(Path[]::new));
        Path export = r.f0Export() != null && Output.same(r.f0Export(), r.f0())
                ? null
                : r.f0Export(); // the curve that is given stays as it is
        return Targets.of(
                target(r),
                export,
                rule.reading(r.f0()),
                Depth.of(voice.hparams().infer().depth()));
    }

    /**
     * Converts one song and writes output and manifest.
     *
     * @param progress receives each stage as it ends; "pitch" counts samples of the song, "sampling" evaluations of the
     *     denoiser
     * @throws Problem when song, table or units cannot be read, memory does not suffice, or the output cannot be
     *     written
     */
    public Done convert(Request request, Progress progress) {
        Targets targets = targets(request);
        List<String> warnings = new ArrayList<>(voice.notes());
        warnings.addAll(voice.samplingNotes());
        try (StageTimer timer = new StageTimer();
                Recording song = AudioFile.open(request.song());
                NDManager own = voice.manager().newSubManager()) {
            warnings.addAll(song.notes());
            Hparams.Infer infer = voice.hparams().infer();
            Depth depth = Depth.of(infer.depth());
            long began = System.nanoTime();
            long baseline = Plan.baseline(own) + weights(voice);
            double most = sliceSeconds(song, baseline);
            SliceJoiner joiner = joiner(song, most);
            timer.ended(new Progress.Stage(
                    "audio", described(song, joiner), "[" + joiner.samples() + "]", (System.nanoTime() - began) / 1e9));
            timer.report(progress);
            requireRoom(targets, joiner, depth);
            F0Table table = request.f0() == null ? null : GivenValues.f0(request.f0(), song, warnings);
            NDArray units = request.units() == null
                    ? null
                    : GivenValues.units(
                            own, request.units(), song, voice.encoder().unitsPerSecond(), warnings);
            CondsCache noting = cache.noting(warnings::add);
            SongF0 f0 = SongF0.of(voice, joiner, table, noting, f0Settings(), timer, progress);
            timer.report(progress);
            if (f0.peak() > LOUD) {
                warnings.add(String.format(
                        Locale.ROOT,
                        "the song's samples go up to %.1f, %.0f dB above full scale, and it is converted as loud as that",
                        f0.peak(),
                        20 * Math.log10(f0.peak())));
            }
            F0Table whole = f0.table(joiner);
            Map<String, Manifest.Hashed> exports = exported(request, targets, whole, warnings);
            F0Track all = new F0Track(whole.hz(), whole.voiced(), 0);
            double key = request.key() + (infer.autoKey() ? VocalRange.suggestedKey(all, voice.hparams()) : 0);
            VocalRange range = VocalRange.of(all, voice.hparams(), key);
            reportRange(range, all, progress, warnings);
            SliceBatches batches = SliceBatches.of(f0.frames(), gain().most(batchFrames(most, baseline)));
            SongWriter.Written written;
            try (VoiceConverter converter = new VoiceConverter(
                    voice, joiner, f0, batches, units, key, encoderHash(), noting, timer, progress)) {
                written = new SongWriter(depth, warnings, timer, voice.values()::keep)
                        .write(joiner, converter, targets.out());
            }
            timer.report(progress);
            Targets last = stillFree(request, targets, warnings);
            Manifest.Slices slices = SongManifest.slices(joiner, most, batches);
            warnings.addAll(voice.encoder().notes());
            warnings.addAll(remarks(slices, written.joins()));
            Manifest manifest = new SongManifest(voice, models())
                    .of(request, last.out(), joiner, slices, key, range, written, timer.lines(), exports, warnings);
            place(written.file(), last.out());
            manifest.write(last.manifest());
            return new Done(last.out(), targets.f0Export(), last.replaces(), manifest);
        }
    }

    /** Most of what there is: the limit where nobody gives one. */
    static long usualLimit(Voice voice) {
        long most = Plan.available(voice.device()) + weights(voice);
        return most > 0 ? (long) (SHARE_OF_MEMORY * most) : Long.MAX_VALUE;
    }

    /** Bytes of the open networks on a GPU; those on the CPU count as a part of the process. */
    static long weights(Voice voice) {
        return voice.device().isGpu()
                ? voice.costs().stream().mapToLong(Cost::weights).sum()
                : 0;
    }

    private double sliceSeconds(Recording song, long baseline) {
        double wanted = voice.hparams().infer().sliceSeconds();
        double most =
                Plan.sliceSeconds(voice.costs(), limit, baseline, python() ? Math.max(wanted, song.seconds()) : wanted);
        if (sliceSeconds > most) {
            throw Problem.in(
                    "memory",
                    "slices of " + sliceSeconds + " s, as they were then",
                    String.format(Locale.ROOT, "room for %.1f s", most),
                    "give more memory (--max-memory)");
        }
        return sliceSeconds > 0 ? sliceSeconds : most;
    }

    private SliceBatches.Gain gain() {
        return voice.device().isGpu() ? SliceBatches.Gain.GPU : SliceBatches.Gain.CPU;
    }

    /** The most frames of a batch of slices; 0 where they come one by one, as in the Python project. */
    private int batchFrames(double mostSeconds, long baseline) {
        if (python() || voice.hparams().infer().pythonOrder()) {
            return 0;
        }
        int wanted = batchFrames < 0 ? gain().most() : batchFrames;
        int most = Plan.batchFrames(
                voice.costs(), mostSeconds, VoiceConverter.bytesPerFrame(voice), limit, baseline, wanted);
        if (batchFrames > most) {
            throw Problem.in(
                    "memory",
                    "batches of slices of " + batchFrames + " frames, as they were then",
                    "room for " + most,
                    "give more memory (--max-memory)");
        }
        return most;
    }

    private SliceJoiner joiner(Recording song, double mostSeconds) {
        int rate = voice.hparams().audio().sampleRateHz();
        List<Slice> slices = Slice.of(song, voice.hparams().infer(), mostSeconds);
        return python() ? SliceJoiner.asPython(song, slices, rate) : SliceJoiner.exact(song, slices, rate);
    }

    private boolean python() {
        return voice.hparams().quirks() == Hparams.Quirks.PYTHON;
    }

    private static String described(Recording song, SliceJoiner joiner) {
        int slices = joiner.slices().size();
        return String.format(
                Locale.ROOT,
                "%.2f s at %d Hz, %d slice%s",
                song.seconds(),
                song.sampleRateHz(),
                slices,
                slices == 1 ? "" : "s");
    }

    private static void requireRoom(Targets targets, SliceJoiner joiner, Depth depth) {
        boolean flac = targets.out().toString().toLowerCase(Locale.ROOT).endsWith(".flac");
        targets.require((long) joiner.samples() * depth.bytes() / (flac ? FLAC_PACKS : 1));
        Output.trySize(
                "temporary files", Temporary.folder().resolve("diffsvc.wav"), (long) joiner.samples() * Float.BYTES);
    }

    /** All that F0 depends on beside the wave. */
    private String f0Settings() {
        Hparams h = voice.hparams();
        return "f0|" + h.pitch() + "|" + h.audio() + "|" + h.quirks() + "|"
                + FrontEnd.of(h).getClass().getSimpleName() + "|"
                + (voice.files().containsKey("crepe")
                        ? models().get("crepe").sha256() + "|" + h.infer().seed()
                        : "");
    }

    /** SHA-256 of the encoder's file; empty where it has none. */
    private String encoderHash() {
        return voice.files().containsKey("encoder") ? models().get("encoder").sha256() : "";
    }

    private Map<String, Manifest.Hashed> exported(
            Request request, Targets targets, F0Table whole, List<String> warnings) {
        Map<String, Manifest.Hashed> exports = new TreeMap<>(targets.exports());
        if (targets.f0Export() != null) {
            exports.put("f0", hashed(whole.write(targets.f0Export())));
        } else if (request.f0Export() != null) {
            warnings.add(shown(request.f0Export())
                    + " is the curve that was given: it stays as it is, and nothing is exported");
        }
        return exports;
    }

    private void reportRange(VocalRange range, F0Track f0, Progress progress, List<String> warnings) {
        if (!range.known()) {
            return;
        }
        if (range.songHz() == 0) {
            progress.ended(new Progress.Stage("range", "no pitch found in the song", "", 0));
            return;
        }
        double suggested = VocalRange.suggestedKey(f0, voice.hparams());
        double apart = suggested - range.key();
        progress.ended(new Progress.Stage(
                "range",
                String.format(
                        Locale.ROOT,
                        "key %+.1f; the voice lies %.0f semitones %s (%.0f, %.0f Hz); %.0f %% outside",
                        range.key(),
                        Math.abs(apart),
                        apart < 0 ? "lower" : "higher",
                        range.songHz(),
                        range.trainedHz(),
                        100 * range.outside()),
                "",
                0));
        if (Math.rint(Math.abs(apart)) >= 1 && !voice.hparams().infer().autoKey()) {
            progress.note(String.format(Locale.ROOT, "--auto-key shifts by %+.0f semitones", suggested));
        }
        if (range.outside() > MUCH_OUTSIDE) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "%.0f %% of the song's F0 lies outside what the voice was trained on; --auto-key brings it nearer",
                    100 * range.outside()));
        }
    }

    /**
     * Where another program has put a file of that name during hours of work, that file stays and the song goes beside
     * it.
     */
    private Targets stillFree(Request r, Targets before, List<String> warnings) {
        try {
            return targets(r.exportingF0(null));
        } catch (Problem e) {
            Targets beside = before.beside();
            warnings.add(shown(before.out()) + " was written by another program meanwhile and stays; the song is in "
                    + beside.out().getFileName());
            return beside;
        }
    }

    private static void place(Path fresh, Path target) {
        try {
            Files.move(fresh, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw Problem.in(
                    "output",
                    target,
                    "a file that can be written",
                    WholeFile.reason(e),
                    "check the folder's permissions and the free disk space");
        }
    }

    /** Files and hashes of the models; made once. */
    private Map<String, Manifest.Hashed> models() {
        if (models.isEmpty()) {
            voice.files()
                    .forEach((role, file) -> models.put(role, new Manifest.Hashed(shown(file), Sha256.ofModel(file))));
        }
        return models;
    }

    /** Silent slices and joins that stand out, as sentences. */
    private static List<String> remarks(Manifest.Slices slices, List<Join> joins) {
        List<String> remarks = new ArrayList<>();
        if (slices.silent() > 0) {
            remarks.add(String.format(
                    Locale.ROOT,
                    "%d silent slices, %.2f s together, stay silent",
                    slices.silent(),
                    slices.silentSeconds()));
        }
        joins.stream()
                .filter(Join::audible)
                .forEach(j -> remarks.add(String.format(
                        Locale.ROOT,
                        "the join at %.2f s (%s) stands out: %.1f dB, around it %.1f dB, step %.4f",
                        j.seconds(),
                        j.kind(),
                        j.loudnessDb(),
                        j.aroundDb(),
                        j.jump())));
        return remarks;
    }

    private Manifest.Hashed hashed(Path file) {
        return Manifest.Hashed.of(voice.paths(), file);
    }

    private String shown(Path file) {
        return voice.paths().shown(file);
    }
}
