package diffsvc.cli;

import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.conds.CondsCache;
import diffsvc.files.Input;
import diffsvc.files.Output;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Overrides;
import diffsvc.hparams.PitchKind;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.hparams.SamplerKind;
import diffsvc.infer.BatchInference;
import diffsvc.infer.Inference;
import diffsvc.infer.Request;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.EngineThreads;
import diffsvc.platform.ProcessMemory;
import diffsvc.voice.Effect;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Voice;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
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
    private static final String DEMO = "demo";

    @Parameters(
            paramLabel = "SONG",
            arity = "0..*",
            description =
                    "WAV, FLAC, OGG, MP3, M4A, ... of any rate and channels, relative to the current directory (default: the project's raw/music1.wav)")
    List<String> songs = new ArrayList<>();

    @Option(names = "--project", description = "voice under models/ (default " + DEMO + ")")
    String project;

    @ArgGroup(exclusive = false)
    DoctorCommand.Upstream upstream;

    @Option(
            names = {"--key", "--keys"},
            split = ",",
            description = "key shift in semitones, -48 to 48; one per song, and songs without their own take the first")
    List<Double> keys = new ArrayList<>();

    @Option(
            names = "--auto-key",
            description = "shift by whole semitones to the median that the voice was trained on (on top of --key)")
    Boolean autoKey;

    @Option(
            names = "--pitch",
            completionCandidates = PitchNames.class,
            description = "one of ${COMPLETION-CANDIDATES} (default: the voice's own)")
    String pitch;

    @Option(names = "--f0", description = "CSV of time, Hz, voiced instead of the pitch extractor")
    String f0;

    @Option(
            names = "--export-f0",
            description =
                    "write F0 as such a CSV beside the output, to edit and pass to --f0; an edited one is never replaced")
    boolean exportF0;

    @Option(
            names = "--units",
            description = ".npy or .npz with units of another encoder, [P, H], instead of the voice's own")
    String units;

    @Option(
            names = "--steps",
            description = "network evaluations, spread over the diffusion steps from the start on: 1000, those of a"
                    + " shallow voice (noise.k_step), or --add-noise-step (default: the voice's own)")
    Integer steps;

    @Option(
            names = "--sampler",
            completionCandidates = SamplerNames.class,
            description = "one of ${COMPLETION-CANDIDATES} (default: the voice's own)")
    String sampler;

    @Option(
            names = "--temperature",
            description = "standard deviation of the noise that sampling starts from, 0 to 2; 1: as trained, below:"
                    + " smoother, with clearer words (default: the voice's own)")
    Double temperature;

    @Option(
            names = "--accelerate",
            description = "the Python project's option: every N-th step of the schedule by plms; 1: all steps by ddpm")
    Integer accelerate;

    @Option(names = "--use-gt-mel", description = "start from the song's own mel with the noise of --add-noise-step")
    Boolean useGtMel;

    @Option(names = "--add-noise-step", description = "1: the song itself, 1000: pure noise (with --use-gt-mel)")
    Integer addNoiseStep;

    @Option(names = "--seed", description = "random seed; repeats give the same file (default: the voice's own)")
    Long seed;

    @Option(
            names = "--python-order",
            description =
                    "random numbers in the Python project's order and its quirks (quirks=python); plms with 50 steps by default")
    boolean pythonOrder;

    @Option(names = "--vocoder", description = "built-in: the source-filter vocoder in place of the project's own")
    String vocoder;

    @Option(
            names = "--slice-db",
            description = "silence: softer than this for 300 ms; a song is cut there and stays silent (default -40)")
    Double sliceDb;

    @Option(
            names = "--max-memory",
            description =
                    "limit of the whole process, or of its memory on a GPU, 2GiB for instance; slices become shorter,"
                            + " and fewer share a batch (default 80 %% of the memory)")
    String maxMemory;

    @Option(names = "--threads", description = "threads of the engine, at most four per core (default: all cores)")
    Integer threads;

    @Mixin
    DeviceOption device = new DeviceOption();

    @Option(
            names = "--precision",
            completionCandidates = Precisions.class,
            description = "between the layers: ${COMPLETION-CANDIDATES} (default auto: mixed on a processor that "
                    + "gains by bfloat16, else float32; float16 needs a GPU)")
    String precision;

    @Option(names = "--format", description = "wav or flac (default: the ending of --out, or else the voice's own)")
    String format;

    @Option(names = "--depth", description = "16, 24 or float, WAV only (default: the voice's own)")
    String depth;

    @Option(
            names = "--out",
            description = "file or folder to write, relative to the current directory (default: the project's output/)")
    String out;

    @Option(
            names = "--overwrite",
            description =
                    "replace files that infer did not write or that were changed since; input files are never replaced")
    boolean overwrite;

    @Option(names = "--no-cache", description = "neither read nor keep F0 and units in cache/")
    boolean noCache;

    @Option(
            names = "--hparams",
            defaultValue = "",
            description = "settings that have no option, key=value separated by commas")
    String overrides;

    @Override
    public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        if (project != null && upstream != null) {
            throw Problem.in("options", "--project or --config with --ckpt", "both", "leave one out");
        }
        if (upstream == null) {
            project = ProjectName.require("options", project == null ? DEMO : project);
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
                    "at most one key per song",
                    keys.size() + " keys for " + songs.size() + " songs",
                    "leave some out");
        }
        keys.forEach(key -> Bound.number("options", "--key", key, -Hparams.LARGEST_KEY, Hparams.LARGEST_KEY));
        List<Path> sources = songs.stream().map(ProjectPaths::here).toList();
        if (sources.stream().noneMatch(Files::isRegularFile)) { // before any model: a wrong path should cost nothing
            Input.require("audio", sources.get(0), "a recording");
        }
        ModelFiles files = ModelFiles.in(paths.models());
        ModelFiles.Pair pair = upstream == null
                ? files.project(project)
                : files.upstream(here(upstream.config), here(upstream.checkpoint));
        UnaryOperator<Hparams> settings = settings(pair.hparams());
        long limit = maxMemory == null ? 0 : ProcessMemory.asked(maxMemory);
        ComputeDevice on = device.chosen();
        if (on.isGpu()) {
            System.out.println("device     " + on);
        }
        int asked = settings.apply(pair.hparams()).infer().threads();
        EngineThreads.require("infer.threads", asked, 0);
        EngineThreads.use(asked); // before the voice decides its precision by what these threads take
        try (Voice voice = Voice.open(paths, pair, settings, on)) {
            Hparams.Infer infer = voice.hparams().infer();
            voice.times(); // refuses steps that the sampler cannot take
            Inference inference = new Inference(voice, limit, noCache ? CondsCache.NONE : CondsCache.in(paths.cache()));
            List<Request> requests = new ArrayList<>();
            for (int i = 0; i < sources.size(); i++) {
                double key = keys.isEmpty() ? infer.key() : keys.get(i < keys.size() ? i : 0);
                requests.add(request(inference, infer.format(), sources.get(i)).key(key));
            }
            InferReport report = new InferReport(voice, requests.size());
            Thread stopped = new Thread(report::stopped);
            Runtime.getRuntime().addShutdownHook(stopped);
            int converted;
            try {
                converted = new BatchInference(inference).run(requests, report);
            } finally {
                withdraw(stopped);
            }
            if (requests.size() > 1) {
                int failed = requests.size() - converted;
                System.out.printf(
                        "%d of %d songs converted%s%n",
                        converted, requests.size(), failed == 0 ? "" : ", " + failed + " failed");
            }
            return report.code();
        }
    }

    /** Takes a hook back, unless the process is ending already: then it runs. */
    private static void withdraw(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // Ctrl-C was pressed
        }
    }

    private Request request(Inference inference, String ending, Path song) {
        Path target = inference.usualTarget(song);
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
        Request request = Request.of(song)
                .to(target)
                .units(here(units))
                .f0(here(f0))
                .exportingF0(table)
                .replacing(new Output(
                        overwrite, songs.stream().map(ProjectPaths::here).toList()));
        return upstream == null ? request : request.voiceFrom(here(upstream.config), here(upstream.checkpoint));
    }

    private static Path here(Object path) {
        return path == null ? null : ProjectPaths.here(path.toString());
    }

    /** The options as an edit of the voice's settings, with those of --hparams for keys that no option sets. */
    private UnaryOperator<Hparams> settings(Hparams of) {
        if (pitch != null) {
            PitchKind.named("options", "--pitch", pitch);
        }
        if (vocoder != null && !vocoder.equals("built-in")) {
            throw Problem.in(
                    "options", "--vocoder built-in", vocoder, "leave it out for the vocoder the project names");
        }
        if (precision != null) {
            Precision.named("options", "--precision", precision);
        }
        if (threads != null) {
            EngineThreads.require("--threads", threads, 1);
        }
        Overrides set = new Overrides("options", overrides);
        without(pitch != null && f0 != null, "--pitch", "--f0 gives F0, so no extractor runs");
        once(set, keys.isEmpty() ? null : keys, "--key", "infer.key");
        once(set, steps, "--steps", "infer.steps");
        once(set, sampler, "--sampler", "infer.sampler");
        once(set, temperature, "--temperature", "infer.temperature");
        once(set, accelerate, "--accelerate", "infer.steps", "infer.sampler");
        once(set, pitch, "--pitch", "pitch.extractor");
        once(set, autoKey, "--auto-key", "infer.auto_key");
        once(set, useGtMel, "--use-gt-mel", "infer.use_gt_mel");
        once(set, addNoiseStep, "--add-noise-step", "infer.add_noise_step");
        once(set, seed, "--seed", "infer.seed");
        once(set, threads, "--threads", "infer.threads");
        once(set, precision, "--precision", "infer.precision");
        once(set, format, "--format", "infer.format");
        once(set, depth, "--depth", "infer.depth");
        once(set, sliceDb, "--slice-db", "infer.slice_db");
        once(set, vocoder, "--vocoder", "vocoder.built_in");
        without(units != null && set.firstOf("hubert.") != null, "hubert.*", "--units takes the encoder's place");
        without(
                f0 != null && set.firstOf("pitch.extractor") != null,
                "pitch.extractor",
                "--f0 gives F0, so no extractor runs");
        if (addNoiseStep != null && useGtMel == null && !of.infer().useGtMel()) {
            throw Problem.in(
                    "options", "--use-gt-mel with --add-noise-step", "--add-noise-step alone", "add --use-gt-mel");
        }
        if (pythonOrder && steps == null && sampler == null && accelerate == null) {
            accelerate = 20;
        }
        if (accelerate != null) {
            accelerated(Arg2Hparams.apply(edited(of), overrides));
        }
        set.keys().forEach(key -> Effect.require(Arg2Hparams.apply(edited(of), overrides), key));
        return h -> Arg2Hparams.apply(edited(h), overrides);
    }

    private Hparams edited(Hparams h) {
        return h.quirks(pythonOrder ? Hparams.Quirks.PYTHON : h.quirks())
                .pitch(p -> given(p, pitch, Hparams.Pitch::extractor))
                .vocoder(v -> given(v, vocoder == null ? null : Boolean.TRUE, Hparams.Vocoder::builtIn))
                .infer(i -> {
                    Hparams.Infer e = i.pythonOrder(pythonOrder || i.pythonOrder());
                    e = given(e, autoKey, Hparams.Infer::autoKey);
                    e = given(e, steps, Hparams.Infer::steps);
                    e = given(e, sampler, Hparams.Infer::sampler);
                    e = given(e, temperature, Hparams.Infer::temperature);
                    e = given(e, useGtMel, Hparams.Infer::useGtMel);
                    e = given(e, addNoiseStep, Hparams.Infer::addNoiseStep);
                    e = given(e, seed, Hparams.Infer::seed);
                    e = given(e, threads, Hparams.Infer::threads);
                    e = given(e, precision, Hparams.Infer::precision);
                    e = given(e, format, Hparams.Infer::format);
                    e = given(e, depth, Hparams.Infer::depth);
                    return given(e, sliceDb, Hparams.Infer::sliceDb);
                });
    }

    private static <S, T> S given(S scope, T option, BiFunction<S, T, S> edit) {
        return option == null ? scope : edit.apply(scope, option);
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

    /**
     * 20 is every 20th step by PLMS: 50 of a schedule of 1000, and fewer from a lower start; 1 is every step by DDPM.
     * Only with the Python project's quirks does infer.steps count the whole schedule whatever the start.
     */
    private void accelerated(Hparams h) {
        int schedule = h.noise().steps();
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
        int start = h.quirks() == Hparams.Quirks.PYTHON
                ? schedule
                : h.infer().useGtMel() ? h.infer().addNoiseStep() : h.noise().trainedSteps();
        steps = (start + accelerate - 1) / accelerate;
        sampler = sampler != null ? sampler : accelerate == 1 ? "ddpm" : "plms";
    }

    /** The names of the pitch extractors, for the help and for completion in a shell. */
    static final class PitchNames extends ArrayList<String> {
        PitchNames() {
            super(PitchKind.names());
        }
    }

    /** The names of the precisions, for the help and for completion in a shell. */
    static final class Precisions extends ArrayList<String> {
        Precisions() {
            super(Precision.names());
        }
    }

    /** The names of the samplers, for the help and for completion in a shell. */
    static final class SamplerNames extends ArrayList<String> {
        SamplerNames() {
            super(SamplerKind.names());
        }
    }
}
