package diffsvc.cli;

import ai.djl.engine.Engine;
import diffsvc.DiffSvc;
import diffsvc.audio.Depth;
import diffsvc.check.Problem;
import diffsvc.conds.CondsCache;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.memory.ProcessMemory;
import diffsvc.models.ModelFiles;
import diffsvc.song.Inference;
import diffsvc.song.Manifest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
@Command(name = "infer", description = "Converts songs into a voice: SONG.wav to output/SONG_PROJECT_steps_N.wav, with a manifest (.json) beside it.", mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class, sortOptions = false)
final class InferCommand implements Callable<Integer> {
    @Parameters(paramLabel = "SONG", arity = "0..*", description = "WAV, FLAC, OGG, MP3, M4A, ... of any rate and channels (default raw/music1.wav)")
    List<String> songs = new ArrayList<>();
    @Option(names = "--project", defaultValue = "demo", description = "voice under models/ (default ${DEFAULT-VALUE})")
    String project;
    @ArgGroup(exclusive = false)
    DoctorCommand.Upstream upstream;
    @Option(names = {"--key", "--keys"}, split = ",", description = "semitones to shift the melody by; one a song, a short list goes on with its first")
    List<Double> keys = new ArrayList<>();
    @Option(names = "--auto-key", description = "shift by whole semitones to the median that the voice was trained on (on top of --key)")
    Boolean autoKey;
    @Option(names = "--pitch", description = "praat, crepe or crepe-tiny")
    String pitch;
    @Option(names = "--f0", description = "CSV of time, Hz, voiced instead of the pitch extractor")
    String f0;
    @Option(names = "--export-f0", description = "write the melody as such a CSV beside the output, to edit and give back by --f0")
    boolean exportF0;
    @Option(names = "--units", description = ".npy or .npz with units of another encoder, [P, H], instead of the voice's own")
    String units;
    @Option(names = "--steps", description = "network evaluations over the whole schedule; must divide its 1000 for ddpm, plms and ddim")
    Integer steps;
    @Option(names = "--sampler", description = "ddpm, plms, ddim, dpmpp, unipc2 or unipc3")
    String sampler;
    @Option(names = "--accelerate", description = "the Python project's way to say it: every so many steps of the schedule by plms; 1 = all of them by ddpm")
    Integer accelerate;
    @Option(names = "--use-gt-mel", description = "start from the song's own mel, noised as far as --add-noise-step")
    Boolean useGtMel;
    @Option(names = "--add-noise-step", description = "1 = the song itself, 1000 = pure noise (with --use-gt-mel)")
    Integer addNoiseStep;
    @Option(names = "--seed", description = "one seed, one file")
    Long seed;
    @Option(names = "--python-order", description = "draw in the Python project's order and with its oddities (quirks=python), by plms with 50 steps unless told otherwise")
    boolean pythonOrder;
    @Option(names = "--vocoder", description = "built-in: the source-filter vocoder in place of the project's own")
    String vocoder;
    @Option(names = "--slice-db", description = "a song is cut where it is softer for 300 ms, and stays silent there (default -40)")
    Double sliceDb;
    @Option(names = "--max-memory", description = "the whole process stays below, 2GiB for instance (default 80 %% of what there is): slices become shorter")
    String maxMemory;
    @Option(names = "--threads", description = "threads of the engine (default: all cores)")
    Integer threads;
    @Option(names = "--format", description = "wav or flac")
    String format;
    @Option(names = "--depth", description = "16, 24 or float (WAV only)")
    String depth;
    @Option(names = "--out", description = "file to write instead of the usual one under output/, or a folder")
    String out;
    @Option(names = "--no-cache", description = "neither read nor keep melodies and units in cache/")
    boolean noCache;
    @Option(names = "--hparams", defaultValue = "", description = "overrides of any key, key=value with commas between")
    String overrides;

    @Override public Integer call() {
        ProjectPaths paths = ProjectPaths.find();
        if (songs.isEmpty()) {
            songs.add("raw/music1.wav");
        }
        if (songs.size() > 1 && (f0 != null || units != null)) {
            throw Problem.in("options", "one song with --f0 or --units", songs.size() + " songs", "convert it by itself");
        }
        if (keys.size() > songs.size()) {
            throw Problem.in("options", "at most one key a song", keys.size() + " keys for " + songs.size() + " songs", "leave some out");
        }
        List<Path> sources = songs.stream().map(paths::resolve).toList();
        if (sources.stream().noneMatch(Files::isRegularFile)) {                  // before any model: a wrong path should cost nothing
            throw Problem.in("audio", sources.get(0), "a recording", Files.isDirectory(sources.get(0)) ? "a folder" : "nothing at that path", "check the path");
        }
        ModelFiles files = ModelFiles.in(paths.models());
        ModelFiles.Pair pair = upstream == null ? files.project(project) : files.upstream(paths.resolve(upstream.config), paths.resolve(upstream.checkpoint));
        String all = settings(pair.hparams());
        long limit = maxMemory == null ? 0 : ProcessMemory.parse(maxMemory);
        try (DiffSvc svc = DiffSvc.open(paths, pair, all)) {
            Hparams.Infer infer = svc.hparams().infer();
            check(infer);
            svc.times();                                                          // refuses steps that the sampler cannot take
            if (infer.threads() > 0) {
                Threads.use(infer.threads());
            }
            Inference inference = new Inference(svc, limit, noCache ? CondsCache.NONE : CondsCache.in(paths.cache()));
            List<Inference.Request> requests = new ArrayList<>();
            for (int i = 0; i < sources.size(); i++) {
                requests.add(request(paths, svc, sources.get(i), keys.isEmpty() ? infer.key() : keys.get(i < keys.size() ? i : 0), inference));
            }
            return run(inference, requests, svc);
        }
    }

    private Inference.Request request(ProjectPaths paths, DiffSvc svc, Path song, double key, Inference inference) {
        Path target = svc.outputFile(song.toString(), svc.hparams().infer().format().toLowerCase(Locale.ROOT));
        if (out != null) {
            Path given = paths.resolve(out);
            boolean folder = Files.isDirectory(given) || !given.getFileName().toString().toLowerCase(Locale.ROOT).matches(".*\\.(wav|flac|[a-z0-9]{2,4})");
            if (!folder && songs.size() > 1) {
                throw Problem.in("options", "a folder as --out for " + songs.size() + " songs", out, "name a folder, or convert one song");
            }
            target = folder ? given.resolve(target.getFileName()) : given;
        }
        String name = target.getFileName().toString();
        Path table = !exportF0 ? null : target.resolveSibling(name.substring(0, Math.max(name.lastIndexOf('.'), 1)) + ".f0.csv");
        return new Inference.Request(song, target, key, units == null ? null : paths.resolve(units), f0 == null ? null : paths.resolve(f0), table,
                upstream == null ? null : paths.resolve(upstream.config), upstream == null ? null : paths.resolve(upstream.checkpoint));
    }

    /** One after the other; what fails is said and counted, and the rest goes on. */
    private static int run(Inference inference, List<Inference.Request> requests, DiffSvc svc) {
        Map<Path, Path> targets = new LinkedHashMap<>();
        for (Inference.Request r : requests) {
            Path other = targets.putIfAbsent(Inference.manifestOf(r.out()).toAbsolutePath().normalize(), r.song());
            if (other != null) {
                throw Problem.in("output", r.out(), "one output name a song", other + " and " + r.song(), "rename one, or convert them into different folders (--out)");
            }
        }
        int failed = 0, code = 0;
        for (Inference.Request r : requests) {
            if (requests.size() > 1) {
                System.out.println(svc.paths().shown(r.song()));
            }
            Inference.Done done = null;
            try (SongBar bar = new SongBar()) {
                done = inference.convert(r, bar);
            } catch (Problem e) {
                failed++;
                code = 2;
                System.err.println(e.getMessage());
            } catch (RuntimeException e) {
                if (requests.size() == 1) {
                    throw e;
                }
                failed++;
                code = code == 0 ? 1 : code;
                System.err.println("infer: " + r.song() + ": need a conversion, got " + e + "; please report it");
            }
            if (done != null) {
                print(done, r, svc);
            }
        }
        if (requests.size() > 1) {
            System.out.printf("%d of %d songs converted%s%n", requests.size() - failed, requests.size(), failed == 0 ? "" : ", " + failed + " failed");
        }
        return code;
    }

    static void print(Inference.Done done, Inference.Request r, DiffSvc svc) {
        for (Manifest.Stage s : done.manifest().stages()) {
            String what = s.what() + (s.slices() > 1 ? " (x " + s.slices() + ")" : "");
            System.out.printf(Locale.ROOT, "%-10s %-52s %-18s %7.2f s %6s%n", s.stage(), what, s.slices() > 1 ? "" : s.shape(), s.seconds(), s.peakBytes() > 0 ? ProcessMemory.shown(s.peakBytes()) : "");
        }
        long stand = done.manifest().seams().stream().filter(diffsvc.song.Seam::heard).count();
        if (!done.manifest().seams().isEmpty()) {
            System.out.printf("seams      %d, %s%n", done.manifest().seams().size(), stand == 0 ? "none stands out" : stand + " stand out");
        }
        boolean silent = done.manifest().slices().sounding() == 0 || done.manifest().stages().stream().noneMatch(s -> s.stage().equals("vocoder"));
        if (silent) {
            System.out.println("note       the song is silent, so the output is too");
        }
        done.manifest().warnings().forEach(w -> System.out.println("note       " + w));
        if (r.f0Export() != null) {
            System.out.println("wrote      " + svc.paths().shown(r.f0Export()));
        }
        System.out.println((done.replaced() ? "replaced   " : "wrote      ") + svc.paths().shown(done.file()));
    }

    private static void check(Hparams.Infer infer) {
        if (infer.threads() < 0) {
            throw Problem.in("options", "--threads of at least 1", String.valueOf(infer.threads()), "leave it out to use all cores");
        }
        String ending = infer.format().toLowerCase(Locale.ROOT);
        if (!ending.equals("wav") && !ending.equals("flac")) {
            throw Problem.in("options", "--format wav or flac", infer.format(), "choose one of the two");
        }
        Depth.of(infer.depth());
    }

    /** The options as overrides of the hparams; what --hparams says comes last and wins. */
    private String settings(Hparams of) {
        if (pitch != null && !List.of("praat", "crepe", "crepe-tiny").contains(pitch)) {
            throw Problem.in("options", "--pitch praat, crepe or crepe-tiny", pitch, "choose one of the three");
        }
        if (vocoder != null && !vocoder.equals("built-in")) {
            throw Problem.in("options", "--vocoder built-in", vocoder, "leave it out for the vocoder the project names");
        }
        if (addNoiseStep != null && useGtMel == null && !of.infer().useGtMel()) {
            throw Problem.in("options", "--use-gt-mel with --add-noise-step", "--add-noise-step alone", "add --use-gt-mel");
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

    /** 20 is 50 steps of PLMS over a schedule of 1000, 1 is every step by DDPM. */
    private void accelerated(int schedule) {
        if (steps != null) {
            throw Problem.in("options", "--steps or --accelerate", "both", "leave one out");
        }
        if (accelerate < 1 || schedule % accelerate != 0) {
            throw Problem.in("options", "--accelerate that divides " + schedule, String.valueOf(accelerate), "take 10, 20 or 50");
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

        static void use(int threads) {
            System.setProperty("ai.djl.pytorch.num_threads", String.valueOf(threads));
            Engine.getInstance();
            ai.djl.pytorch.jni.JniUtils.setNumThreads(threads);
        }
    }
}
