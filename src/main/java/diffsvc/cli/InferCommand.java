package diffsvc.cli;

import ai.djl.engine.Engine;
import diffsvc.DiffSvc;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.models.ModelFiles;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Converts one song. */
@Command(name = "infer", description = "Converts a song into a voice: SONG.wav to output/SONG_PROJECT_steps_N.wav.", mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class, sortOptions = false)
final class InferCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "SONG", defaultValue = "raw/music1.wav", description = "WAV or FLAC; OGG, MP3 and others where ffmpeg is installed (default ${DEFAULT-VALUE})")
    String song;
    @Option(names = "--project", defaultValue = "demo", description = "voice under models/ (default ${DEFAULT-VALUE})")
    String project;
    @ArgGroup(exclusive = false)
    DoctorCommand.Upstream upstream;
    @Option(names = "--units", description = ".npy or .npz with units of another encoder, [P, H], instead of the voice's own")
    String units;
    @Option(names = "--pitch", description = "praat, crepe or crepe-tiny")
    String pitch;
    @Option(names = "--key", description = "semitones to shift the melody by")
    Double key;
    @Option(names = "--auto-key", description = "shift by whole semitones to the median that the voice was trained on (on top of --key)")
    Boolean autoKey;
    @Option(names = "--steps", description = "network evaluations over the whole schedule; must divide its 1000 for ddpm, plms and ddim")
    Integer steps;
    @Option(names = "--sampler", description = "ddpm, plms, ddim, dpmpp, unipc2 or unipc3")
    String sampler;
    @Option(names = "--accelerate", description = "the Python project's way to say it: every so many steps of the schedule by plms; 1 = all of them by ddpm")
    Integer accelerate;
    @Option(names = "--seed", description = "one seed, one file")
    Long seed;
    @Option(names = "--threads", description = "threads of the engine (default: all cores)")
    Integer threads;
    @Option(names = "--format", description = "wav or flac")
    String format;
    @Option(names = "--out", description = "file to write instead of the usual one under output/")
    String out;
    @Option(names = "--hparams", defaultValue = "", description = "overrides of any key, key=value with commas between")
    String overrides;

    @Override public Integer call() {
        StringBuilder all = new StringBuilder(overrides);
        if (pitch != null && !java.util.List.of("praat", "crepe", "crepe-tiny").contains(pitch)) {
            throw Problem.in("options", "--pitch praat, crepe or crepe-tiny", pitch, "choose one of the three");
        }
        add(all, "pitch.extractor", pitch);
        add(all, "infer.key", key);
        add(all, "infer.auto_key", autoKey);
        ProjectPaths paths = ProjectPaths.find();
        if (accelerate != null) {
            ModelFiles files = ModelFiles.in(paths.models());
            accelerated((upstream == null ? files.project(project) : files.upstream(paths.resolve(upstream.config), paths.resolve(upstream.checkpoint))).hparams().noise().steps());
        }
        add(all, "infer.steps", steps);
        add(all, "infer.sampler", sampler);
        add(all, "infer.seed", seed);
        add(all, "infer.threads", threads);
        add(all, "infer.format", format);
        Path source = paths.resolve(song);
        Wave wave = AudioFile.read(source);                              // before any model: a wrong path should cost nothing
        try (DiffSvc svc = upstream == null ? DiffSvc.open(project, all.toString())
                : DiffSvc.open(paths.resolve(upstream.config), paths.resolve(upstream.checkpoint), all.toString())) {
            Hparams.Infer infer = svc.hparams().infer();
            if (infer.threads() < 0) {
                throw Problem.in("options", "--threads of at least 1", String.valueOf(infer.threads()), "leave it out to use all cores");
            }
            String ending = infer.format().toLowerCase(Locale.ROOT);
            if (!ending.equals("wav") && !ending.equals("flac")) {
                throw Problem.in("options", "--format wav or flac", infer.format(), "choose one of the two");
            }
            if (infer.threads() > 0) {
                Threads.use(infer.threads());
            }
            Path target = out == null ? svc.outputFile(song, ending) : svc.paths().resolve(out);
            if (target.toAbsolutePath().normalize().equals(source.toAbsolutePath().normalize())) {
                throw Problem.in("output", target, "another file than the song", "the song itself", "choose another --out");
            }
            DiffSvc.Converted result;
            try (Sampling bar = new Sampling(svc.times().length - 1)) {
                result = svc.convert(wave, units == null ? null : svc.unitsFrom(units), (stage, what, shape, seconds) -> {
                    bar.close();
                    System.out.printf(Locale.ROOT, "%-10s %-44s %-18s %6.2f s%n", stage, what, shape, seconds);
                }, (done, of, t, step) -> bar.at(done));
            }
            if (result.silent()) {
                System.out.println("note       the song is silent, so the output is too");
            }
            WaveWriter.Fitted fitted = WaveWriter.fitted(result.wave());
            if (fitted.scale() != 1) {
                System.out.printf(Locale.ROOT, "note       scaled by %.3f so that nothing clips%n", fitted.scale());
            }
            boolean replaced = java.nio.file.Files.exists(target);
            WaveWriter.write(target, fitted.wave());
            System.out.println((replaced ? "replaced   " : "wrote      ") + svc.paths().shown(target));
        }
        return 0;
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

    /** The progress bar of the sampling; it appears with the first step and goes with the last. */
    private static final class Sampling implements AutoCloseable {
        private final int steps;
        private ProgressBar bar;

        Sampling(int steps) {
            this.steps = steps;
        }

        void at(int done) {
            if (bar == null) {
                bar = new ProgressBarBuilder().setTaskName("sampling").setInitialMax(steps).setStyle(ProgressBarStyle.ASCII).setUpdateIntervalMillis(200).build();
            }
            bar.stepTo(done);
        }

        @Override public void close() {
            if (bar != null) {
                bar.close();
                bar = null;
            }
        }
    }
}
