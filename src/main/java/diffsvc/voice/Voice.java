package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Recording;
import diffsvc.audio.Wave;
import diffsvc.check.Axes;
import diffsvc.check.Finite;
import diffsvc.check.Problem;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.F0Table;
import diffsvc.conds.F0Track;
import diffsvc.conds.PitchExtractor;
import diffsvc.conds.VocalRange;
import diffsvc.conds.hubert.UnitsFile;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.Draw;
import diffsvc.diffusion.Film;
import diffsvc.diffusion.LookedSampler;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Prediction;
import diffsvc.diffusion.Sampler;
import diffsvc.diffusion.Samplers;
import diffsvc.diffusion.SamplingRange;
import diffsvc.diffusion.StepListener;
import diffsvc.diffusion.Stochastic;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.embedding.EmbeddingModel.Condition;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetScript;
import diffsvc.files.Remembered;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectName;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.EngineLock;
import diffsvc.random.KeyedRandom;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Cost;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Padding;
import diffsvc.tensor.Tap;
import diffsvc.tensor.TryOuts;
import diffsvc.vocoder.Vocoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * One voice: its settings and its parts. Immutable; it holds no values of a song. Each stage of a conversion is one
 * call, and {@link Conversion} composes exactly these calls.
 *
 * <pre>{@code
 * var voice = Voice.open("demo");
 * var c = voice.convert(voice.read("raw/music1.wav"));
 * c.mel();                                          // each stage runs once, when first asked for
 * c.wave();
 * }</pre>
 *
 * <p>Letters: B batch, N samples, P content frames, T mel frames, M mel bins, H condition width. A mel is [1, T, M],
 * log10. Arrays that a stage returns live as long as something refers to them ({@link Values}).
 *
 * <p>The class is longer than 500 lines because a voice is opened in one place and each stage is one method of it.
 */
public final class Voice implements AutoCloseable {
    /** What the names of taps begin with. */
    static final String ENCODER = "encoder.",
            EMBEDDING = "embedding.",
            SAMPLER = "sampler.",
            WAVENET = "wavenet.",
            VOCODER = "vocoder.";

    private final ProjectPaths paths;
    private final Hparams hparams;
    private final Parts parts;
    private final AutoPrecision auto;
    private final Values values;
    /** Views under other settings share networks and values; only the voice that opened them closes them. */
    private final boolean owner;

    private Voice(ProjectPaths paths, Hparams hparams, Parts parts, AutoPrecision auto, Values values, boolean owner) {
        this.paths = paths;
        this.hparams = hparams;
        this.parts = parts;
        this.auto = auto;
        this.values = values;
        this.owner = owner;
    }

    /**
     * Opens a project under models/ with its own settings.
     *
     * @param project folder under models/
     */
    public static Voice open(String project) {
        return open(project, h -> h);
    }

    /**
     * Opens a project under models/ with edited settings.
     *
     * <pre>{@code Voice.open("demo", h -> h.infer(i -> i.steps(20)))}</pre>
     *
     * @param project folder under models/
     * @param edit of the project's settings
     * @throws Problem when the project or one of its files is missing, differs from what the voice was trained with, or
     *     does not fit the settings, and when an edit has no effect on a conversion
     */
    public static Voice open(String project, UnaryOperator<Hparams> edit) {
        return open(project, edit, ComputeDevice.auto());
    }

    /** The same on a device; without one, a voice is on {@link ComputeDevice#auto}. */
    public static Voice open(String project, UnaryOperator<Hparams> edit, ComputeDevice device) {
        ProjectPaths paths = ProjectPaths.find();
        return open(paths, ModelFiles.in(paths.models()).project(ProjectName.require("models", project)), edit, device);
    }

    /**
     * Opens a voice of the Python project where it lies.
     *
     * @param config its config.yaml
     * @param checkpoint its model_ckpt_steps_N.ckpt, with or without an optimizer
     * @param edit of its settings
     */
    public static Voice open(Path config, Path checkpoint, UnaryOperator<Hparams> edit) {
        ProjectPaths paths = ProjectPaths.find();
        return open(paths, ModelFiles.in(paths.models()).upstream(config, checkpoint), edit, ComputeDevice.auto());
    }

    /**
     * Opens a voice whose files are known.
     *
     * @param paths folders of models, songs and outputs
     * @param pair the trained files and their settings
     * @param edit of these settings
     */
    public static Voice open(ProjectPaths paths, ModelFiles.Pair pair, UnaryOperator<Hparams> edit) {
        return open(paths, pair, edit, ComputeDevice.auto());
    }

    /** The same on a device; without one, a voice is on {@link ComputeDevice#auto}. */
    public static Voice open(
            ProjectPaths paths, ModelFiles.Pair pair, UnaryOperator<Hparams> edit, ComputeDevice device) {
        ModelFiles files = ModelFiles.in(paths.models());
        Hparams hparams = edit.apply(pair.hparams());
        Effect.require(pair.hparams(), hparams);
        Pairing pairing = Pairing.of(files, pair, hparams);
        pairing.require();
        Remembered kept = new Remembered(paths.cache());
        AutoPrecision auto = AutoPrecision.in(kept);
        Parts parts = Parts.load(
                device,
                auto.of(hparams, device).denoiser(),
                TryOuts.on(device, kept),
                files,
                pair,
                hparams,
                pairing.notes());
        return new Voice(paths, hparams, parts, auto, new Values(device), true);
    }

    /**
     * A voice of random weights in the published sizes, behind a small random encoder: it makes noise, and every shape
     * is right.
     */
    public static Voice random() {
        return random(h -> h);
    }

    /**
     * A voice of random weights in other sizes.
     *
     * @param edit of the published settings
     */
    public static Voice random(UnaryOperator<Hparams> edit) {
        return random(edit, ComputeDevice.auto());
    }

    /** The same on a device. */
    public static Voice random(UnaryOperator<Hparams> edit, ComputeDevice device) {
        ProjectPaths paths = ProjectPaths.find();
        Hparams hparams = edit.apply(Hparams.defaults());
        AutoPrecision auto = AutoPrecision.in(new Remembered(paths.cache()));
        return new Voice(paths, hparams, Parts.random(device, hparams), auto, new Values(device), true);
    }

    /**
     * The same voice under other settings of a conversion. It shares networks and values with this one, which alone
     * closes them.
     *
     * <pre>{@code voice.with(h -> h.infer(i -> i.sampler("unipc2").steps(20)))}</pre>
     *
     * @param edit of {@code infer} and {@code quirks}
     * @throws Problem for any other scope: those shape a network, so the voice has to be opened with them
     */
    public Voice with(UnaryOperator<Hparams> edit) {
        Hparams other = edit.apply(hparams);
        if (!other.infer(i -> hparams.infer()).quirks(hparams.quirks()).equals(hparams)) {
            String call = hparams.project().isEmpty() ? "Voice.random(" : "Voice.open(\"" + hparams.project() + "\", ";
            throw Problem.in(
                    "hparams",
                    "an edit of infer and quirks",
                    String.join(", ", Effect.changed(hparams, other)),
                    "open the voice with that edit: " + call + "h -> ...)");
        }
        Effect.require(hparams, other);
        return new Voice(paths, other, parts, auto, values, false);
    }

    /** Remarks on this voice: keys of its settings that have no effect because its files decide. */
    public List<String> notes() {
        return parts.notes();
    }

    /** The settings in force. */
    public Hparams hparams() {
        return hparams;
    }

    /** The folders of models, songs and outputs, absolute. */
    public ProjectPaths paths() {
        return paths;
    }

    /**
     * The files of the networks: encoder, embedding, wavenet, and where there are such vocoder, crepe, pitch_extractor.
     */
    public Map<String, Path> files() {
        return parts.files();
    }

    /** The arrays that stages have handed out, and the partial result of a stopped call. */
    public Values values() {
        return values;
    }

    /** The manager of every array that a stage hands out; nothing on it needs {@code close()}. */
    public NDManager manager() {
        return values.manager();
    }

    /** What each network takes in memory; the source-filter vocoder works on the Java heap alone. */
    public List<Cost> costs() {
        return parts.costs(hparams);
    }

    /** The content encoder: wave to units. */
    public ContentEncoder encoder() {
        return parts.encoder();
    }

    /** The pitch extractor: signal to F0 and voicing. */
    public PitchExtractor pitchExtractor() {
        return parts.pitchExtractor().with(hparams.quirks());
    }

    /** The embedding model: conds to the condition. */
    public EmbeddingModel embedding() {
        return parts.embedding();
    }

    /** The denoiser operation by operation, to look inside; conversions run it in one call ({@link #network}). */
    public WaveNet wavenet() {
        return parts.denoiser().network();
    }

    private WaveNetScript denoiser() {
        return parts.denoiser().script(precision().denoiser());
    }

    /** The precision of conversions: infer.precision, with auto decided. */
    public Precision precision() {
        return auto.of(hparams, device());
    }

    /** Where the weights and every array of a stage are. */
    public ComputeDevice device() {
        return parts.device();
    }

    /** The noise schedule that the voice was trained with, from its file. */
    public NoiseSchedule schedule() {
        return parts.schedule();
    }

    /** What the denoiser predicts: as its file says, or else noise.prediction. */
    public Prediction prediction() {
        return parts.prediction();
    }

    /** The range of each mel bin that maps to the denoiser's [-1, 1], from the voice's file. */
    public MelRange range() {
        return parts.range();
    }

    /** The vocoder: mel and F0 to wave. */
    public Vocoder vocoder() {
        return parts.vocoder();
    }

    /**
     * The inner values of this voice's networks that a conversion can keep ({@link Conversion#tap}) and change
     * ({@link Conversion#patch}), with their shapes and meanings.
     */
    public Taps taps() {
        List<Tap> all = new ArrayList<>();
        parts.encoder().taps().forEach(tap -> all.add(tap.under(ENCODER)));
        parts.embedding().taps().forEach(tap -> all.add(tap.under(EMBEDDING)));
        LookedSampler.taps(hparams.audio().melBins()).forEach(tap -> all.add(tap.under(SAMPLER)));
        denoiser().taps().forEach(tap -> all.add(tap.under(WAVENET)));
        parts.vocoder().taps().forEach(tap -> all.add(tap.under(VOCODER)));
        return new Taps(all);
    }

    /**
     * Reads a recording of any kind ({@link AudioFile}), all channels at their own rate.
     *
     * @param file path; a relative one starts at the project's folder
     */
    public Wave read(String file) {
        return AudioFile.read(paths.resolve(file));
    }

    // ---- the stages, in the order of the data

    /** The stages before the trained networks, with their results on a manager. */
    private SourceAnalysis analysis(NDManager owner) {
        return SourceAnalysis.on(
                owner,
                hparams,
                parts.encoder(),
                parts.files().get("encoder"),
                pitchExtractor(),
                precision().denoiser());
    }

    /**
     * The song as the mel's front end takes it: one channel at the voice's rate.
     *
     * @param song any rate and channels
     */
    public Wave signal(Wave song) {
        return analysis(manager()).signal(song);
    }

    /**
     * The mel of a song, [1, T, M] log10.
     *
     * @param song any rate and channels
     */
    public NDArray mel(Wave song) {
        return melOfSignal(signal(song));
    }

    /** The mel of what {@link #signal} gave, [1, T, M] log10. */
    public NDArray melOfSignal(Wave signal) {
        try (NDManager scratch = manager().newSubManager()) {
            return handOut("mel", analysis(scratch).melOfSignal(signal));
        }
    }

    /**
     * F0 and voicing on the mel's frames.
     *
     * @param song any rate and channels
     */
    public F0Track f0(Wave song) {
        return f0OfSignal(signal(song));
    }

    /** F0 and voicing of what {@link #signal} gave, on the mel's frames. */
    public F0Track f0OfSignal(Wave signal) {
        return analysis(manager()).f0OfSignal(signal);
    }

    /**
     * A table of F0 on this song's frames.
     *
     * @param song whose frames are asked for
     * @param table times, Hz and voicing
     * @param startSeconds where the song's first frame lies in the table
     */
    public F0Track f0(Wave song, F0Table table, double startSeconds) {
        FrontEnd front = FrontEnd.of(hparams);
        return table.track(
                front.frames(front.signal(song).length), hparams.audio().hopSeconds(), startSeconds);
    }

    /**
     * The content units, [1, P, H].
     *
     * @param song any rate and channels
     */
    public NDArray units(Wave song) {
        return units(song, Inner.NONE);
    }

    NDArray units(Wave song, Inner inner) {
        try (NDManager scratch = manager().newSubManager()) {
            return handOut("units", analysis(scratch).units(song, inner.under(ENCODER)));
        }
    }

    /**
     * Units of another encoder from a .npy or .npz of float16, float32 or float64, [P, H] or [1, P, H].
     *
     * @param file path; a relative one starts at the project's folder
     * @return [1, P, H]
     */
    public NDArray unitsFrom(String file) {
        return UnitsFile.read(manager(), paths.resolve(file));
    }

    /**
     * Units and F0 on the mel's clock.
     *
     * @param units [1, P, H]
     * @param f0 T frames
     * @param mel [1, T, M] log10, for the energy
     * @throws Problem when F0 and mel differ in frames
     */
    public Conds align(NDArray units, F0Track f0, NDArray mel) {
        try (EngineLock lock = EngineLock.take("conds");
                NDManager scratch = manager().newSubManager()) {
            return analysis(scratch)
                    .align(Values.lent(scratch, units), f0, Values.lent(scratch, mel))
                    .map(this::handOut);
        }
    }

    /**
     * The same conds some semitones higher, or lower below 0.
     *
     * @param conds as {@link #align} gives them
     */
    public Conds shift(Conds conds, double semitones) {
        if (semitones == 0) {
            return conds;
        }
        try (NDManager scratch = manager().newSubManager()) {
            return conds.withF0(handOut("f0", conds2Tensor().shift(Values.lent(scratch, conds.f0()), semitones)));
        }
    }

    private Conds2Tensor conds2Tensor() {
        return new Conds2Tensor(hparams.pitch(), hparams.quirks());
    }

    /**
     * All that is taken from a song: signal, mel, F0, units and conds, without a key shift.
     *
     * @param song any rate and channels
     */
    public Source analyse(Wave song) {
        Wave signal = signal(song);
        NDArray mel = melOfSignal(signal), units = units(song);
        F0Track f0 = f0OfSignal(signal);
        return new Source(song, signal, mel, f0, units, align(units, f0, mel));
    }

    /**
     * The condition: cond [1, T, H], f0_denorm [1, T] Hz and pitch ids [1, T].
     *
     * @param conds on one clock
     */
    public Condition embed(Conds conds) {
        return embed(conds, Inner.NONE);
    }

    Condition embed(Conds conds, Inner inner) {
        try (EngineLock lock = EngineLock.take("embedding");
                NDManager scratch = manager().newSubManager()) {
            Condition made = parts.embedding()
                    .embed(conds.map((name, array) -> Values.lent(scratch, array)), inner.under(EMBEDDING));
            requireFinite("embedding", "embedding", "a condition", made.cond(), "");
            return new Condition(
                    handOut("cond", made.cond()),
                    handOut("f0_denorm", made.f0Denorm()),
                    handOut("pitch_ids", made.pitchIds()));
        }
    }

    /**
     * The semitones to shift an F0 by: infer.key, and with infer.auto_key as many more as bring it to the median that
     * the voice was trained on.
     *
     * @param f0 of the song
     */
    public double key(F0Track f0) {
        return hparams.infer().key() + (hparams.infer().autoKey() ? VocalRange.suggestedKey(f0, hparams) : 0);
    }

    /**
     * Standard normal numbers, float32; they follow from the seed and the shape.
     *
     * @param shape sizes of the axes
     */
    public NDArray draw(long seed, long... shape) {
        return KeyedRandom.of(manager(), seed, "draw", 0).normal(new Shape(shape));
    }

    /**
     * Diffusion steps for a batch, [B] int64.
     *
     * @param steps one per clip, 0 to S - 1
     * @throws Problem for a step that the voice's schedule does not have
     */
    public NDArray timesteps(long... steps) {
        return parts.schedule().timesteps(manager(), steps);
    }

    /**
     * Where sampling starts: pure noise [1, 1, M, T], or the song's mel with noise where infer.use_gt_mel or a shallow
     * voice (noise.k_step) starts from it.
     *
     * @param mel [1, T, M] log10 of the song
     * @param seed of the noise
     */
    public NDArray start(NDArray mel, long seed) {
        return start(mel, RandomSource.keyed(seed));
    }

    /**
     * Pure noise to start from, [1, 1, M, T], without a song.
     *
     * @param frames T
     * @param seed of the noise
     * @throws Problem where this voice starts from the song's mel
     */
    public NDArray start(long frames, long seed) {
        if (samplingRange().fromSource()) {
            throw Problem.in("sampling", "the song's mel to start from", "none", "pass voice.mel(song)");
        }
        try (EngineLock lock = EngineLock.take("start");
                NDManager scratch = manager().newSubManager()) {
            return handOut("x_T", pure(scratch, frames, RandomSource.keyed(seed)));
        }
    }

    private NDArray pure(NDManager scratch, long frames, RandomSource random) {
        return tempered(
                random.normal(scratch, "x_T", 0, new Shape(1, 1, hparams.audio().melBins(), frames)));
    }

    /** Noise at infer.temperature. */
    private NDArray tempered(NDArray noise) {
        double temperature = hparams.infer().temperature();
        return temperature == 1 ? noise : noise.mul((float) temperature);
    }

    NDArray start(NDArray mel, RandomSource random) {
        try (EngineLock lock = EngineLock.take("start");
                NDManager scratch = manager().newSubManager()) {
            NDArray pure = pure(scratch, mel.getShape().get(1), random);
            if (!samplingRange().fromSource()) {
                return handOut("x_T", pure);
            }
            NDArray x0 = parts.range().norm(Values.lent(scratch, mel));
            return handOut(
                    "x_T",
                    parts.schedule()
                            .noised(
                                    x0,
                                    scratch.create(new long[] {samplingRange().top() - 1}),
                                    pure));
        }
    }

    /** The sampler that infer.sampler names, with noise by infer.seed where it adds noise. */
    public Sampler sampler() {
        return sampler(Draw.seeded(hparams.infer().seed()));
    }

    /**
     * The sampler that infer.sampler names.
     *
     * @param draw the noise of a {@link Stochastic} sampler, before infer.temperature; the others never ask for it
     */
    public Sampler sampler(Draw draw) {
        return Samplers.of(hparams.infer()).on(parts.schedule(), (x, t) -> tempered(draw.at(x, t)));
    }

    /**
     * The times that the sampler goes through, downwards; one more than there are evaluations.
     *
     * @throws Problem for an infer.steps that the sampled range does not have
     */
    public double[] times() {
        return samplingRange().times(sampler(), hparams.infer().steps());
    }

    /** The diffusion steps that a conversion samples, by noise.k_step, infer and quirks. */
    public SamplingRange samplingRange() {
        return SamplingRange.of(hparams, parts.schedule());
    }

    /**
     * Remarks on the sampling: where a shallow voice (noise.k_step) starts.
     *
     * @throws Problem for an infer.steps that the sampled range does not have
     */
    public List<String> samplingNotes() {
        times(); // refuses before the work begins
        return samplingRange().notes();
    }

    /**
     * The noise that the denoiser finds under a condition, whatever it predicts ({@link #prediction}). It projects the
     * condition once for all evaluations.
     *
     * @param condition cond [1, T, H]
     * @return eps [1, 1, M, T] of x at a time
     */
    public Sampler.Eps network(Condition condition) {
        return prediction().eps(denoiser().given(condition.forDenoiser()));
    }

    /**
     * A listener that keeps guesses of the clean mel on the way from noise.
     *
     * @param frames how many guesses, 2 or more
     */
    public Film film(int frames) {
        return new Film(manager(), parts.range(), frames);
    }

    /**
     * From noise to x [1, 1, M, T] at time 0.
     *
     * @param condition cond [1, T, H]
     * @param start [1, 1, M, T] at the first of {@link #times}
     * @param seed of the noise that a stochastic sampler adds
     */
    public NDArray denoise(Condition condition, NDArray start, long seed) {
        return denoise(condition, start, seed, StepListener.NONE);
    }

    /** {@link #denoise(Condition, NDArray, long)} with a listener to each step. */
    public NDArray denoise(Condition condition, NDArray start, long seed, StepListener listener) {
        return denoise(condition, start, RandomSource.keyed(seed), listener);
    }

    NDArray denoise(Condition condition, NDArray start, RandomSource random, StepListener listener) {
        return denoise(condition, start, random, listener, Inner.NONE);
    }

    NDArray denoise(Condition condition, NDArray start, RandomSource random, StepListener listener, Inner inner) {
        return denoise(List.of(condition), List.of(start), List.of(random), listener, inner)
                .get(0);
    }

    /**
     * Several starts under their conditions in one batch, padded to the longest. Each item draws what it draws alone,
     * from its own source.
     *
     * @param listener sees the whole batch, [B, 1, M, T]
     * @return [1, 1, M, T] of each
     */
    List<NDArray> denoise(
            List<Condition> conditions, List<NDArray> starts, List<RandomSource> randoms, StepListener listener) {
        return denoise(conditions, starts, randoms, listener, Inner.NONE);
    }

    private List<NDArray> denoise(
            List<Condition> conditions,
            List<NDArray> starts,
            List<RandomSource> randoms,
            StepListener listener,
            Inner inner) {
        long[] frames =
                starts.stream().mapToLong(start -> start.getShape().get(3)).toArray();
        Sampler sampler = sampler(Draw.of(randoms, frames));
        try (EngineLock lock = EngineLock.take("diffusion");
                NDManager scratch = manager().newSubManager()) {
            List<NDArray> conds = new ArrayList<>(), froms = new ArrayList<>();
            for (int i = 0; i < frames.length; i++) {
                conds.add(Values.lent(scratch, conditions.get(i).cond()));
                froms.add(Values.lent(scratch, starts.get(i)));
                Axes.of("diffusion").require("cond", conds.get(i), "1 T H").require("start", froms.get(i), "1 1 M T");
            }
            NDArray cond = Padding.joined(scratch, conds, 1).transpose(0, 2, 1),
                    from = Padding.joined(scratch, froms, 3);
            Sampler.Eps eps = prediction().eps(denoiser().given(cond, frames, inner.under(WAVENET)));
            Sampler looked = inner == Inner.NONE ? sampler : new LookedSampler(sampler, inner.under(SAMPLER));
            NDArray x = Denoising.run(looked, eps, from, times(), checked(listener));
            List<NDArray> made = new ArrayList<>();
            for (int i = 0; i < frames.length; i++) {
                if (randoms.get(i).inPythonOrder() && sampler instanceof Stochastic) {
                    // Python draws for the last step too, and multiplies by 0
                    randoms.get(i).normal(scratch, "posterior", 0, starts.get(i).getShape());
                }
                made.add(handOut("x_0", Padding.item(x, i, frames[i])));
            }
            return made;
        }
    }

    /** Whether conversions by both voices may share a batch of the denoiser: one network, the same steps. */
    boolean samplesLike(Voice other) {
        return parts == other.parts
                && precision() == other.precision()
                && Samplers.of(hparams.infer()).equals(Samplers.of(other.hparams.infer()))
                && hparams.infer().temperature() == other.hparams.infer().temperature()
                && Arrays.equals(times(), other.times());
    }

    /** Refuses values that are not finite, and keeps what a stopped call has made. */
    private StepListener checked(StepListener listener) {
        return new StepListener() {
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
                    made.put("mel", parts.range().denorm(x0));
                }
                made.values().forEach(a -> a.attach(manager()));
                values.keep(new PartialResult("diffusion", done, of, made, null));
                listener.stopped(done, of, x, x0);
            }
        };
    }

    /**
     * Embedding and diffusion together: conds to the mel of this voice, [1, T, M] log10.
     *
     * @param conds on one clock
     * @param mel [1, T, M] log10 of the song
     * @param seed of all noise
     */
    public NDArray sample(Conds conds, NDArray mel, long seed) {
        return sample(conds, mel, seed, StepListener.NONE);
    }

    /** {@link #sample(Conds, NDArray, long)} with a listener to each step. */
    public NDArray sample(Conds conds, NDArray mel, long seed, StepListener listener) {
        return toMel(denoise(embed(conds), start(mel, seed), seed, listener), conds);
    }

    /**
     * The denoiser's x as a mel [1, T, M] log10; frames that are padding become 0, as in the reference.
     *
     * @param x [1, 1, M, T] at time 0
     * @param conds whose mel2ph marks padding
     */
    public NDArray toMel(NDArray x, Conds conds) {
        try (NDManager scratch = manager().newSubManager()) {
            return handOut("mel", parts.range().denorm(Values.lent(scratch, x), Values.lent(scratch, conds.mel2ph())));
        }
    }

    /**
     * F0 [T] in Hz for the vocoder: the condition's, or with pitch.pe_enable what the mel pitch extractor finds in the
     * sampled mel.
     *
     * @param condition f0_denorm [1, T]
     * @param mel [1, T, M] log10
     */
    public float[] vocoderF0(Condition condition, NDArray mel) {
        if (parts.melPitch() == null) {
            return condition.f0Denorm().toFloatArray();
        }
        try (EngineLock lock = EngineLock.take("pitch");
                NDManager scratch = manager().newSubManager()) {
            return parts.melPitch()
                    .extract(Values.lent(scratch, mel), hparams.pitch().useUv())
                    .f0Hz()
                    .toFloatArray();
        }
    }

    /** Samples of a converted song: round(seconds x rate). */
    public int samples(Wave song) {
        return (int) Math.round(song.seconds() * hparams.audio().sampleRateHz());
    }

    /**
     * Mel and F0 of one song to a wave as long as the song.
     *
     * @param mel [1, T, M] log10
     * @param source the song's analysis, for F0, voicing and length
     * @param seed of phases and noise
     */
    public Wave vocode(NDArray mel, Source source, long seed) {
        return vocode(mel, source.f0(), samples(source.song()), seed);
    }

    /**
     * Mel and F0 to a wave.
     *
     * @param mel [1, T, M] log10; the front end's range limits it first, as in the reference
     * @param f0 T frames
     * @param samples N of the result
     * @param seed of phases and noise
     */
    public Wave vocode(NDArray mel, F0Track f0, int samples, long seed) {
        return vocode(mel, f0.f0Hz(), f0.voiced(), samples, seed);
    }

    /**
     * Mel and F0 to a wave, with F0 and voicing apart: a condition's f0_denorm is interpolated through unvoiced frames.
     *
     * @param mel [1, T, M] log10
     * @param f0Hz [T]
     * @param voiced [T]
     * @param samples N of the result
     * @param seed of phases and noise
     */
    public Wave vocode(NDArray mel, float[] f0Hz, boolean[] voiced, int samples, long seed) {
        return vocode(mel, f0Hz, voiced, samples, RandomSource.keyed(seed));
    }

    Wave vocode(NDArray mel, float[] f0Hz, boolean[] voiced, int samples, RandomSource random) {
        return vocode(mel, f0Hz, voiced, samples, random, Inner.NONE);
    }

    Wave vocode(NDArray mel, float[] f0Hz, boolean[] voiced, int samples, RandomSource random, Inner inner) {
        try (EngineLock lock = EngineLock.take("vocoder");
                NDManager scratch = manager().newSubManager()) {
            Wave wave = parts.vocoder()
                    .vocode(
                            limited(Values.lent(scratch, mel)),
                            f0Hz,
                            voiced,
                            samples,
                            random,
                            hparams.quirks(),
                            precision().vocoder(),
                            inner.under(VOCODER));
            float peak = wave.peak();
            if (!(peak <= Recording.MOST_SAMPLE)) { // a peak beside NaN is NaN
                throw spoilt("vocoder", "vocoder", "a wave up to " + Recording.MOST_SAMPLE, "a magnitude of " + peak);
            }
            return wave;
        }
    }

    /** A mel within the front end's range, as the vocoder takes it. */
    NDArray limited(NDArray mel) {
        return mel.maximum((float) hparams.audio().melVmin())
                .minimum((float) hparams.audio().melVmax());
    }

    /** The vocoder's name, for people: what the settings name, or the built-in one. */
    public String vocoderName() {
        return parts.vocoderName(hparams.vocoder());
    }

    /**
     * A conversion of a song; nothing has run yet. A long song goes through {@link diffsvc.infer}, slice by slice.
     *
     * @param song any rate and channels
     */
    public Conversion convert(Wave song) {
        return Conversion.of(this, song);
    }

    private NDArray handOut(String name, NDArray array) {
        return values.handOut(name, array);
    }

    private void requireFinite(String stage, String role, String what, NDArray array, String when) {
        if (!Finite.all(array)) {
            throw spoilt(stage, role, what, Finite.count(array) + when);
        }
    }

    private Problem spoilt(String stage, String role, String what, String got) {
        return Networks.spoilt(stage, parts.files().get(role), what, got);
    }

    @Override
    public String toString() {
        return "Voice " + (hparams.project().isEmpty() ? "of random weights" : hparams.project()) + ", "
                + hparams.steps() + " training steps, " + hparams.infer().sampler() + " "
                + hparams.infer().steps() + ", vocoder " + vocoderName();
    }

    @Override
    public void close() {
        if (owner) {
            values.close();
            parts.manager().close();
        }
    }
}
