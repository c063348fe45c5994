package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Recording;
import diffsvc.audio.Wave;
import diffsvc.check.Finite;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.F0Table;
import diffsvc.conds.F0Track;
import diffsvc.conds.PitchExtractor;
import diffsvc.conds.VocalRange;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.hubert.UnitsFile;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.pitchextractor.XiaomaPe;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.diffusion.Ddim;
import diffsvc.diffusion.Ddpm;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.DpmSolverPlusPlus;
import diffsvc.diffusion.Film;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Plms;
import diffsvc.diffusion.Sampler;
import diffsvc.diffusion.UniPc;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.EngineLock;
import diffsvc.platform.WeakManager;
import diffsvc.plot.Plots;
import diffsvc.random.KeyedRandom;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Cost;
import diffsvc.tensor.Summary;
import diffsvc.vocoder.SourceFilter;
import diffsvc.vocoder.Vocoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiConsumer;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * One voice, opened: the session a notebook, JShell and the command line share. Each method is one stage;
 * {@link #convert} walks them all.
 *
 * <pre>{@code
 * var svc = DiffSvc.open("demo");
 * var song = svc.read("raw/music1.wav");
 * var result = svc.convert(song);
 * }</pre>
 */
public final class DiffSvc implements AutoCloseable {
    private static final Stages SILENTLY = (stage, what, shape, seconds) -> {};
    private static final Denoising.Listener UNHEARD = (done, of, t, step) -> {};
    private final Room room;
    private final ProjectPaths paths;
    private final Hparams hparams;
    private final NDManager manager;
    private final Map<String, Path> files;
    private final ContentEncoder encoder;
    private final EmbeddingModel embedding;
    private final WaveNet wavenet;
    private final NoiseSchedule noise;
    private final MelRange range;
    private final Vocoder vocoder;
    private final PitchExtractor follower;
    private final XiaomaPe pitchExtractor;
    /**
     * A session closes models and values, a scope of it its own values, the same session under other settings nothing.
     */
    private final Runnable closing;

    /** Hears of each stage as it ends: its name, what it made, the shape, and the seconds it took. */
    @FunctionalInterface
    public interface Stages {
        /**
         * A stage has ended: its name, what it made, the shape of that, and how long it took.
         *
         * @param stage as the command line names it
         * @param what it made
         * @param shape of that
         * @param seconds it took
         */
        void done(String stage, String what, String shape, double seconds);
    }

    /**
     * A converted song.
     *
     * @param wave N = round(input seconds x rate) samples
     * @param mel [T, M] log10 that the vocoder took
     * @param f0Hz [T] Hz given to the vocoder
     * @param voiced [T]
     * @param silent whether the input was silent, and the output is therefore
     */
    public record Converted(Wave wave, float[][] mel, float[] f0Hz, boolean[] voiced, boolean silent) {}

    /**
     * What a conversion takes as given instead of hearing it; null is not given.
     *
     * @param units [1, P, H] of another encoder, or of another song
     * @param melody on the frames of the song's mel
     * @param key semitones, all in all
     */
    public record Given(NDArray units, F0Track melody, Double key) {
        /** Everything is heard. */
        public static final Given NOTHING = new Given(null, null, null);

        /**
         * With units [1, P, H].
         *
         * @param other [1, P, H]
         * @return all else as it is
         */
        public Given withUnits(NDArray other) {
            return new Given(other, melody, key);
        }

        /**
         * With a melody on the frames of the song's mel.
         *
         * @param other T frames of the song's mel
         * @return all else as it is
         */
        public Given withMelody(F0Track other) {
            return new Given(units, other, key);
        }

        /**
         * With a key shift.
         *
         * @param semitones up, or down below 0
         * @return all else as it is
         */
        public Given withKey(double semitones) {
            return new Given(units, melody, semitones);
        }
    }

    /** What a session and its scopes share: the models, the values handed out, and what a stopped call left. */
    private static final class Room {
        private final WeakManager models = WeakManager.open(), values = WeakManager.open();
        private final List<String> notes;
        private volatile PartialResult last;

        Room(List<String> notes) {
            this.notes = notes;
        }

        void close() {
            values.close();
            models.close();
        }
    }

    private DiffSvc(
            Room room,
            ProjectPaths paths,
            Hparams hparams,
            NDManager manager,
            Map<String, Path> files,
            ContentEncoder encoder,
            EmbeddingModel embedding,
            WaveNet wavenet,
            NoiseSchedule noise,
            MelRange range,
            Vocoder vocoder,
            PitchExtractor follower,
            XiaomaPe pitchExtractor,
            Runnable closing) {
        this.room = room;
        this.paths = paths;
        this.hparams = hparams;
        this.manager = manager;
        this.files = files;
        this.encoder = encoder;
        this.embedding = embedding;
        this.wavenet = wavenet;
        this.noise = noise;
        this.range = range;
        this.vocoder = vocoder;
        this.follower = follower;
        this.pitchExtractor = pitchExtractor;
        this.closing = closing;
    }

    /**
     * Opens a project under models/ with its own settings.
     *
     * @param project its folder under models/
     * @return an open session
     */
    public static DiffSvc open(String project) {
        return open(project, "");
    }

    /**
     * Opens a project with overrides, {@code "infer.steps=20"}.
     *
     * @param project its folder under models/
     * @param overrides key=value with commas between; "" = none
     * @return an open session
     * @throws Problem when the project or one of its files is missing, is another than the voice was trained with, or
     *     does not fit the hparams
     */
    public static DiffSvc open(String project, String overrides) {
        ProjectPaths paths = ProjectPaths.find();
        return open(paths, ModelFiles.in(paths.models()).project(ProjectName.require("models", project)), overrides);
    }

    /**
     * Opens a voice where the Python project left it.
     *
     * @param config its config.yaml
     * @param checkpoint its model_ckpt_steps_N.ckpt, with or without an optimizer
     * @param overrides key=value with commas between; "" = none
     * @return an open session
     */
    public static DiffSvc open(Path config, Path checkpoint, String overrides) {
        ProjectPaths paths = ProjectPaths.find();
        return open(paths, ModelFiles.in(paths.models()).upstream(config, checkpoint), overrides);
    }

    /**
     * Opens a voice whose files were found already.
     *
     * @param paths where models, songs and outputs lie
     * @param pair files of a voice and their settings
     * @param overrides key=value with commas between; "" = none
     * @return an open session
     */
    public static DiffSvc open(ProjectPaths paths, ModelFiles.Pair pair, String overrides) {
        ModelFiles files = ModelFiles.in(paths.models());
        Hparams hparams = diffsvc.hparams.Arg2Hparams.apply(pair.hparams(), overrides);
        Effect.require(hparams, overrides);
        Pairing pairing = Pairing.of(files, pair, hparams);
        pairing.require();
        Room room = new Room(pairing.notes());
        NDManager manager = room.models.manager();
        try {
            Map<String, Path> used = new LinkedHashMap<>();
            used.put("encoder", pair.encoder() != null ? pair.encoder() : files.encoderFile(hparams));
            used.put("embedding", pair.embedding());
            used.put("wavenet", pair.wavenet());
            if (hparams.vocoder().inUse().hasWeights()) {
                used.put("vocoder", pair.vocoder() != null ? pair.vocoder() : files.vocoderFile(hparams));
            }
            if (hparams.pitch().type().hasWeights()) {
                used.put("crepe", files.pitchFile(hparams.pitch().type()));
            }
            if (hparams.pitch().peEnable()) {
                used.put(
                        "pitch_extractor",
                        pair.pitchExtractor() != null
                                ? pair.pitchExtractor()
                                : files.pitchExtractorFile(hparams.project()));
            }
            ContentEncoder encoder = Networks.encoder(manager, hparams, used.get("encoder"));
            StateDict trained = StateDict.read(pair.wavenet());
            EmbeddingModel embedding = EmbeddingModel.load(manager, hparams, StateDict.read(pair.embedding()));
            WaveNet wavenet = WaveNet.load(manager, hparams, trained);
            Vocoder vocoder = Networks.vocoder(manager, hparams, used.get("vocoder"));
            PitchExtractor follower = Networks.pitchExtractor(manager, hparams, used.get("crepe"));
            XiaomaPe pe =
                    used.containsKey("pitch_extractor") ? XiaomaPe.load(manager, used.get("pitch_extractor")) : null;
            return new DiffSvc(
                    room,
                    paths,
                    hparams,
                    room.values.manager(),
                    used,
                    encoder,
                    embedding,
                    wavenet,
                    NoiseSchedule.ofBuffers(trained),
                    MelRange.ofBuffers(trained),
                    vocoder,
                    follower,
                    pe,
                    room::close);
        } catch (RuntimeException e) {
            manager.close();
            throw e;
        }
    }

    /**
     * A voice of random weights, denoiser and embedding in the published sizes (or smaller ones by overrides) behind a
     * small random encoder: it only makes noise, but every shape is right.
     *
     * @param overrides key=value with commas between; "" = none
     * @return an open session
     */
    public static DiffSvc random(String overrides) {
        ProjectPaths paths = ProjectPaths.find();
        Hparams hparams = diffsvc.hparams.Arg2Hparams.apply(Hparams.defaults(), overrides);
        Room room = new Room(List.of());
        NDManager manager = room.models.manager();
        ContentEncoder encoder = HubertSoft.random(
                manager,
                new HubertSoft.Sizes(96, 160, 4, 4, 640, hparams.embedding().hiddenSize(), 41),
                1);
        return new DiffSvc(
                room,
                paths,
                hparams,
                room.values.manager(),
                Map.of(),
                encoder,
                EmbeddingModel.random(manager, hparams, 2),
                WaveNet.random(manager, WaveNet.Sizes.of(hparams), 3),
                NoiseSchedule.of(hparams.noise()),
                MelRange.of(hparams.noise()),
                new SourceFilter(hparams.audio()),
                PraatPitch.of(hparams.pitch()),
                null,
                room::close);
    }

    /**
     * The same open voice under other settings of a conversion:
     * {@code session.with("infer.sampler=unipc2,infer.steps=20")}. Models and values are shared with this session,
     * which alone closes them.
     *
     * @param overrides keys of {@code infer} and {@code quirks}, with commas between
     * @return a session that shares all else
     * @throws Problem for any other key: those shape a model, so the voice has to be opened anew
     */
    public DiffSvc with(String overrides) {
        Hparams other = diffsvc.hparams.Arg2Hparams.apply(hparams, overrides);
        if (!other.withInfer(hparams.infer()).withQuirks(hparams.quirks()).equals(hparams)) {
            String anew =
                    hparams.project().isEmpty() ? "DiffSvc.random(" : "DiffSvc.open(\"" + hparams.project() + "\", ";
            throw Problem.in(
                    "hparams",
                    "keys of infer and quirks",
                    overrides,
                    "open the voice anew: " + anew + "\"" + overrides + "\")");
        }
        Effect.require(other, overrides);
        return new DiffSvc(
                room,
                paths,
                other,
                manager,
                files,
                encoder,
                embedding,
                wavenet,
                noise,
                range,
                vocoder,
                follower.with(other.quirks()),
                pitchExtractor,
                () -> {});
    }

    /**
     * What a person should know about this voice: keys of its hparams that have no effect because its files decide.
     *
     * @return a sentence each
     */
    public List<String> notes() {
        return room.notes;
    }

    /**
     * The settings in force, overrides included.
     *
     * @return a record of records
     */
    public Hparams hparams() {
        return hparams;
    }

    /**
     * Where models, songs and outputs lie.
     *
     * @return absolute paths
     */
    public ProjectPaths paths() {
        return paths;
    }

    /**
     * The manager of what the stages hand out: an array on it lives as long as something refers to it, and nobody needs
     * to close it ({@link WeakManager}).
     *
     * @return owned by the session
     */
    public NDManager manager() {
        return manager;
    }

    /**
     * Draws on this voice's clock and mel scale.
     *
     * @return for mels of this voice
     */
    public Plots plots() {
        return Plots.of(hparams.audio());
    }

    /**
     * The arrays that somebody still refers to, the largest first: name where a stage gave one, shape, type, bytes. The
     * models are not among them ({@link #costs}).
     *
     * @return value, shape, type, bytes
     */
    public Table held() {
        Table table = Table.create(
                "held",
                StringColumn.create("value"),
                StringColumn.create("shape"),
                StringColumn.create("type"),
                LongColumn.create("bytes"));
        List<NDArray> arrays = new ArrayList<>(room.values.arrays());
        arrays.sort(Comparator.comparingLong(DiffSvc::bytes).reversed());
        for (NDArray a : arrays) {
            table.stringColumn(0).append(a.getName() == null ? "" : a.getName());
            table.stringColumn(1).append(Summary.shape(a));
            table.stringColumn(2).append(a.getDataType().name().toLowerCase(Locale.ROOT));
            table.longColumn(3).append(bytes(a));
        }
        return table;
    }

    private static long bytes(NDArray a) {
        return a.size() * a.getDataType().getNumOfBytes();
    }

    /**
     * Frees every array that the stages handed out, referred to or not, and forgets {@link #last}; the models stay
     * open.
     */
    public void clear() {
        room.last = null;
        room.values.clear();
    }

    /**
     * What the call that was stopped last had made so far.
     *
     * @return what was made, and how far it had come
     * @throws Problem when none was stopped since the session was opened or cleared
     */
    public PartialResult last() {
        PartialResult last = room.last;
        if (last == null) {
            throw Problem.in(
                    "last",
                    "a call that was stopped on its way",
                    "none since the session was opened or cleared",
                    "press stop while something works");
        }
        return last;
    }

    /**
     * Keeps what a stopped call had made, for {@link #last}.
     *
     * @param last what there is
     */
    public void keep(PartialResult last) {
        room.last = last;
    }

    private static NDArray named(String name, NDArray array) {
        array.setName(name);
        return array;
    }

    /**
     * The files the models came from: encoder, embedding, wavenet, and where there are such vocoder, crepe,
     * pitch_extractor.
     *
     * @return path by part
     */
    public Map<String, Path> files() {
        return files;
    }

    /**
     * What each of the open models costs in memory; the source-filter vocoder works on the Java heap alone.
     *
     * @return a line a model
     */
    public List<Cost> costs() {
        List<Cost> costs = new ArrayList<>(
                List.of(encoder.cost(), EmbeddingModel.cost(hparams), WaveNet.cost(hparams), follower.cost()));
        if (pitchExtractor != null) {
            costs.add(pitchExtractor.sizes().cost(hparams.audio().framesPerSecond()));
        }
        costs.add(vocoder.cost());
        costs.removeIf(c -> !c.isNetwork());
        return costs;
    }

    /**
     * The content encoder: 16 kHz to units.
     *
     * @return the open model
     */
    public ContentEncoder encoder() {
        return encoder;
    }

    /**
     * The embedding model: conds to the condition.
     *
     * @return the open model
     */
    public EmbeddingModel embedding() {
        return embedding;
    }

    /**
     * The denoiser.
     *
     * @return the open model
     */
    public WaveNet wavenet() {
        return wavenet;
    }

    /**
     * The noise schedule the voice was trained with.
     *
     * @return betas of the file
     */
    public NoiseSchedule noise() {
        return noise;
    }

    /**
     * The range of each mel bin, between log10 and the denoiser's [-1, 1].
     *
     * @return spec_min and spec_max of the file
     */
    public MelRange range() {
        return range;
    }

    /**
     * What sings: mel and F0 to a wave.
     *
     * @return the open model
     */
    public Vocoder vocoder() {
        return vocoder;
    }

    /**
     * A recording of any kind ({@link AudioFile}), all its channels; a relative path is taken from the project's
     * folder.
     *
     * @param file path, relative ones from the project's folder
     * @return all its channels at its own rate
     */
    public Wave read(String file) {
        return AudioFile.read(paths.resolve(file));
    }

    /**
     * The song at the model's rate, one channel: what mel and F0 are made of.
     *
     * @param song a recording, any rate and channels
     * @return [N] at the voice's rate
     */
    public float[] signal(Wave song) {
        return analysis().signal(song).first();
    }

    /**
     * The mel [1, T, M], log10.
     *
     * @param signal [N], one channel at the voice's rate
     * @return [1, T, M], log10
     */
    public NDArray mel(float[] signal) {
        return analysis().melOfSignal(mono(signal));
    }

    /**
     * The melody on the mel's frames.
     *
     * @param signal [N], one channel at the voice's rate
     * @return T frames, Hz and voicing
     */
    public F0Track pitch(float[] signal) {
        return analysis().f0OfSignal(mono(signal));
    }

    /**
     * What is sung: units [1, P, H].
     *
     * @param song a recording, any rate and channels
     * @return [1, P, H], 50 a second
     */
    public NDArray units(Wave song) {
        return analysis().units(song);
    }

    /**
     * Units and melody on the mel's clock.
     *
     * @param units [1, P, H]
     * @param melody F0 and voicing, T frames
     * @param mel [1, T, M], log10
     * @return units [1, P, H], mel2ph, f0 (log2 Hz) and energy [1, T]
     */
    public Conds align(NDArray units, F0Track melody, NDArray mel) {
        return analysis().align(units, melody, mel);
    }

    /**
     * The same conditions some semitones higher or lower.
     *
     * @param conds as align gave them
     * @param semitones up, or down below 0
     * @return f0 shifted, all else as it is
     */
    public Conds shift(Conds conds, double semitones) {
        return semitones == 0 ? conds : conds.withF0(conds2Tensor().shift(conds.f0(), semitones));
    }

    private SourceAnalysis analysis() {
        return SourceAnalysis.on(manager, hparams, encoder, files.get("encoder"), follower);
    }

    private Wave mono(float[] signal) {
        return Wave.mono(signal, hparams.audio().sampleRateHz());
    }

    private Conds2Tensor conds2Tensor() {
        return new Conds2Tensor(hparams.pitch(), hparams.quirks());
    }

    /**
     * The condition: cond [1, T, H] and f0_denorm [1, T].
     *
     * @param conds units, mel2ph, f0 and energy on one clock
     * @return cond [1, T, H], f0_denorm [1, T] Hz and the pitch ids
     */
    public EmbeddingModel.Condition embed(Conds conds) {
        try (EngineLock turn = EngineLock.take("embedding")) {
            EmbeddingModel.Condition condition = embedding.embed(conds);
            requireFinite("embedding", "embedding", "a condition", condition.cond(), "");
            named("cond", condition.cond());
            named("f0_denorm", condition.f0Denorm());
            return condition;
        }
    }

    /**
     * Standard normal numbers of any shape, the same for the same seed: something to put through a network.
     *
     * @param seed the same seed, the same result
     * @param shape sizes of the axes
     * @return float32
     */
    public NDArray draw(long seed, long... shape) {
        return KeyedRandom.of(manager, seed, "draw", 0).normal(new Shape(shape));
    }

    /**
     * Diffusion steps for a batch, [B] int64, each from 0 to S - 1.
     *
     * @param steps one a clip, 0 to S - 1
     * @return [B] int64
     */
    public NDArray timesteps(long... steps) {
        return manager.create(steps);
    }

    /**
     * Pure noise [1, 1, M, T], or the noised source mel with infer.use_gt_mel; so too for a shallow voice
     * (noise.k_step), which never learned from pure noise.
     *
     * @param frames T
     * @param sourceMel [1, T, M], read only for the latter two
     * @param seed the same seed, the same result
     * @return [1, 1, M, T]
     */
    public NDArray start(long frames, NDArray sourceMel, long seed) {
        return start(frames, sourceMel, RandomSource.keyed(seed));
    }

    private NDArray start(long frames, NDArray sourceMel, RandomSource draws) {
        NDArray pure =
                draws.normal(manager, "x_T", 0, new Shape(1, 1, hparams.audio().melBins(), frames));
        if (!fromMel()) {
            return pure;
        }
        if (sourceMel == null) {
            throw Problem.in("sampling", "the song's mel to start from", "none", "pass mel(signal)");
        }
        NDArray x0 = range.norm(sourceMel);
        return noise.noised(x0, manager.create(new long[] {top() - 1}), pure);
    }

    /**
     * The sampler the hparams name: ddpm, plms, ddim, dpmpp, unipc2, unipc3.
     *
     * @return as infer.sampler and infer.steps say
     */
    public Sampler sampler() {
        int steps = hparams.infer().steps(), most = noise.steps();
        String name = hparams.infer().sampler();
        boolean divides = steps >= 1 && most % steps == 0;
        if (steps < 1
                || steps > most
                || !divides && List.of("ddpm", "plms", "ddim").contains(name)) {
            throw Problem.in(
                    "sampling",
                    "infer.steps "
                            + (steps < 1 || steps > most
                                    ? "from 1 to " + most
                                    : "that divides " + most + " for " + name),
                    String.valueOf(steps),
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
            default ->
                throw Problem.in(
                        "sampling",
                        "infer.sampler ddpm, plms, ddim, dpmpp, unipc2 or unipc3",
                        name,
                        "correct infer.sampler");
        };
    }

    /**
     * The times the sampler goes through, one more than its steps.
     *
     * @return downwards, the last is the clean mel
     */
    public double[] times() {
        return sampler().times(top(), hparams.infer().steps());
    }

    private int top() {
        int k = trainedSteps();
        if (!hparams.infer().useGtMel()) {
            return k;
        }
        // Python does not compare with K_step
        int top = hparams.infer().addNoiseStep(), most = hparams.quirks() == Hparams.Quirks.PYTHON ? noise.steps() : k;
        if (top < 1 || top > most) {
            String why = most < noise.steps() ? " (noise.k_step, all that training drew)" : "";
            throw Problem.in(
                    "sampling",
                    "infer.add_noise_step from 1 to " + most + why,
                    String.valueOf(top),
                    "correct infer.add_noise_step");
        }
        return top;
    }

    /** The steps that training drew, of those in the voice's own schedule. */
    private int trainedSteps() {
        int k = hparams.noise().kStep();
        return k == 0 || k == hparams.noise().steps()
                ? noise.steps()
                : (int) diffsvc.check.Bound.whole("sampling", "noise.k_step", k, 1, noise.steps());
    }

    private boolean fromMel() {
        return hparams.infer().useGtMel() || trainedSteps() < noise.steps() && hparams.quirks() == Hparams.Quirks.FIXED;
    }

    /**
     * What a person should know of the sampling that they did not ask for: where a shallow voice (noise.k_step) starts,
     * and how few evaluations that leaves.
     *
     * @return a sentence each, none where all is as asked
     */
    public List<String> samplingNotes() {
        List<String> notes = new ArrayList<>();
        int k = trainedSteps(), all = noise.steps(), evaluations = times().length - 1;
        if (k < all && !hparams.infer().useGtMel()) {
            notes.add("the voice learned the first " + k + " of " + all + " diffusion steps, "
                    + (fromMel()
                            ? "so it starts from the song's mel with the noise of step " + k
                            : "and starts there from pure noise, as the Python project does, which it never saw"));
        }
        if (k < all && evaluations < hparams.infer().steps()) {
            notes.add("infer.steps " + hparams.infer().steps() + " counts the whole schedule; from step " + top()
                    + " of " + all + " that is " + evaluations
                    + (evaluations == 1 ? " evaluation" : " evaluations") + ", and more with a larger infer.steps");
        }
        return List.copyOf(notes);
    }

    /**
     * What the network says, with the condition projected once for all evaluations.
     *
     * @param condition cond [1, T, H] and f0_denorm [1, T]
     * @return gives eps [1, 1, M, T] of x at a time
     */
    public Sampler.Eps network(EmbeddingModel.Condition condition) {
        return wavenet.given(condition.forDenoiser());
    }

    /**
     * Keeps so many of the guesses of the clean mel on the way from noise: {@code denoise(condition, start, seed,
     * film.and(ProgressBar.of("sampling")))}.
     *
     * @param frames how many guesses, 2 or more
     * @return an empty film
     */
    public Film film(int frames) {
        return new Film(manager, range, frames);
    }

    /**
     * From noise to x [1, 1, M, T] at time 0.
     *
     * @param condition cond [1, T, H] and f0_denorm [1, T]
     * @param start [1, 1, M, T] at the first of the times
     * @param seed the same seed, the same result
     * @param listener hears of each step
     * @return [1, 1, M, T]
     */
    public NDArray denoise(EmbeddingModel.Condition condition, NDArray start, long seed, Denoising.Listener listener) {
        return denoise(condition, start, RandomSource.keyed(seed), listener);
    }

    private NDArray denoise(
            EmbeddingModel.Condition condition, NDArray start, RandomSource draws, Denoising.Listener listener) {
        Sampler sampler = sampler();
        NDArray x;
        try (EngineLock turn = EngineLock.take("diffusion")) {
            x = Denoising.run(
                    sampler,
                    network(condition),
                    (y, t) -> draws.normal(y.getManager(), "posterior", t, y.getShape()),
                    start,
                    times(),
                    keeping(listener));
        }
        if (draws.inPythonOrder() && sampler instanceof Ddpm) {
            draws.normal(manager, "posterior", 0, start.getShape())
                    .close(); // Python draws for the last step too, and multiplies by 0
        }
        return x;
    }

    /** The listener, and what is kept of a walk that is stopped. */
    private Denoising.Listener keeping(Denoising.Listener listener) {
        NDManager home = room.values.manager();
        return new Denoising.Listener() {
            @Override
            public void after(int done, int of, double t, Sampler.Step step) {
                requireFinite("diffusion", "wavenet", "a mel", step.x(), " after step " + done + " of " + of);
                listener.after(done, of, t, step);
            }

            @Override
            public void stopped(int done, int of, NDArray x, NDArray x0) {
                Map<String, NDArray> made = new LinkedHashMap<>();
                made.put("x", x.duplicate());
                if (x0 != null) {
                    made.put("x0", x0.duplicate());
                    made.put("mel", range.denorm(x0));
                }
                made.values().forEach(a -> a.attach(home));
                keep(new PartialResult("diffusion", done, of, made, null));
                listener.stopped(done, of, x, x0);
            }
        };
    }

    /**
     * Embedding and diffusion at once: what is sung, to the mel in this voice, [1, T, M] log10.
     *
     * @param conds units, mel2ph, f0 and energy on one clock
     * @param sourceMel [1, T, M], of which only infer.use_gt_mel takes more than the length
     * @param seed of the noise
     * @param listener sees each step
     * @return [1, T, M], log10
     */
    public NDArray sample(Conds conds, NDArray sourceMel, long seed, Denoising.Listener listener) {
        return toMel(denoise(embed(conds), start(conds.frames(), sourceMel, seed), seed, listener), conds);
    }

    /**
     * x to mel [1, T, M], log10, masked as the reference masks.
     *
     * @param x [1, 1, M, T] at time 0
     * @param conds units, mel2ph, f0 and energy on one clock
     * @return [1, T, M], log10
     */
    public NDArray toMel(NDArray x, Conds conds) {
        return range.denorm(x, conds.mel2ph());
    }

    /**
     * F0 [T] in Hz for the vocoder: the condition's, or with pitch.pe_enable what the pitch extractor hears in the
     * sampled mel [1, T, M].
     *
     * @param condition cond [1, T, H] and f0_denorm [1, T]
     * @param mel [1, T, M], log10
     * @return [T] Hz
     */
    public float[] f0ForVocoder(EmbeddingModel.Condition condition, NDArray mel) {
        return pitchExtractor == null
                ? condition.f0Denorm().toFloatArray()
                : pitchExtractor.extract(mel, hparams.pitch().useUv()).f0Hz().toFloatArray();
    }

    /**
     * The last stage by hand: a sampled mel [1, T, M] under the condition it was made with, to a wave as long as the
     * song.
     *
     * @param mel [1, T, M], log10
     * @param condition cond [1, T, H] and f0_denorm [1, T]
     * @param melody of the song, for its voicing
     * @param song for its length
     * @param seed of the vocoder's noise and phases
     * @return one channel at the voice's rate
     */
    public Wave sing(NDArray mel, EmbeddingModel.Condition condition, F0Track melody, Wave song, long seed) {
        return Wave.mono(
                vocode(mel, f0ForVocoder(condition, mel), melody.voiced(), samples(song), seed),
                hparams.audio().sampleRateHz());
    }

    /**
     * Samples of a song once it is converted: round(seconds x rate).
     *
     * @param song a recording, any rate and channels
     * @return N
     */
    public int samples(Wave song) {
        return (int) Math.round(song.seconds() * hparams.audio().sampleRateHz());
    }

    /**
     * Mel [1, T, M] and melody to N samples; the mel is clipped to the front end's range first, as the reference does.
     *
     * @param mel [1, T, M], log10
     * @param f0Hz [T] Hz
     * @param voiced [T]
     * @param samples N of the result
     * @param seed the same seed, the same result
     * @return [N], about [-1, 1]
     */
    public float[] vocode(NDArray mel, float[] f0Hz, boolean[] voiced, int samples, long seed) {
        return vocode(mel, f0Hz, voiced, samples, RandomSource.keyed(seed));
    }

    private float[] vocode(NDArray mel, float[] f0Hz, boolean[] voiced, int samples, RandomSource draws) {
        try (EngineLock turn = EngineLock.take("vocoder");
                NDArray clipped = clipped(mel)) {
            Wave wave = vocoder.vocode(clipped, f0Hz, voiced, samples, draws, hparams.quirks());
            float peak = wave.peak();
            if (!(peak <= Recording.MOST_SAMPLE)) { // a peak beside NaN is NaN
                throw spoilt("vocoder", "vocoder", "a wave up to " + Recording.MOST_SAMPLE, "a magnitude of " + peak);
            }
            return wave.first();
        }
    }

    private void requireFinite(String stage, String role, String what, NDArray array, String when) {
        if (!Finite.all(array)) {
            throw spoilt(stage, role, what, Finite.count(array) + when);
        }
    }

    /**
     * The network that made the values is named, not the song: the song's samples were looked at when they were read.
     */
    private Problem spoilt(String stage, String role, String what, String got) {
        String need = "finite values in " + what,
                remedy =
                        "this file's weights are finite but too large: take another checkpoint, or look at what was given to the stage";
        return files.containsKey(role)
                ? Problem.in(stage, files.get(role), need, got, remedy)
                : Problem.in(stage, need, got, "look at what was given to the stage");
    }

    private NDArray clipped(NDArray mel) {
        return mel.maximum((float) hparams.audio().melVmin())
                .minimum((float) hparams.audio().melVmax());
    }

    /**
     * Units of another encoder from a .npy or .npz file of float32 or float64, [P, H] or [1, P, H]: [1, P, H].
     *
     * @param file path, relative ones from the project's folder
     * @return [1, P, H]
     */
    public NDArray unitsFrom(String file) {
        return UnitsFile.read(manager, paths.resolve(file));
    }

    /**
     * Converts with the hparams' own settings, silently.
     *
     * @param song a recording, any rate and channels
     * @return wave, mel and melody of the result
     */
    public Converted convert(Wave song) {
        return convert(song, Given.NOTHING, SILENTLY, UNHEARD);
    }

    /**
     * The same with a listener to each step of the sampler, {@code ProgressBar.of("sampling")} for instance.
     *
     * @param song a recording, any rate and channels
     * @param sampling hears of each step of the sampler
     * @return wave, mel and melody of the result
     */
    public Converted convert(Wave song, Denoising.Listener sampling) {
        return convert(song, Given.NOTHING, SILENTLY, sampling);
    }

    /**
     * The same with some stages' values given.
     *
     * @param song a recording, any rate and channels
     * @param given what is taken as given instead of heard
     * @param sampling hears of each step of the sampler
     * @return wave, mel and melody of the result
     */
    public Converted convert(Wave song, Given given, Denoising.Listener sampling) {
        return convert(song, given, SILENTLY, sampling);
    }

    /**
     * All stages in order, at once: a long song goes through {@link diffsvc.infer.Inference}, slice by slice.
     *
     * @param song a recording, any rate and channels
     * @param stages hears of each stage as it ends
     * @param sampling hears of each step of the sampler
     * @return wave, mel and melody of the result
     */
    public Converted convert(Wave song, Stages stages, Denoising.Listener sampling) {
        return convert(song, Given.NOTHING, stages, sampling);
    }

    /**
     * The same with some stages' values given.
     *
     * @param song a recording, any rate and channels
     * @param given what is taken as given instead of heard
     * @param stages hears of each stage as it ends
     * @param sampling hears of each step of the sampler
     * @return wave, mel and melody of the result
     */
    public Converted convert(Wave song, Given given, Stages stages, Denoising.Listener sampling) {
        return convert(
                song,
                given,
                samples(song),
                RandomSource.keyed(hparams.infer().seed()),
                stages,
                sampling,
                (name, value) -> {});
    }

    /**
     * Every stage's value of one conversion by name, to look at, save and compare.
     *
     * @param song a recording, any rate and channels
     * @param given what is taken as given instead of heard
     * @return the values by name, {@link Trace}
     */
    public Trace trace(Wave song, Given given) {
        Trace trace = new Trace(manager, hparams.audio().sampleRateHz());
        RandomSource draws = hparams.infer().pythonOrder()
                ? RandomSource.inPythonOrder(hparams.infer().seed())
                : RandomSource.keyed(hparams.infer().seed());
        convert(song, given, samples(song), draws, SILENTLY, UNHEARD, trace::keep);
        return trace;
    }

    /**
     * The same with nothing given.
     *
     * @param song a recording, any rate and channels
     * @return the values by name, {@link Trace}
     */
    public Trace trace(Wave song) {
        return trace(song, Given.NOTHING);
    }

    /**
     * All stages in order. The song's own mel is used only for its length, unless infer.use_gt_mel starts from it.
     *
     * @param song a recording, any rate and channels
     * @param given what is taken as given instead of heard
     * @param samples N of the result
     * @param draws where the noise comes from
     * @param stages hears of each stage as it ends
     * @param sampling hears of each step of the sampler
     * @param look sees every stage's value by the names of {@link Trace}
     * @return wave, mel and melody of the result
     */
    public Converted convert(
            Wave song,
            Given given,
            int samples,
            RandomSource draws,
            Stages stages,
            Denoising.Listener sampling,
            BiConsumer<String, NDArray> look) {
        int rate = hparams.audio().sampleRateHz(),
                hop = hparams.audio().hopSamples(),
                bins = hparams.audio().melBins();
        if (song.isSilent()) {
            int frames = samples / hop;
            stages.done("audio", "silence in, silence out", "[" + samples + "]", 0);
            float[][] mel = new float[frames][bins];
            for (float[] row : mel) {
                Arrays.fill(row, -5);
            }
            return new Converted(
                    Wave.mono(new float[samples], rate), mel, new float[frames], new boolean[frames], true);
        }
        try (EngineLock turn = EngineLock.take("conversion");
                DiffSvc work = scoped()) {
            Watch watch = new Watch(stages);
            float[] signal = work.signal(song);
            look.accept("wav_in", work.manager.create(signal));
            watch.done(
                    "audio",
                    String.format(
                            Locale.ROOT,
                            "%.2f s at %d Hz, peak %.2f",
                            song.seconds(),
                            song.sampleRateHz(),
                            song.peak()),
                    "[" + signal.length + "]");
            NDArray mel = work.mel(signal);
            look.accept("mel_in", mel);
            watch.done("mel", "log10 mel of the source", mel.getShape().toString());
            F0Track melody = given.melody() == null ? work.pitch(signal) : given.melody();
            look.accept("f0_hz", work.manager.create(melody.f0Hz()));
            watch.done(
                    "pitch",
                    String.format(
                            Locale.ROOT,
                            "F0%s, %.0f %% of frames voiced",
                            given.melody() == null ? "" : " given",
                            100 * melody.voicedShare()),
                    "[" + melody.frames() + "]");
            NDArray units = given.units() == null ? work.units(song) : given.units();
            look.accept("units", units);
            watch.done(
                    "content",
                    given.units() == null ? "units of " + hparams.hubert().file() : "units given",
                    units.getShape().toString());
            VocalRange sings = VocalRange.of(melody, hparams, given.key() == null ? work.key(melody) : given.key());
            if (sings.known()) {
                watch.done(
                        "range",
                        String.format(
                                Locale.ROOT,
                                "%.0f Hz (voice %.0f), key %+.1f, %.0f %% outside",
                                sings.songHz(),
                                sings.trainedHz(),
                                sings.key(),
                                100 * sings.outside()),
                        "[" + sings.trained().size() + "]");
            }
            Conds conds = work.shift(work.align(units, melody, mel), sings.key());
            look.accept("mel2ph", conds.mel2ph());
            look.accept("energy", conds.energy());
            look.accept("f0_log2", conds.f0());
            EmbeddingModel.Condition condition = work.embed(conds);
            look.accept("pitch_ids", condition.pitchIds());
            look.accept("f0_denorm", condition.f0Denorm());
            look.accept("cond", condition.forDenoiser());
            watch.done(
                    "embedding",
                    "condition" + (sings.key() == 0 ? "" : String.format(Locale.ROOT, ", key %+.1f", sings.key())),
                    condition.cond().getShape().toString());
            NDArray start = work.start(conds.frames(), mel, draws);
            look.accept("x_T", start);
            NDArray x = work.denoise(condition, start, draws, sampling);
            look.accept("x_0", x);
            NDArray sung = work.toMel(x, conds);
            look.accept("mel_out", sung);
            watch.done(
                    "diffusion",
                    hparams.infer().sampler() + ", " + (work.times().length - 1) + " steps",
                    sung.getShape().toString());
            float[] f0Hz = work.f0ForVocoder(condition, sung);
            look.accept("vocoder_mel", work.clipped(sung));
            look.accept("vocoder_f0", work.manager.create(f0Hz));
            float[] wave = work.vocode(sung, f0Hz, melody.voiced(), samples, draws);
            look.accept("wav", work.manager.create(wave));
            watch.done("vocoder", vocoderName(), "[" + wave.length + "]");
            return new Converted(Wave.mono(wave, rate), FrontEnd.rows(sung), f0Hz, melody.voiced(), false);
        }
    }

    /**
     * Copy synthesis: the source's own mel and melody straight into the vocoder. What is wrong in the result is the
     * vocoder's or the pitch's, not the diffusion's.
     *
     * @param song a recording, any rate and channels
     * @return round(seconds x rate) samples
     */
    public Wave copySynthesis(Wave song) {
        try (EngineLock turn = EngineLock.take("conversion");
                DiffSvc work = scoped()) {
            float[] signal = work.signal(song);
            NDArray mel = work.mel(signal);
            F0Track melody = work.pitch(signal);
            float[] f0Hz = melody.f0Hz();
            return Wave.mono(
                    work.vocode(
                            mel,
                            f0Hz,
                            melody.voiced(),
                            samples(song),
                            hparams.infer().seed()),
                    hparams.audio().sampleRateHz());
        }
    }

    /**
     * The oracle's F0: a melody known to be right in place of the one the extractor follows. What stays wrong is not
     * the pitch's.
     *
     * @param song a recording, any rate and channels
     * @param melody times, Hz and voicing, as {@link F0Table} reads them
     * @return the result
     */
    public Converted withMelody(Wave song, F0Table melody) {
        return convert(song, Given.NOTHING.withMelody(melodyOf(song, melody, 0)), SILENTLY, UNHEARD);
    }

    /**
     * A table on this song's frames, which begin {@code startSeconds} into the table.
     *
     * @param song a recording, any rate and channels
     * @param table times, Hz and voicing
     * @param startSeconds of the first frame
     * @return T frames
     */
    public F0Track melodyOf(Wave song, F0Table table, double startSeconds) {
        FrontEnd front = FrontEnd.of(hparams);
        return table.track(
                front.frames(front.signal(song).length), hparams.audio().hopSeconds(), startSeconds);
    }

    /**
     * Swapped units: this song's melody to what another one says, stretched to its length. Words that stay those of
     * this song come from elsewhere.
     *
     * @param song whose melody is sung
     * @param other whose words are sung
     * @return the result
     */
    public Converted withUnitsOf(Wave song, Wave other) {
        try (NDArray units = units(other)) {
            return convert(song, Given.NOTHING.withUnits(units), SILENTLY, UNHEARD);
        }
    }

    /**
     * What sings: the vocoder the hparams name, or the built-in one.
     *
     * @return as the line vocoder says it
     */
    public String vocoderName() {
        boolean builtIn = !vocoder.kind().hasWeights();
        return builtIn
                ? "source_filter (built-in"
                        + (hparams.vocoder().builtIn()
                                ? ", in place of " + hparams.vocoder().kind()
                                : "") + ")"
                : hparams.vocoder().kind()
                        + (files.containsKey("vocoder")
                                ? ", " + files.get("vocoder").getFileName()
                                : "");
    }

    /**
     * Semitones to shift a melody by: infer.key, and with infer.auto_key as many more as bring it to the voice's
     * median.
     *
     * @param melody F0 and voicing, T frames
     * @return semitones, infer.key included
     */
    public double key(F0Track melody) {
        return hparams.infer().key() + (hparams.infer().autoKey() ? VocalRange.suggestedKey(melody, hparams) : 0);
    }

    /** The same models with a manager of its own, so that what a conversion makes goes when it ends. */
    private DiffSvc scoped() {
        NDManager own = manager.newSubManager();
        return new DiffSvc(
                room,
                paths,
                hparams,
                own,
                files,
                encoder,
                embedding,
                wavenet,
                noise,
                range,
                vocoder,
                follower,
                pitchExtractor,
                own::close);
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

    /**
     * Where a converted song goes: output/[song]_[project]_steps_[steps].[format].
     *
     * @param song its name or path
     * @param format wav or flac
     * @return an absolute path
     */
    public Path outputFile(String song, String format) {
        String name = Path.of(song).getFileName().toString();
        int dot = name.lastIndexOf('.');
        return paths.output()
                .resolve((dot > 0 ? name.substring(0, dot) : name) + "_" + hparams.project() + "_steps_"
                        + hparams.steps() + "." + format);
    }

    @Override
    public void close() {
        closing.run();
    }
}
