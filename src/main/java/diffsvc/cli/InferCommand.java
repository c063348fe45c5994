package diffsvc.cli;

import ai.djl.engine.Engine;
import diffsvc.audio.Depth;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.conds.CondsCache;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Overrides;
import diffsvc.hparams.PitchKind;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.infer.Inference;
import diffsvc.infer.Manifest;
import diffsvc.platform.ProcessMemory;
import diffsvc.voice.DiffSvc;
import diffsvc.voice.ModelFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Converts songs. */
@Command(
        name = "infer",
        description =
                "Converts songs into a voice: SONG.wav to output/SONG_PROJECT_steps_N.wav, with a manifest (.json) beside it.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        sortOptions = false)
final class InferCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "SONG",
            arity = "0..*",
            description =
                    "WAV, FLAC, OGG, MP3, M4A, ... of any rate and channels, from where you stand (default: the project's raw/music1.wav)")
    List<String> songs = new ArrayList<>();

    @Option(names = "--project", defaultValue = "demo", description = "voice under models/ (default ${DEFAULT-VALUE})")
    String project;

    @ArgGroup(exclusive = false)
    DoctorCommand.Upstream upstream;

    @Option(
            names = {"--key", "--keys"},
            split = ",",
            description =
                    "semitones to shift the melody by, -48 to 48; one a song, a short list goes on with its first")
    List<Double> keys = new ArrayList<>();

    @Option(
            names = "--auto-key",
            description = "shift by whole semitones to the median that the voice was trained on (on top of --key)")
    Boolean autoKey;

    @Option(names = "--pitch", completionCandidates = PitchNames.class, description = "${COMPLETION-CANDIDATES}")
    String pitch;

    @Option(names = "--f0", description = "CSV of time, Hz, voiced instead of the pitch extractor")
    String f0;

    @Option(
            names = "--export-f0",
            description =
                    "write the melody as such a CSV beside the output, to edit and give back by --f0; an edited one is never replaced")
    boolean exportF0;

    @Option(
            names = "--units",
            description = ".npy or .npz with units of another encoder, [P, H], instead of the voice's own")
    String units;

    @Option(
            names = "--steps",
            description = "network evaluations over the whole schedule; must divide its 1000 for ddpm, plms and ddim")
    Integer steps;

    @Option(names = "--sampler", description = "ddpm, plms, ddim, dpmpp, unipc2 or unipc3")
    String sampler;

    @Option(
            names = "--accelerate",
            description =
                    "the Python project's way to say it: every so many steps of the schedule by plms; 1 = all of them by ddpm")
    Integer accelerate;

    @Option(names = "--use-gt-mel", description = "start from the song's own mel, noised as far as --add-noise-step")
    Boolean useGtMel;

    @Option(names = "--add-noise-step", description = "1 = the song itself, 1000 = pure noise (with --use-gt-mel)")
    Integer addNoiseStep;

    @Option(names = "--seed", description = "one seed, one file")
    Long seed;

    @Option(
            names = "--python-order",
            description =
                    "draw in the Python project's order and with its oddities (quirks=python), by plms with 50 steps unless told otherwise")
    boolean pythonOrder;

    @Option(names = "--vocoder", description = "built-in: the source-filter vocoder in place of the project's own")
    String vocoder;

    @Option(
            names = "--slice-db",
            description = "a song is cut where it is softer for 300 ms, and stays silent there (default -40)")
    Double sliceDb;

    @Option(
            names = "--max-memory",
            description =
                    "the whole process stays below, 2GiB for instance (default 80 %% of what there is): slices become shorter")
    String maxMemory;

    @Option(names = "--threads", description = "threads of the engine, at most four a core (default: all cores)")
    Integer threads;

    @Option(names = "--format", description = "wav or flac")
    String format;

    @Option(names = "--depth", description = "16, 24 or float (WAV only)")
    String depth;

    @Option(
            names = "--out",
            description = "file to write, or a folder, from where you stand (default: the project's output/)")
    String out;

    @Option(
            names = "--overwrite",
            description =
                    "replace files that infer did not write, or that were changed since; never a file that is read")
    boolean overwrite;

    @Option(names = "--no-cache", description = "neither read nor keep melodies and units in cache/")
    boolean noCache;

    @Option(
            names = "--hparams",
            defaultValue = "",
            description = "overrides of keys that have no option, key=value with commas between")
    String overrides;

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        if (upstream == null) {
            ProjectName.require("options", project);
        }
        if (songs.isEmpty()) {
            songs.add(paths.resolve("raw/music1.wav").toString());
        }
        if (songs.size() > 1 && (f0 != null || units != null)) {
            throw Problem.in(
                    "options", "one song with --f0 or --units", songs.size() + " songs", "convert it by itself");
        }
        if (keys.size() > songs.size()) {
            throw Problem.in(
                    "options",
                    "at most one key a song",
                    keys.size() + " keys for " + songs.size() + " songs",
                    "leave some out");
        }
        keys.forEach(key -> Bound.number("options", "--key", key, -Inference.LARGEST_KEY, Inference.LARGEST_KEY));
        List<Path> sources = songs.stream().map(ProjectPaths::here).toList();
        if (sources.stream().noneMatch(Files::isRegularFile)) { // before any model: a wrong path should cost nothing
            Input.require("audio", sources.get(0), "a recording");
        }
        ModelFiles files = ModelFiles.in(paths.models());
        ModelFiles.Pair pair = upstream == null
                ? files.project(project)
                : files.upstream(here(upstream.config), here(upstream.checkpoint));
        String all = settings(pair.hparams());
        long limit = maxMemory == null ? 0 : ProcessMemory.asked(maxMemory);
        try (DiffSvc svc = DiffSvc.open(paths, pair, all)) {
            Hparams.Infer infer = svc.hparams().infer();
            check(infer);
            svc.times(); // refuses steps that the sampler cannot take
            if (infer.threads() > 0) {
                Threads.use(infer.threads());
            }
            Inference inference = new Inference(svc, limit, noCache ? CondsCache.NONE : CondsCache.in(paths.cache()));
            List<Inference.Request> requests = new ArrayList<>();
            for (int i = 0; i < sources.size(); i++) {
                requests.add(request(
                        paths,
                        svc,
                        sources.get(i),
                        keys.isEmpty() ? infer.key() : keys.get(i < keys.size() ? i : 0),
                        inference));
            }
            return new Batch(inference, requests, svc).run();
        }
    }

    private Inference.Request request(ProjectPaths paths, DiffSvc svc, Path song, double key, Inference inference) {
        String ending = svc.hparams().infer().format().toLowerCase(Locale.ROOT);
        Path target = svc.outputFile(song.toString(), ending);
        if (out != null) {
            Path given = ProjectPaths.here(out);
            String name = given.getFileName() == null
                    ? ""
                    : given.getFileName().toString().toLowerCase(Locale.ROOT);
            boolean folder = Files.isDirectory(given) || !name.matches(".*\\.(wav|flac|[a-z0-9]{2,4})");
            if (!folder && songs.size() > 1) {
                throw Problem.in(
                        "options",
                        "a folder as --out for " + songs.size() + " songs",
                        out,
                        "name a folder, or convert one song");
            }
            if (!folder
                    && (format != null || new Overrides("options", overrides).firstOf("infer.format") != null)
                    && !name.endsWith("." + ending)) {
                throw Problem.in(
                        "options",
                        "--format and the ending of --out that agree",
                        ending + " and " + given.getFileName(),
                        "leave --format out, or write NAME." + ending);
            }
            target = folder ? given.resolve(target.getFileName()) : given;
        }
        String name = target.getFileName().toString();
        Path table = !exportF0
                ? null
                : target.resolveSibling(name.substring(0, Math.max(name.lastIndexOf('.'), 1)) + ".f0.csv");
        Output rule =
                new Output(overwrite, songs.stream().map(ProjectPaths::here).toList());
        return new Inference.Request(
                song,
                target,
                key,
                here(units),
                here(f0),
                table,
                upstream == null ? null : here(upstream.config),
                upstream == null ? null : here(upstream.checkpoint),
                rule);
    }

    private static Path here(Object path) {
        return path == null ? null : ProjectPaths.here(path.toString());
    }

    /**
     * Songs one after the other. All outputs are tried first; what fails is named and counted, and the rest goes on.
     */
    private record Batch(Inference inference, List<Inference.Request> requests, DiffSvc svc) {
        int run() {
            Map<String, Path> targets = new LinkedHashMap<>();
            for (Inference.Request r : requests) {
                Path other = targets.putIfAbsent(
                        Output.real(Inference.manifestOf(r.out())).toString(), r.song());
                if (other != null) {
                    throw Problem.in(
                            "output",
                            r.out(),
                            "one output name a song",
                            other + " and " + r.song(),
                            "rename one, or convert them into different folders (--out)");
                }
            }
            List<Inference.Request> possible = new ArrayList<>();
            int code = 0;
            for (Inference.Request r : requests) {
                int failed = attempt(r, () -> inference.check(r));
                code = worse(code, failed);
                if (failed == 0) {
                    possible.add(r);
                }
            }
            int converted = 0;
            for (Inference.Request r : possible) {
                if (requests.size() > 1) {
                    System.out.println(svc.paths().shown(r.song()));
                }
                int failed = attempt(r, () -> convert(r));
                code = worse(code, failed);
                converted += failed == 0 ? 1 : 0;
            }
            if (requests.size() > 1) {
                int failed = requests.size() - converted;
                System.out.printf(
                        "%d of %d songs converted%s%n",
                        converted, requests.size(), failed == 0 ? "" : ", " + failed + " failed");
            }
            return code;
        }

        private void convert(Inference.Request r) {
            Inference.Done done;
            try (SongBar bar = new SongBar()) {
                done = inference.convert(r, bar);
            }
            print(done, r, svc);
        }

        /** An exit code; one song's error, even of memory, does not end the others. */
        private int attempt(Inference.Request r, Runnable work) {
            try {
                work.run();
                return 0;
            } catch (Throwable e) {
                Failure failure = Failure.of("infer", e);
                if (failure.sentence() != null) {
                    System.err.println(
                            e instanceof Problem || requests.size() == 1
                                    ? failure.sentence()
                                    : r.song() + ": " + failure.sentence());
                } else if (requests.size() == 1) {
                    e.printStackTrace();
                } else {
                    System.err.println("infer: " + r.song() + ": need a conversion, got " + e + "; please report it");
                }
                return failure.code();
            }
        }

        private static int worse(int code, int other) {
            return code == 2 || other == 2 ? 2 : Math.max(code, other);
        }
    }

    static void print(Inference.Done done, Inference.Request r, DiffSvc svc) {
        for (Manifest.Stage s : done.manifest().stages()) {
            String what = s.what() + (s.slices() > 1 ? " (x " + s.slices() + ")" : "");
            System.out.printf(
                    Locale.ROOT,
                    "%-10s %-52s %-18s %7.2f s %6s%n",
                    s.stage(),
                    what,
                    s.slices() > 1 ? "" : s.shape(),
                    s.seconds(),
                    s.peakBytes() > 0 ? ProcessMemory.shown(s.peakBytes()) : "");
        }
        long stand = done.manifest().seams().stream()
                .filter(diffsvc.infer.Join::heard)
                .count();
        if (!done.manifest().seams().isEmpty()) {
            System.out.printf(
                    "seams      %d, %s%n",
                    done.manifest().seams().size(), stand == 0 ? "none stands out" : stand + " stand out");
        }
        boolean silent = done.manifest().slices().sounding() == 0
                || done.manifest().stages().stream().noneMatch(s -> s.stage().equals("vocoder"));
        if (silent) {
            System.out.println("note       the song is silent, so the output is too");
        }
        done.manifest().warnings().forEach(w -> System.out.println("note       " + w));
        if (done.f0Export() != null) {
            System.out.println("wrote      " + svc.paths().shown(done.f0Export()));
        }
        System.out.println(
                (done.replaced() ? "replaced   " : "wrote      ") + svc.paths().shown(done.file()));
    }

    private static void check(Hparams.Infer infer) {
        Threads.require("infer.threads", infer.threads(), 0);
        String ending = infer.format().toLowerCase(Locale.ROOT);
        if (!ending.equals("wav") && !ending.equals("flac")) {
            throw Problem.in("options", "--format wav or flac", infer.format(), "choose one of the two");
        }
        Depth.of(infer.depth());
    }

    /** The registry's names, for the help text. */
    private static final class PitchNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Arrays.stream(PitchKind.values()).map(PitchKind::text).iterator();
        }
    }

    /** The options as overrides of the hparams, then those of --hparams, for keys that no option sets. */
    private String settings(Hparams of) {
        if (pitch != null) {
            PitchKind.named("options", "--pitch", pitch);
        }
        if (vocoder != null && !vocoder.equals("built-in")) {
            throw Problem.in(
                    "options", "--vocoder built-in", vocoder, "leave it out for the vocoder the project names");
        }
        if (threads != null) {
            Threads.require("--threads", threads, 1);
        }
        Overrides set = new Overrides("options", overrides);
        without(pitch != null && f0 != null, "--pitch", "--f0 gives the melody, so no extractor runs");
        once(set, keys.isEmpty() ? null : keys, "--key", "infer.key");
        once(set, steps, "--steps", "infer.steps");
        once(set, sampler, "--sampler", "infer.sampler");
        once(set, accelerate, "--accelerate", "infer.steps", "infer.sampler");
        once(set, pitch, "--pitch", "pitch.extractor");
        once(set, autoKey, "--auto-key", "infer.auto_key");
        once(set, useGtMel, "--use-gt-mel", "infer.use_gt_mel");
        once(set, addNoiseStep, "--add-noise-step", "infer.add_noise_step");
        once(set, seed, "--seed", "infer.seed");
        once(set, threads, "--threads", "infer.threads");
        once(set, format, "--format", "infer.format");
        once(set, depth, "--depth", "infer.depth");
        once(set, sliceDb, "--slice-db", "infer.slice_db");
        once(set, vocoder, "--vocoder", "vocoder.built_in");
        without(units != null && set.firstOf("hubert.") != null, "hubert.*", "--units takes the encoder's place");
        without(
                f0 != null && set.firstOf("pitch.extractor") != null,
                "pitch.extractor",
                "--f0 gives the melody, so no extractor runs");
        if (addNoiseStep != null && useGtMel == null && !of.infer().useGtMel()) {
            throw Problem.in(
                    "options", "--use-gt-mel with --add-noise-step", "--add-noise-step alone", "add --use-gt-mel");
        }
        StringBuilder all = new StringBuilder();
        if (pythonOrder) {
            add(all, "quirks", "python");
            add(all, "infer.python_order", true);
            if (steps == null && sampler == null && accelerate == null) {
                accelerate = 20;
            }
        }
        if (accelerate != null) {
            accelerated(of.noise().steps());
        }
        add(all, "pitch.extractor", pitch);
        add(all, "infer.auto_key", autoKey);
        add(all, "infer.steps", steps);
        add(all, "infer.sampler", sampler);
        add(all, "infer.use_gt_mel", useGtMel);
        add(all, "infer.add_noise_step", addNoiseStep);
        add(all, "infer.seed", seed);
        add(all, "infer.threads", threads);
        add(all, "infer.format", format);
        add(all, "infer.depth", depth);
        add(all, "infer.slice_db", sliceDb);
        add(all, "vocoder.built_in", vocoder == null ? null : Boolean.TRUE);
        return diffsvc.hparams.Arg2Hparams.join(all.toString(), overrides);
    }

    /** An option and an override of the same key: one of them would have no effect. */
    private static void once(Overrides set, Object given, String option, String... keys) {
        String key = set.firstOf(keys);
        without(given != null && key != null, key, option + " is given");
    }

    private static void without(boolean effect, String option, String why) {
        if (effect) {
            throw Problem.in("options", "options that have an effect", option + ": " + why, "leave " + option + " out");
        }
    }

    /** 20 is 50 steps of PLMS over a schedule of 1000, 1 is every step by DDPM. */
    private void accelerated(int schedule) {
        if (steps != null) {
            throw Problem.in("options", "--steps or --accelerate", "both", "leave one out");
        }
        if (accelerate < 1 || schedule % accelerate != 0) {
            throw Problem.in(
                    "options",
                    "--accelerate that divides " + schedule,
                    String.valueOf(accelerate),
                    "take 10, 20 or 50");
        }
        steps = schedule / accelerate;
        sampler = sampler != null ? sampler : accelerate == 1 ? "ddpm" : "plms";
    }

    private static void add(StringBuilder all, String name, Object value) {
        if (value != null) {
            all.append(all.length() == 0 ? "" : ",").append(name).append('=').append(value);
        }
    }

    /** The engine's thread counts; the second can be set only before the first operation. */
    static final class Threads {
        private Threads() {}

        /** More than a few a core only wait for one another. */
        static void require(String name, int threads, int least) {
            int most = 4 * Runtime.getRuntime().availableProcessors();
            if (threads < least || threads > most) {
                throw Problem.in(
                        "options",
                        name + " from " + least + " to " + most + ", four a core",
                        String.valueOf(threads),
                        "leave it out to use all cores");
            }
        }

        static void use(int threads) {
            System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(threads));
            Engine.getInstance();
            ai.djl.pytorch.jni.JniUtils.setNumThreads(threads);
        }
    }
}
