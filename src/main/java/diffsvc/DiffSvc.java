package diffsvc;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.models.ModelFiles;
import diffsvc.models.Pairing;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.hubert.UnitsFile;
import diffsvc.conds.crepe.Crepe;
import diffsvc.conds.crepe.CrepePitch;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import diffsvc.conds.pitchextractor.XiaomaPe;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.diffusion.Ddim;
import diffsvc.diffusion.Ddpm;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.DpmSolverPlusPlus;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Plms;
import diffsvc.diffusion.Sampler;
import diffsvc.diffusion.UniPc;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.random.Noise;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.NsfHifiGan;
import diffsvc.vocoder.SourceFilter;
import diffsvc.vocoder.Vocoder;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Arrays;

/**
 * One voice, opened: the session a notebook, JShell and the command line share. Each method is one stage; {@link #convert} walks them all.
 *
 * <pre>{@code
 * var svc = DiffSvc.open("demo");
 * var song = svc.read("raw/music1.wav");
 * var result = svc.convert(song);
 * }</pre>
 */
public final class DiffSvc implements AutoCloseable {
    /** Below this peak a file counts as silent: -80 dB, a few steps of 16 bits. */
    public static final float SILENCE = 1e-4f;
    private final ProjectPaths paths;
    private final Hparams hparams;
    private final NDManager manager;
    private final HubertSoft encoder;
    private final EmbeddingModel embedding;
    private final WaveNet wavenet;
    private final NoiseSchedule noise;
    private final MelRange range;
    private final Vocoder vocoder;
    private final Crepe crepe;
    private final XiaomaPe pitchExtractor;

    /** Hears of each stage as it ends: its name, what it made, the shape, and the seconds it took. */
    @FunctionalInterface public interface Stages {
        void done(String stage, String what, String shape, double seconds);
    }

    /**
     * A converted song.
     *
     * @param wave N = round(input seconds x rate) samples
     * @param mel [T, M] log10 that the vocoder sang
     * @param f0Hz [T] Hz given to the vocoder
     * @param voiced [T]
     * @param silent whether the input was silent, and the output is therefore
     */
    public record Converted(Wave wave, float[][] mel, float[] f0Hz, boolean[] voiced, boolean silent) {}

    private DiffSvc(ProjectPaths paths, Hparams hparams, NDManager manager, HubertSoft encoder, EmbeddingModel embedding, WaveNet wavenet, NoiseSchedule noise,
            MelRange range, Vocoder vocoder, Crepe crepe, XiaomaPe pitchExtractor) {
        this.paths = paths;
        this.hparams = hparams;
        this.manager = manager;
        this.encoder = encoder;
        this.embedding = embedding;
        this.wavenet = wavenet;
        this.noise = noise;
        this.range = range;
        this.vocoder = vocoder;
        this.crepe = crepe;
        this.pitchExtractor = pitchExtractor;
    }

    /** Opens a project under models/ with its own settings. */
    public static DiffSvc open(String project) {
        return open(project, "");
    }

    /**
     * Opens a project with overrides, {@code "infer.steps=20"}.
     *
     * @throws Problem when the project or one of its files is missing, is another than the voice was trained with, or does not fit the hparams
     */
    public static DiffSvc open(String project, String overrides) {
        ProjectPaths paths = ProjectPaths.find();
        return open(paths, ModelFiles.in(paths.models()).project(project), overrides);
    }

    /**
     * Opens a voice where the Python project left it.
     *
     * @param config its config.yaml
     * @param checkpoint its model_ckpt_steps_N.ckpt, with or without an optimizer
     */
    public static DiffSvc open(Path config, Path checkpoint, String overrides) {
        ProjectPaths paths = ProjectPaths.find();
        return open(paths, ModelFiles.in(paths.models()).upstream(config, checkpoint), overrides);
    }

    private static DiffSvc open(ProjectPaths paths, ModelFiles.Pair pair, String overrides) {
        ModelFiles files = ModelFiles.in(paths.models());
        Hparams hparams = diffsvc.hparams.Arg2Hparams.apply(pair.hparams(), overrides);
        Pairing.of(files, pair, hparams).require();
        NDManager manager = NDManager.newBaseManager();
        try {
            HubertSoft encoder = HubertSoft.load(manager, pair.encoder() != null ? pair.encoder() : files.encoderFile(hparams), hparams.hubert().heads());
            StateDict trained = StateDict.read(pair.wavenet());
            EmbeddingModel embedding = EmbeddingModel.load(manager, hparams, StateDict.read(pair.embedding()));
            WaveNet wavenet = WaveNet.load(manager, hparams, trained);
            Path sung = pair.vocoder() != null && !hparams.vocoder().kind().equals("source_filter") ? pair.vocoder() : files.vocoderFile(hparams);
            Vocoder vocoder = switch (hparams.vocoder().kind()) {
                case "nsf_hifigan" -> NsfHifiGan.load(manager, sung);
                case "hifigan" -> HifiGan.load(manager, sung);
                default -> new SourceFilter(hparams.audio());
            };
            Crepe crepe = hparams.pitch().extractor().startsWith("crepe") ? Crepe.load(manager, files.crepeFile(hparams.pitch().extractor())) : null;
            XiaomaPe pe = hparams.pitch().peEnable()
                    ? XiaomaPe.load(manager, pair.pitchExtractor() != null ? pair.pitchExtractor() : files.pitchExtractorFile(hparams.project())) : null;
            return new DiffSvc(paths, hparams, manager, encoder, embedding, wavenet, NoiseSchedule.ofBuffers(trained), MelRange.ofBuffers(trained), vocoder, crepe,
                    pe);
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /**
     * A voice of random weights, denoiser and embedding in the published sizes (or smaller ones by overrides) behind a small random encoder: it only
     * makes noise, but every shape is right.
     */
    public static DiffSvc random(String overrides) {
        ProjectPaths paths = ProjectPaths.find();
        Hparams hparams = diffsvc.hparams.Arg2Hparams.apply(Hparams.defaults(), overrides);
        NDManager manager = NDManager.newBaseManager();
        HubertSoft encoder = HubertSoft.random(manager, new HubertSoft.Sizes(96, 160, 4, 4, 640, hparams.embedding().hiddenSize(), 41), 1);
        return new DiffSvc(paths, hparams, manager, encoder, EmbeddingModel.random(manager, hparams, 2), WaveNet.random(manager, WaveNet.Sizes.of(hparams), 3),
                NoiseSchedule.of(hparams.noise()), MelRange.of(hparams.noise()), new SourceFilter(hparams.audio()), null, null);
    }

    public Hparams hparams() {
        return hparams;
    }

    public ProjectPaths paths() {
        return paths;
    }

    /** The manager that owns the models; make what should live as long as the session on it. */
    public NDManager manager() {
        return manager;
    }

    public HubertSoft encoder() {
        return encoder;
    }

    public EmbeddingModel embedding() {
        return embedding;
    }

    public WaveNet wavenet() {
        return wavenet;
    }

    public NoiseSchedule noise() {
        return noise;
    }

    public MelRange range() {
        return range;
    }

    public Vocoder vocoder() {
        return vocoder;
    }

    /** A WAV file, all its channels; a relative path is taken from the project's folder. */
    public Wave read(String file) {
        return WavReader.read(paths.resolve(file));
    }

    /** The song at the model's rate, one channel: what mel and F0 are made of. */
    public float[] signal(Wave song) {
        return FrontEnd.of(hparams).signal(song);
    }

    /** The mel [T, M], log10. */
    public NDArray mel(float[] signal) {
        return FrontEnd.of(hparams).of(manager, signal);
    }

    /** The melody on the mel's frames. */
    public F0Track pitch(float[] signal) {
        Hparams.Audio audio = hparams.audio();
        int frames = FrontEnd.of(hparams).frames(signal.length);
        if (crepe != null) {
            return new CrepePitch(crepe, hparams.pitch(), hparams.quirks()).follow(signal, audio.sampleRateHz(), audio.hopSamples(), frames, hparams.infer().seed());
        }
        PraatPitch praat = new PraatPitch(PraatPitch.Settings.of(hparams.pitch().f0MinHz(), hparams.pitch().f0MaxHz()));
        return praat.follow(signal, audio.sampleRateHz(), audio.hopSamples(), frames);
    }

    /** What is sung: units [1, P, H]. */
    public NDArray units(Wave song) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray units = encoder.extract(HubertSoft.listen(scratch, song)).units();
            units.attach(manager);
            return units;
        }
    }

    /** Units and melody on the mel's clock. */
    public Conds align(NDArray units, F0Track melody, NDArray mel) {
        return conds2Tensor().align(manager, units, melody, mel);
    }

    /** The same conditions some semitones higher or lower. */
    public Conds shift(Conds conds, double semitones) {
        return semitones == 0 ? conds : conds.withF0(conds2Tensor().shift(conds.f0(), semitones));
    }

    private Conds2Tensor conds2Tensor() {
        return new Conds2Tensor(hparams.pitch(), hparams.quirks());
    }

    /** The condition: cond [1, T, H] and f0_denorm [1, T]. */
    public EmbeddingModel.Condition embed(Conds conds) {
        return embedding.embed(conds);
    }

    /** Pure noise [1, 1, M, T], or the noised source mel with infer.use_gt_mel. */
    public NDArray start(long frames, NDArray sourceMel, long seed) {
        NDArray pure = Noise.of(manager, seed, "x_T", 0).normal(new Shape(1, 1, hparams.audio().melBins(), frames));
        if (!hparams.infer().useGtMel()) {
            return pure;
        }
        NDArray x0 = range.norm(sourceMel.expandDims(0));
        return noise.noised(x0, manager.create(new long[] {top() - 1}), pure);
    }

    /** The sampler the hparams name: ddpm, plms, ddim, dpmpp, unipc2, unipc3. */
    public Sampler sampler() {
        int steps = hparams.infer().steps(), most = noise.steps();
        String name = hparams.infer().sampler();
        boolean divides = steps >= 1 && most % steps == 0;
        if (steps < 1 || steps > most || !divides && List.of("ddpm", "plms", "ddim").contains(name)) {
            throw Problem.in("sampling", "infer.steps " + (steps < 1 || steps > most ? "from 1 to " + most : "that divides " + most + " for " + name), String.valueOf(steps),
                    "take 20, 50, 100 or " + most);
        }
        int interval = most / steps;
        return switch (name) {
            case "ddpm" -> new Ddpm(noise, interval);
            case "plms" -> new Plms(noise, interval);
            case "ddim" -> new Ddim(noise, interval);
            case "dpmpp" -> new DpmSolverPlusPlus(noise);
            case "unipc2" -> new UniPc(noise, 2);
            case "unipc3" -> new UniPc(noise, 3);
            default -> throw Problem.in("sampling", "infer.sampler ddpm, plms, ddim, dpmpp, unipc2 or unipc3", name, "correct infer.sampler");
        };
    }

    /** The times the sampler goes through, one more than its steps. */
    public double[] times() {
        return sampler().times(top(), hparams.infer().steps());
    }

    private int top() {
        int top = hparams.infer().useGtMel() ? hparams.infer().addNoiseStep() : noise.steps();
        if (top < 1 || top > noise.steps()) {
            throw Problem.in("sampling", "infer.add_noise_step from 1 to " + noise.steps(), String.valueOf(top), "correct infer.add_noise_step");
        }
        return top;
    }

    /** What the network says, with the condition projected once for all evaluations. */
    public Sampler.Eps network(EmbeddingModel.Condition condition) {
        return wavenet.given(condition.forDenoiser());
    }

    /** From noise to x [1, 1, M, T] at time 0. */
    public NDArray denoise(EmbeddingModel.Condition condition, NDArray start, long seed, Denoising.Listener listener) {
        Sampler.Draw draw = (x, t) -> Noise.of(x.getManager(), seed, "posterior", t).normal(x.getShape());
        return Denoising.run(sampler(), network(condition), draw, start, times(), listener);
    }

    /** x to mel [1, T, M], log10, masked as the reference masks. */
    public NDArray toMel(NDArray x, Conds conds) {
        return range.denorm(x, conds.mel2ph());
    }

    /** F0 [T] in Hz for the vocoder: the condition's, or with pitch.pe_enable what the pitch extractor hears in the sampled mel [1, T, M]. */
    public float[] f0ForVocoder(EmbeddingModel.Condition condition, NDArray mel) {
        return pitchExtractor == null ? condition.f0Denorm().toFloatArray() : pitchExtractor.extract(mel, hparams.pitch().useUv()).f0Hz().toFloatArray();
    }

    /** Mel [1, T, M] and melody to N samples; the mel is clipped to the front end's range first, as the reference does. */
    public float[] vocode(NDArray mel, float[] f0Hz, boolean[] voiced, int samples, long seed) {
        float[] clipped = mel.maximum((float) hparams.audio().melVmin()).minimum((float) hparams.audio().melVmax()).toFloatArray();
        return vocoder.vocode(manager, clipped, f0Hz, voiced, samples, seed, hparams.quirks());
    }

    /** Units of another encoder from a .npy or .npz file of float32 or float64, [P, H] or [1, P, H]: [1, P, H]. */
    public NDArray unitsFrom(String file) {
        return UnitsFile.read(manager, paths.resolve(file));
    }

    /** Converts with the hparams' own settings, silently. */
    public Converted convert(Wave song) {
        return convert(song, (stage, what, shape, seconds) -> { }, (done, of, t, step) -> { });
    }

    /** All stages in order, the units from the voice's own encoder. */
    public Converted convert(Wave song, Stages stages, Denoising.Listener sampling) {
        return convert(song, null, stages, sampling);
    }

    /**
     * All stages in order. The song's own mel is used only for its length, unless infer.use_gt_mel starts from it.
     *
     * @param given units [1, P, H] of another encoder, or null
     */
    public Converted convert(Wave song, NDArray given, Stages stages, Denoising.Listener sampling) {
        int rate = hparams.audio().sampleRateHz(), hop = hparams.audio().hopSamples(), bins = hparams.audio().melBins();
        int samples = (int) Math.round(song.seconds() * rate);
        if (song.peak() < SILENCE) {
            int frames = samples / hop;
            stages.done("audio", "silence in, silence out", "[" + samples + "]", 0);
            float[][] mel = new float[frames][bins];
            for (float[] row : mel) {
                Arrays.fill(row, -5);
            }
            return new Converted(Wave.mono(new float[samples], rate), mel, new float[frames], new boolean[frames], true);
        }
        try (DiffSvc work = scoped()) {
            Watch watch = new Watch(stages);
            float[] signal = work.signal(song);
            watch.done("audio", String.format("%.2f s at %d Hz, peak %.2f", song.seconds(), song.sampleRateHz(), song.peak()), "[" + signal.length + "]");
            NDArray mel = work.mel(signal);
            watch.done("mel", "log10 mel of the source", mel.getShape().toString());
            F0Track melody = work.pitch(signal);
            watch.done("pitch", String.format("F0, %.0f %% of frames voiced", 100 * melody.voicedShare()), "[" + melody.frames() + "]");
            NDArray units = given == null ? work.units(song) : given;
            watch.done("content", given == null ? "units of " + hparams.hubert().file() : "units given", units.getShape().toString());
            VocalRange sings = VocalRange.of(melody, hparams, work.key(melody));
            if (sings.known()) {
                watch.done("range", String.format(Locale.ROOT, "%.0f Hz (voice %.0f), key %+.1f, %.0f %% outside", sings.songHz(), sings.trainedHz(), sings.key(),
                        100 * sings.outside()), "[" + sings.trained().size() + "]");
            }
            Conds conds = work.shift(work.align(units, melody, mel), sings.key());
            EmbeddingModel.Condition condition = work.embed(conds);
            watch.done("embedding", "condition" + (sings.key() == 0 ? "" : String.format(Locale.ROOT, ", key %+.1f", sings.key())), condition.cond().getShape().toString());
            long seed = hparams.infer().seed();
            NDArray x = work.denoise(condition, work.start(conds.frames(), mel, seed), seed, sampling);
            NDArray sung = work.toMel(x, conds);
            watch.done("diffusion", hparams.infer().sampler() + ", " + (work.times().length - 1) + " steps", sung.getShape().toString());
            float[] f0Hz = work.f0ForVocoder(condition, sung);
            float[] wave = work.vocode(sung, f0Hz, melody.voiced(), samples, seed);
            watch.done("vocoder", hparams.vocoder().kind(), "[" + wave.length + "]");
            return new Converted(Wave.mono(wave, rate), FrontEnd.rows(sung), f0Hz, melody.voiced(), false);
        }
    }

    /** Semitones to shift a melody by: infer.key, and with infer.auto_key as many more as bring it to the voice's median. */
    public double key(F0Track melody) {
        return hparams.infer().key() + (hparams.infer().autoKey() ? VocalRange.suggestedKey(melody, hparams) : 0);
    }

    /** The same models with a manager of its own, so that what a conversion makes goes when it ends. */
    private DiffSvc scoped() {
        return new DiffSvc(paths, hparams, manager.newSubManager(), encoder, embedding, wavenet, noise, range, vocoder, crepe, pitchExtractor);
    }

    private static final class Watch {
        private final Stages stages;
        private long since = System.nanoTime();

        Watch(Stages stages) {
            this.stages = stages;
        }

        void done(String stage, String what, String shape) {
            long now = System.nanoTime();
            stages.done(stage, what, shape, (now - since) / 1e9);
            since = now;
        }
    }

    /** Where a converted song goes: output/[song]_[project]_steps_[steps].[format]. */
    public Path outputFile(String song, String format) {
        String name = Path.of(song).getFileName().toString();
        int dot = name.lastIndexOf('.');
        return paths.output().resolve((dot > 0 ? name.substring(0, dot) : name) + "_" + hparams.project() + "_steps_" + hparams.steps() + "." + format);
    }

    @Override public void close() {
        manager.close();
    }
}
