package diffsvc.infer;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Depth;
import diffsvc.audio.Recording;
import diffsvc.audio.Slicer;
import diffsvc.audio.WavReader;
import diffsvc.audio.WavWriter;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.conds.CondsCache;
import diffsvc.conds.F0Table;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import diffsvc.conds.hubert.UnitsFile;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.files.Temporary;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.memory.Plan;
import diffsvc.platform.ProcessMemory;
import diffsvc.platform.Version;
import diffsvc.random.KeyedRandom;
import diffsvc.random.RandomSource;
import diffsvc.voice.DiffSvc;
import diffsvc.voice.PartialResult;
import java.io.IOException;
import java.io.UncheckedIOException;
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
 * Songs through one voice, file to file. The models stay open from song to song; of a song only one slice is in memory
 * at a time.
 *
 * <pre>{@code
 * var done = new Inference(svc).convert("raw/music1.wav");
 * done.manifest().stages()
 * }</pre>
 */
public final class Inference {
    private static final int LONGEST_KEPT_SECONDS = 600;
    /** Semitones a song may be shifted by. */
    public static final int LARGEST_KEY = 48;
    /** Version of the program in every manifest. */
    public static final String PROGRAM = "diffsvc " + Version.CURRENT;

    private static final double CONTEXT_SECONDS = 0.5, SHARE_OF_MEMORY = 0.8, MUCH_OUTSIDE = 0.1;
    private static final int FEWEST_UNITS_PER_SECOND = 5, MOST_UNITS_PER_SECOND = 500, FLAC_PACKS = 4;
    private static final double MUCH_UNLIKE = 0.05, MUCH_UNCOVERED = 0.1;
    private static final float LOUD = 4;
    private final DiffSvc svc;
    private final CondsCache cache;
    private final long limit;
    private final double sliceSeconds;
    private final Map<String, Manifest.Hashed> models = new LinkedHashMap<>();

    /** Where a conversion stands: parts of {@code of} done, in the stage of that name. */
    @FunctionalInterface
    public interface Progress {
        /**
         * A stage stands at {@code done} of {@code of} samples of the song.
         *
         * @param stage as the command line names it
         * @param done samples of the song
         * @param of samples in all
         */
        void at(String stage, long done, long of);

        /**
         * The song's melody against the training's, before anything is sung; only where the voice's statistics are
         * known.
         *
         * @param range song and training
         * @param suggestedKey whole semitones
         */
        default void range(VocalRange range, double suggestedKey) {}
    }

    /**
     * One song and what is special about it.
     *
     * @param out file to write; null = the usual one under output/
     * @param key semitones, beside an automatic key
     * @param units file that takes the place of the voice's encoder, or null
     * @param f0 table that takes the place of the pitch extractor, or null
     * @param f0Export where the melody goes as a table, or null
     * @param config where the voice came from, if not from models/: for the manifest
     * @param checkpoint the same
     * @param rule what may be replaced, and what else is read and must stay
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
        /**
         * Checks the key.
         *
         * @param song recording
         * @param out file to write; null = the usual one under output/
         * @param key semitones, beside an automatic key
         * @param units file that takes the place of the voice's encoder, or null
         * @param f0 table that takes the place of the pitch extractor, or null
         * @param f0Export where the melody goes as a table, or null
         * @param config where the voice came from, if not from models/
         * @param checkpoint the same
         * @param rule what may be replaced
         */
        public Request {
            Bound.number("infer", "a key", key, -LARGEST_KEY, LARGEST_KEY);
        }

        /**
         * With nothing replaced but what infer wrote.
         *
         * @param song recording
         * @param out file to write; null = the usual one under output/
         * @param key semitones, beside an automatic key
         * @param units file that takes the place of the voice's encoder, or null
         * @param f0 table that takes the place of the pitch extractor, or null
         * @param f0Export where the melody goes as a table, or null
         * @param config where the voice came from, if not from models/
         * @param checkpoint the same
         */
        public Request(
                Path song, Path out, double key, Path units, Path f0, Path f0Export, Path config, Path checkpoint) {
            this(song, out, key, units, f0, f0Export, config, checkpoint, Output.CAREFUL);
        }

        /**
         * Only the song; all else as the hparams say.
         *
         * @param song path
         * @param key semitones
         * @return a request
         */
        public static Request of(Path song, double key) {
            return new Request(song, null, key, null, null, null, null, null);
        }

        /**
         * The same to another place.
         *
         * @param file where to
         * @return all else as it is
         */
        public Request to(Path file) {
            return new Request(song, file, key, units, f0, f0Export, config, checkpoint, rule);
        }
    }

    /**
     * The file, and what happened.
     *
     * @param file the song
     * @param f0Export the table, or null
     * @param replaced whether an earlier result lay there
     * @param manifest as it lies beside the song
     */
    public record Done(Path file, Path f0Export, boolean replaced, Manifest manifest) {}

    /**
     * With the machine's memory as the limit and nothing remembered.
     *
     * @param svc an open session
     */
    public Inference(DiffSvc svc) {
        this(svc, 0, CondsCache.NONE);
    }

    /**
     * @param svc an open session
     * @param limit bytes that the process may take; 0 = most of what there is
     * @param cache what remembers melodies and units
     */
    public Inference(DiffSvc svc, long limit, CondsCache cache) {
        this(svc, limit, cache, 0);
    }

    /**
     * @param svc an open session
     * @param limit bytes the process may take; 0 = most of what there is
     * @param cache remembers melodies and units
     * @param sliceSeconds longest slice, as a manifest says; 0 = as memory and hparams allow. A longer one than they
     *     allow is refused
     */
    public Inference(DiffSvc svc, long limit, CondsCache cache, double sliceSeconds) {
        this.svc = svc;
        this.cache = cache;
        this.sliceSeconds = sliceSeconds;
        long most = ProcessMemory.limit();
        this.limit = limit > 0 ? limit : most > 0 ? (long) (SHARE_OF_MEMORY * most) : Long.MAX_VALUE;
    }

    /**
     * A song to its usual place; a relative path is taken from the project's folder.
     *
     * @param song path
     * @return output, manifest and what was noticed
     */
    public Done convert(String song) {
        return convert(
                Request.of(svc.paths().resolve(song), svc.hparams().infer().key()), (stage, done, of) -> {});
    }

    /**
     * Where a request's result goes.
     *
     * @param request what to convert, and to where
     * @return an absolute path
     */
    public Path target(Request request) {
        return request.out() != null
                ? request.out()
                : svc.outputFile(
                        request.song().toString(),
                        svc.hparams().infer().format().toLowerCase(Locale.ROOT));
    }

    /**
     * The manifest that belongs to an output.
     *
     * @param output path of a converted song
     * @return the path with .json in place of its ending
     */
    public static Path manifestOf(Path output) {
        return Targets.manifestOf(output);
    }

    /**
     * Decides what a request may write and tries to, without converting anything: what is wrong with an output is known
     * before hours of work.
     *
     * @param request what to convert, and to where
     * @throws Problem when something lies at its targets that is not ours, or nothing can be written there
     */
    public void check(Request request) {
        targets(request);
    }

    private Targets targets(Request r) {
        List<Path> inputs = new ArrayList<>(svc.files().values());
        Collections.addAll(inputs, r.song(), r.units(), r.config(), r.checkpoint());
        Output rule = r.rule().reading(inputs.toArray(Path[]::new));
        Path export = r.f0Export() != null && Output.same(r.f0Export(), r.f0())
                ? null
                : r.f0Export(); // the curve that is given stays as it is
        return Targets.of(
                target(r),
                export,
                rule.reading(r.f0()),
                Depth.of(svc.hparams().infer().depth()));
    }

    /**
     * Converts one song and writes output and manifest.
     *
     * @param request what to convert, and to where
     * @param progress hears how far it is
     * @return output, manifest and what was noticed
     * @throws Problem when song, table or units cannot be read, memory does not suffice, or the output cannot be
     *     written
     */
    public Done convert(Request request, Progress progress) {
        Hparams.Infer infer = svc.hparams().infer();
        Depth depth = Depth.of(infer.depth());
        Targets targets = targets(request);
        Path target = targets.out();
        List<String> warnings = new ArrayList<>(svc.notes());
        warnings.addAll(svc.samplingNotes());
        try (StageTimer ledger = new StageTimer();
                Recording song = AudioFile.open(request.song());
                NDManager own = svc.manager().newSubManager()) {
            warnings.addAll(song.notes());
            long began = System.nanoTime();
            int rate = svc.hparams().audio().sampleRateHz();
            double most = Plan.sliceSeconds(
                    svc.costs(),
                    limit,
                    Plan.baseline(own),
                    python() ? Math.max(infer.sliceSeconds(), song.seconds()) : infer.sliceSeconds());
            if (sliceSeconds > most) {
                throw Problem.in(
                        "memory",
                        "slices of " + sliceSeconds + " s, as they were then",
                        String.format(Locale.ROOT, "room for %.1f s", most),
                        "give more memory (--max-memory)");
            }
            most = sliceSeconds > 0 ? sliceSeconds : most;
            List<Slice> parts =
                    Slice.of(song, Slicer.standard().at(infer.sliceDb()), (int) (most * song.sampleRateHz()), (int)
                            (CONTEXT_SECONDS * song.sampleRateHz()));
            SliceJoiner joining =
                    python() ? SliceJoiner.asPython(song, parts, rate) : SliceJoiner.exact(song, parts, rate);
            ledger.done(
                    "audio",
                    String.format(
                            Locale.ROOT,
                            "%.2f s at %d Hz, %d slice%s",
                            song.seconds(),
                            song.sampleRateHz(),
                            parts.size(),
                            parts.size() == 1 ? "" : "s"),
                    "[" + joining.samples() + "]",
                    (System.nanoTime() - began) / 1e9);
            boolean flac = target.toString().toLowerCase(Locale.ROOT).endsWith(".flac");
            targets.require((long) joining.samples() * depth.bytes() / (flac ? FLAC_PACKS : 1));
            Output.trySize(
                    "temporary files",
                    Temporary.folder().resolve("diffsvc.wav"),
                    (long) joining.samples() * Float.BYTES);
            F0Table table = request.f0() == null ? null : table(request.f0(), song, warnings);
            NDArray units = request.units() == null ? null : units(own, request.units(), song, warnings);
            List<F0Track> melodies = melodies(joining, table, ledger, progress, cache.noting(warnings::add), warnings);
            F0Table whole = melody(joining, melodies);
            Map<String, Manifest.Hashed> exports = new TreeMap<>(targets.exports());
            if (targets.f0Export() != null) {
                exports.put("f0", hashed(whole.write(targets.f0Export())));
            } else if (request.f0Export() != null) {
                warnings.add(shown(request.f0Export())
                        + " is the curve that was given: it stays as it is, and nothing is exported");
            }
            F0Track all = new F0Track(whole.hz(), whole.voiced(), 0);
            double key = request.key() + (infer.autoKey() ? VocalRange.suggestedKey(all, svc.hparams()) : 0);
            VocalRange range = VocalRange.of(all, svc.hparams(), key);
            if (range.known()) {
                progress.range(range, VocalRange.suggestedKey(all, svc.hparams()));
                if (range.outside() > MUCH_OUTSIDE) {
                    warnings.add(String.format(
                            Locale.ROOT,
                            "%.0f %% of the melody lies outside what the voice was trained on; --auto-key brings it nearer",
                            100 * range.outside()));
                }
            }
            SliceConverter singer =
                    singer(joining, melodies, units, key, ledger, progress, cache.noting(warnings::add));
            Written written = written(joining, singer, target, depth, warnings, ledger);
            Targets last = stillFree(request, targets, warnings);
            Manifest manifest =
                    manifest(request, last.out(), song, joining, most, key, range, written, ledger, exports, warnings);
            place(written.file(), last.out());
            manifest.write(last.manifest());
            return new Done(last.out(), targets.f0Export(), last.replaces(), manifest);
        }
    }

    /**
     * A curve of this song: one that lies wholly beside it is another song's, one that covers part of it leaves the
     * rest unvoiced.
     */
    private static F0Table table(Path file, Recording song, List<String> warnings) {
        F0Table table = F0Table.read(file);
        double first = table.seconds()[0],
                last = table.seconds()[table.rows() - 1],
                end = song.seconds(),
                covered = Math.min(end, last) - Math.max(0, first);
        if (last < 0 || first > end) {
            throw Problem.in(
                    "pitch",
                    file,
                    String.format(Locale.ROOT, "rows between 0 and %.2f s, the song's end", end),
                    String.format(Locale.ROOT, "%.2f to %.2f s", first, last),
                    "give the curve of this song");
        }
        if (covered < (1 - MUCH_UNCOVERED) * end) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "the F0 table covers %.2f of %.2f s; outside it nothing is voiced",
                    Math.max(0, covered),
                    end));
        }
        return table;
    }

    /** Units of this song: their number tells. */
    private NDArray units(NDManager own, Path file, Recording song, List<String> warnings) {
        NDArray units = UnitsFile.read(own, file);
        double seconds = song.seconds(), rate = units.getShape().get(1) / seconds;
        if (rate < FEWEST_UNITS_PER_SECOND || rate > MOST_UNITS_PER_SECOND) {
            throw Problem.in(
                    "content",
                    file,
                    String.format(
                            Locale.ROOT,
                            "%d to %d units a second, so %.0f to %.0f rows for %.2f s",
                            FEWEST_UNITS_PER_SECOND,
                            MOST_UNITS_PER_SECOND,
                            Math.ceil(FEWEST_UNITS_PER_SECOND * seconds),
                            Math.floor(MOST_UNITS_PER_SECOND * seconds),
                            seconds),
                    units.getShape().get(1) + " rows",
                    "give the units of this song");
        }
        double usual = svc.encoder().unitsPerSecond();
        if (Math.abs(rate / usual - 1) > MUCH_UNLIKE
                && Math.abs(units.getShape().get(1) - usual * seconds) > 2) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "the given units are %.1f a second, the voice's own encoder makes %.0f; they are stretched over the song",
                    rate,
                    usual));
        }
        return units;
    }

    private boolean python() {
        return svc.hparams().quirks() == Hparams.Quirks.PYTHON;
    }

    /** The melody of every sounding part; all of them come first, because an automatic key asks for the whole song. */
    private List<F0Track> melodies(
            SliceJoiner joining,
            F0Table table,
            StageTimer ledger,
            Progress progress,
            CondsCache cache,
            List<String> warnings) {
        List<F0Track> melodies = new ArrayList<>();
        float loudest = 0;
        Hparams h = svc.hparams();
        FrontEnd front = FrontEnd.of(h);
        double frame = h.audio().hopSeconds();
        String settings = "f0|" + h.pitch() + "|" + h.audio() + "|" + h.quirks() + "|"
                + front.getClass().getSimpleName() + "|"
                + (svc.files().containsKey("crepe")
                        ? models().get("crepe").sha256() + "|" + h.infer().seed()
                        : "");
        for (int i = 0; i < joining.parts().size(); i++) {
            Slice p = joining.parts().get(i);
            progress.at("pitch", p.start(), joining.song().samples());
            if (p.silent()) {
                melodies.add(null);
                continue;
            }
            long began = System.nanoTime();
            Wave heard = heard(joining, i);
            loudest = Math.max(loudest, heard.peak());
            F0Track melody;
            if (heard.isSilent()) {
                int frames = front.frames(front.signal(heard).length);
                melody = new F0Track(new float[frames], new boolean[frames], frame);
            } else if (table != null) {
                melody = svc.melodyOf(
                        heard, table, p.from() / (double) joining.song().sampleRateHz());
            } else {
                melody = cache.f0(svc.manager(), heard, settings, () -> svc.pitch(svc.signal(heard)));
            }
            melodies.add(melody);
            ledger.done(
                    "pitch",
                    table == null ? "F0 by " + h.pitch().extractor() : "F0 given",
                    "[" + melody.frames() + "]",
                    (System.nanoTime() - began) / 1e9);
        }
        if (loudest > LOUD) {
            warnings.add(String.format(
                    Locale.ROOT,
                    "the song's samples go up to %.1f, %.0f dB above full scale, and it is converted as loud as that",
                    loudest,
                    20 * Math.log10(loudest)));
        }
        return melodies;
    }

    /** All parts' melodies as one, each frame at its time in the song. */
    private static F0Table melody(SliceJoiner joining, List<F0Track> melodies) {
        List<F0Table> tables = new ArrayList<>();
        double rate = joining.song().sampleRateHz();
        for (int i = 0; i < melodies.size(); i++) {
            Slice p = joining.parts().get(i);
            if (melodies.get(i) != null) {
                tables.add(F0Table.of(melodies.get(i), p.from() / rate).before(p.to() / rate));
            }
        }
        return F0Table.joined(tables);
    }

    private Wave heard(SliceJoiner joining, int i) {
        return python() ? joining.heard(i).asPythonSlice() : joining.heard(i);
    }

    private SliceConverter singer(
            SliceJoiner joining,
            List<F0Track> melodies,
            NDArray units,
            double key,
            StageTimer ledger,
            Progress progress,
            CondsCache cache) {
        Hparams h = svc.hparams();
        String encoder = svc.files().containsKey("encoder")
                ? models().get("encoder").sha256() + "|" + h.hubert().heads()
                : "";
        RandomSource stream =
                h.infer().pythonOrder() ? RandomSource.inPythonOrder(h.infer().seed()) : null;
        long samples = joining.song().samples();
        return (i, given, wanted) -> {
            Slice p = joining.parts().get(i);
            Wave heard = python() ? given.asPythonSlice() : given;
            RandomSource draws = stream != null
                    ? stream
                    : RandomSource.keyed(
                            p.start() == 0
                                    ? h.infer().seed()
                                    : KeyedRandom.mix(h.infer().seed(), "slice", p.start()));
            try (NDManager own = svc.manager().newSubManager()) {
                long began = System.nanoTime();
                NDArray said = units != null
                        ? part(units, joining.song(), p)
                        : heard.isSilent() || encoder.isEmpty()
                                ? null
                                : cache.units(own, heard, encoder, () -> svc.units(heard));
                if (said != null) {
                    ledger.done(
                            "content",
                            units == null ? "units of " + h.hubert().file() : "units given",
                            said.getShape().toString(),
                            (System.nanoTime() - began) / 1e9);
                }
                float[] wave = svc.convert(
                                heard,
                                DiffSvc.Given.NOTHING
                                        .withUnits(said)
                                        .withMelody(melodies.get(i))
                                        .withKey(key),
                                wanted,
                                draws,
                                (stage, what, shape, seconds) -> {
                                    if (!List.of("audio", "pitch", "content", "range")
                                            .contains(stage)) { // heard before, and counted
                                        ledger.done(stage, what, shape, seconds);
                                    }
                                },
                                (done, of, t, step) ->
                                        progress.at("sampling", p.start() + (long) p.samples() * done / of, samples),
                                (name, value) -> {})
                        .wave()
                        .first();
                progress.at("sampling", p.end(), samples);
                return wave;
            } finally {
                ProcessMemory.release();
            }
        };
    }

    /** The rows of a whole song's units that belong to a part. */
    private static NDArray part(NDArray units, Recording song, Slice p) {
        if (p.heard() == song.samples()) {
            return units.duplicate();
        }
        long rows = units.getShape().get(1),
                from = Math.min(rows - 1, Math.round(p.from() * (double) rows / song.samples()));
        long to = Math.max(from + 1, Math.min(rows, Math.round(p.to() * (double) rows / song.samples())));
        return units.get(":, " + from + ":" + to + ", :").duplicate();
    }

    /** The result, whole and read back, under a temporary name beside its target. */
    private record Written(Path file, float scale, long beyond, List<Join> seams, int samples) {}

    /**
     * The joined song first as floats beside its target, then, when its peak is known, in the format that was asked
     * for.
     */
    private Written written(
            SliceJoiner joining,
            SliceConverter singer,
            Path target,
            Depth depth,
            List<String> warnings,
            StageTimer ledger) {
        int rate = joining.rateHz();
        Path joined = null, fresh = null;
        boolean whole = false;
        try {
            joined = Temporary.file("output", ".wav"); // 10 MB a minute
            float[] peak = {0};
            long[] beyond = {0};
            try (WavWriter out = WavWriter.open(joined, 1, rate, Depth.FLOAT)) {
                joining.run(singer, samples -> {
                    for (float v : samples) {
                        peak[0] = Math.max(peak[0], Math.abs(v));
                        beyond[0] += Math.abs(v) > 1 ? 1 : 0;
                    }
                    out.append(samples);
                });
            } catch (Problem stop) {
                if (stop.isStop()) {
                    keepWhatWasSung(joining, joined);
                }
                throw stop;
            }
            long began = System.nanoTime();
            float scale = depth == Depth.FLOAT || peak[0] <= 1 ? 1 : WaveWriter.HEADROOM / peak[0];
            if (beyond[0] > 0) {
                warnings.add(
                        depth == Depth.FLOAT
                                ? beyond[0] + " samples go beyond full scale; floats keep them, players may not"
                                : String.format(
                                        Locale.ROOT,
                                        "%d samples went beyond full scale, so all are scaled by %.3f and nothing clips",
                                        beyond[0],
                                        scale));
            }
            List<Join> seams;
            int written;
            String ending = target.getFileName().toString().replaceAll(".*\\.", "");
            fresh = target.resolveSibling(".diffsvc-" + Long.toHexString(System.nanoTime()) + ".part." + ending);
            fresh.toFile().deleteOnExit();
            try (WavReader result = WavReader.open(joined)) {
                seams = Join.audit(joining, result);
                written = result.samples();
                WaveWriter.write(fresh, result, depth, scale);
            }
            try (Recording back = AudioFile.open(fresh)) { // what was promised can be read back
                if (back.samples() != written) {
                    throw Problem.in(
                            "output",
                            target,
                            written + " samples",
                            String.valueOf(back.samples()),
                            "check the disk, and try again");
                }
            }
            ledger.done(
                    "output",
                    ending + ", " + depth.text() + (depth == Depth.FLOAT ? "" : " bits"),
                    "[" + written + "]",
                    (System.nanoTime() - began) / 1e9);
            whole = true;
            return new Written(fresh, scale, beyond[0], seams, written);
        } catch (IOException | UncheckedIOException e) {
            throw Problem.in(
                    "output",
                    target,
                    "a file that can be written",
                    WholeFile.reason(e instanceof UncheckedIOException u ? u.getCause() : (IOException) e),
                    "check the folder's permissions and the free disk space");
        } finally {
            if (joined != null) {
                joined.toFile().delete();
            }
            if (fresh != null && !whole) {
                fresh.toFile().delete();
            }
        }
    }

    /** Work of hours: where somebody put a file of that name meanwhile, theirs stays and the song goes beside it. */
    private Targets stillFree(Request r, Targets before, List<String> warnings) {
        try {
            return targets(new Request(
                    r.song(), r.out(), r.key(), r.units(), r.f0(), null, r.config(), r.checkpoint(), r.rule()));
        } catch (Problem e) {
            Targets beside = before.beside();
            warnings.add(shown(before.out()) + " was written by somebody else meanwhile and stays; the song is in "
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

    /** After the stop button: the song up to there, unless it is too long to hold. */
    private void keepWhatWasSung(SliceJoiner joining, Path joined) throws IOException {
        try (WavReader sung = WavReader.open(joined)) {
            int done = 0;
            while (done < joining.parts().size() && joining.places()[done + 1] <= sung.samples()) {
                done++;
            }
            Wave wave = sung.samples() > 0 && sung.samples() <= LONGEST_KEPT_SECONDS * joining.rateHz()
                    ? sung.read(0, sung.samples())
                    : null;
            svc.keep(new PartialResult("song", done, joining.parts().size(), Map.of(), wave));
        }
    }

    /** Files and hashes of the models; made once. */
    private Map<String, Manifest.Hashed> models() {
        if (models.isEmpty()) {
            svc.files()
                    .forEach((role, file) ->
                            models.put(role, new Manifest.Hashed(svc.paths().shown(file), Sha256.of(file))));
        }
        return models;
    }

    private Manifest manifest(
            Request r,
            Path target,
            Recording song,
            SliceJoiner joining,
            double most,
            double key,
            VocalRange range,
            Written written,
            StageTimer ledger,
            Map<String, Manifest.Hashed> exports,
            List<String> warnings) {
        Hparams h = svc.hparams();
        int silent = 0, cuts = 0;
        double silentSeconds = 0, longest = 0;
        for (Slice p : joining.parts()) {
            silent += p.silent() ? 1 : 0;
            cuts += p.cut() ? 1 : 0;
            silentSeconds += p.silent() ? p.samples() / (double) song.sampleRateHz() : 0;
            longest = p.silent() ? longest : Math.max(longest, p.heard() / (double) song.sampleRateHz());
        }
        if (silent > 0) {
            warnings.add(String.format(
                    Locale.ROOT, "%d silent slices, %.2f s together, stay silent", silent, silentSeconds));
        }
        written.seams().stream()
                .filter(Join::heard)
                .forEach(s -> warnings.add(String.format(
                        Locale.ROOT,
                        "the seam at %.2f s (%s) stands out: %.1f dB, around it %.1f dB, step %.4f",
                        s.seconds(),
                        s.kind(),
                        s.loudnessDb(),
                        s.aroundDb(),
                        s.jump())));
        Map<String, Manifest.Hashed> given = new TreeMap<>();
        if (r.units() != null) {
            given.put("units", hashed(r.units()));
        }
        if (r.f0() != null) {
            given.put("f0", hashed(r.f0()));
        }
        boolean upstream = r.config() != null;
        return new Manifest(
                Manifest.FORMAT,
                PROGRAM,
                machine(),
                upstream ? "" : h.project(),
                upstream ? shown(r.config()) : "",
                upstream ? shown(r.checkpoint()) : "",
                HparamsYaml.toMap(h),
                r.key(),
                key,
                given,
                exports,
                svc.vocoderName(),
                models(),
                new Manifest.Input(
                        shown(r.song()),
                        Sha256.of(r.song()),
                        song.samples(),
                        song.channels(),
                        song.sampleRateHz(),
                        song.seconds()),
                new Manifest.Output(
                        shown(target),
                        Sha256.of(written.file()),
                        written.samples(),
                        joining.rateHz(),
                        h.infer().depth(),
                        written.scale(),
                        written.beyond()),
                new Manifest.Slices(joining.parts().size() - silent, silent, silentSeconds, cuts, longest, most),
                new Manifest.Range(
                        range.songHz(),
                        range.trainedHz(),
                        range.outside(),
                        range.firstHz(),
                        range.song(),
                        range.trained()),
                ledger.lines(),
                written.seams(),
                List.copyOf(warnings));
    }

    private Manifest.Hashed hashed(Path file) {
        return new Manifest.Hashed(shown(file), Sha256.of(file));
    }

    private String shown(Path file) {
        return svc.paths().shown(file);
    }

    private static Map<String, String> machine() {
        Map<String, String> machine = new LinkedHashMap<>();
        machine.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        machine.put("java", System.getProperty("java.version"));
        machine.put(
                "engine",
                Engine.getInstance().getEngineName() + " "
                        + Engine.getInstance().getVersion());
        machine.put("device", Engine.getInstance().defaultDevice().toString());
        machine.put("threads", String.valueOf(ai.djl.pytorch.jni.JniUtils.getNumThreads()));
        return machine;
    }
}
