package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.F0Table;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import diffsvc.diffusion.Samplers;
import diffsvc.diffusion.StepListener;
import diffsvc.diffusion.embedding.EmbeddingModel.Condition;
import diffsvc.hparams.Hparams;
import diffsvc.platform.EngineLock;
import diffsvc.progress.Progress;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Summary;
import diffsvc.tensor.Tap;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/**
 * The conversion of one song as a value: immutable and lazy. Each stage runs once, when it is first asked for, and is
 * kept. A {@code with...} returns another conversion in which one stage is replaced; it shares every stage that does
 * not follow from the replaced one.
 *
 * <pre>{@code
 * var c = voice.convert(song);
 * c.wave();
 * var d = c.key(+2);                                // F0, units and mel are shared; the rest runs when asked for
 * d.wave();
 * }</pre>
 *
 * <p>This class alone knows the order of the stages; it calls the stages of {@link Voice} and adds nothing of its own.
 * A song that is silent gives silence, and no network runs for it. The class is long because each stage has one method
 * for its value and one that replaces it.
 *
 * <p>{@link #close()} frees the stages that no other open conversion has asked for. A conversion that is never closed
 * gives its arrays back once nothing refers to it.
 */
public final class Conversion implements AutoCloseable {
    /** The stages and what each follows from, in the order in which a conversion runs them. */
    private enum Stage {
        SIGNAL,
        MEL(SIGNAL),
        F0(SIGNAL),
        UNITS,
        KEY(F0),
        CONDS(MEL, F0, UNITS, KEY),
        CONDITION(CONDS),
        START(MEL),
        DENOISED(CONDITION, START),
        SAMPLED(DENOISED, CONDS),
        VOCODER_F0(CONDITION, SAMPLED),
        WAVE(SAMPLED, VOCODER_F0, F0);

        private final List<Stage> from;

        /** A silent song gets its mel, F0 and wave without the stages between. */
        boolean isSkippedInSilence() {
            return this == SAMPLED || this == VOCODER_F0 || this == WAVE;
        }

        Stage(Stage... from) {
            this.from = List.of(from);
        }

        /** This stage and all that follow from it. */
        Set<Stage> onwards() {
            Set<Stage> all = EnumSet.of(this);
            for (Stage s : values()) { // declared in order, so one pass reaches the end
                if (s.from.stream().anyMatch(all::contains)) {
                    all.add(s);
                }
            }
            return all;
        }
    }

    /**
     * A value that is made when it is first asked for. Conversions share it; when all that have asked for it are
     * closed, it is freed, and made again should another one ask.
     */
    private static final class Cell {
        private final boolean given;
        private int users;
        private Object value;
        private double seconds;

        Cell() {
            given = false;
        }

        Cell(Object value) {
            this.value = value;
            given = true;
        }

        private void release() {
            if (--users == 0 && !given) {
                free(value);
                value = null;
            }
        }
    }

    /** An array that was drawn, and the source of random numbers behind it. */
    private record Drawn(NDArray array, RandomSource after) {}

    /** The wave, and the source of random numbers behind it. */
    private record Vocoded(Wave wave, RandomSource after) {}

    private final Voice voice;
    private final Wave song;
    private final int samples;
    private final boolean silent;
    private final RandomSource random;
    private final Progress progress;
    private final StepListener steps;
    private final List<Patch> patches;
    /** Keeps inner values as the stages run; null without a tap. */
    private final Tapped kept;

    private final Map<Stage, Cell> cells;
    private final Set<Stage> asked = EnumSet.noneOf(Stage.class);
    private boolean closed;

    private Conversion(
            Voice voice,
            Wave song,
            int samples,
            RandomSource random,
            Progress progress,
            StepListener steps,
            List<Patch> patches,
            Tapped kept,
            Map<Stage, Cell> cells) {
        this.voice = voice;
        this.song = song;
        this.samples = samples;
        this.silent = song.isSilent();
        this.random = random;
        this.progress = progress;
        this.steps = steps;
        this.patches = patches;
        this.kept = kept;
        this.cells = cells;
    }

    static Conversion of(Voice voice, Wave song) {
        Map<Stage, Cell> cells = new EnumMap<>(Stage.class);
        for (Stage s : Stage.values()) {
            cells.put(s, new Cell());
        }
        return new Conversion(
                voice,
                song,
                voice.samples(song),
                random(voice),
                Progress.NONE,
                StepListener.NONE,
                List.of(),
                null,
                cells);
    }

    private static RandomSource random(Voice voice) {
        Hparams.Infer infer = voice.hparams().infer();
        return infer.pythonOrder() ? RandomSource.inPythonOrder(infer.seed()) : RandomSource.keyed(infer.seed());
    }

    // ---- the stages

    /** Runs one stage; what it follows from has run. The method is long because one case stands for each stage. */
    private Object made(Stage stage) {
        Hparams h = voice.hparams();
        return switch (stage) {
            case SIGNAL -> voice.signal(song);
            case MEL ->
                reported("mel", "log10 mel of the source", () -> voice.melOfSignal(signal()), Conversion::shape);
            case F0 ->
                reported(
                        "pitch",
                        "F0 by " + h.pitch().extractor(),
                        () -> voice.f0OfSignal(signal()),
                        f0 -> "[" + f0.frames() + "]");
            case UNITS ->
                reported(
                        "content",
                        "units of " + h.hubert().file(),
                        () -> voice.units(song, looking()),
                        Conversion::shape);
            case KEY -> voice.key(f0());
            case CONDS -> {
                Conds aligned = voice.align(units(), f0(), mel()), shifted = voice.shift(aligned, key());
                if (shifted != aligned) {
                    aligned.f0().close();
                }
                yield shifted;
            }
            case CONDITION ->
                reported(
                        "embedding",
                        "condition" + (key() == 0 ? "" : String.format(Locale.ROOT, ", key %+.1f", key())),
                        () -> voice.embed(conds(), looking()),
                        c -> shape(c.cond()));
            case START -> {
                RandomSource source = random.fork();
                yield new Drawn(voice.start(mel(), source), source);
            }
            case DENOISED -> {
                Drawn start = get(Stage.START);
                RandomSource source = start.after.fork();
                StepListener seen = StepListener.of(progress).and(steps);
                yield reported(
                        "diffusion",
                        sampling(),
                        () -> new Drawn(
                                voice.denoise(condition(), start.array, source, seen, looking(voice.times())), source),
                        d -> shape(d.array));
            }
            case SAMPLED ->
                silent
                        ? voice.manager()
                                .full(mel().getShape(), (float) h.audio().melVmin())
                        : voice.toMel(denoised(), conds());
            case VOCODER_F0 -> silent ? new float[f0().frames()] : voice.vocoderF0(condition(), sampled());
            case WAVE -> {
                if (silent) {
                    progress.ended(new Progress.Stage("audio", "silence in, silence out", "[" + samples + "]", 0));
                    yield new Vocoded(Wave.mono(new float[samples], h.audio().sampleRateHz()), random);
                }
                boolean drawn = !cells.get(Stage.SAMPLED).given; // a given mel has no draws before it
                RandomSource source = (drawn ? this.<Drawn>get(Stage.DENOISED).after : random).fork();
                yield reported(
                        "vocoder",
                        voice.vocoderName(),
                        () -> new Vocoded(
                                voice.vocode(sampled(), vocoderF0(), f0().voiced(), samples, source, looking()),
                                source),
                        v -> "[" + v.wave.samples() + "]");
            }
        };
    }

    /** What sees the inner values of a stage that runs now. */
    private Inner looking(double... times) {
        return patches.isEmpty() && kept == null ? Inner.NONE : new Looking(patches, kept, times);
    }

    /** Sampler, steps and precision, for people. */
    private String sampling() {
        return voice.hparams().infer().sampler() + ", " + (voice.times().length - 1) + " steps, "
                + voice.precision().text();
    }

    /** The song as it was read. */
    public Wave song() {
        return song;
    }

    /** Whether the song is silent; then the wave is silence, and no network runs for it. */
    public boolean silent() {
        return silent;
    }

    /** The song as the mel's front end takes it: one channel at the voice's rate. */
    public Wave signal() {
        return get(Stage.SIGNAL);
    }

    /**
     * The mel of the song, [1, T, M] log10. Only its length and energy reach the result, unless sampling starts from
     * it.
     */
    public NDArray mel() {
        return get(Stage.MEL);
    }

    /** F0 and voicing of the song on the mel's frames, before a key shift. */
    public F0Track f0() {
        return get(Stage.F0);
    }

    /** The content units of the song, [1, P, H]. */
    public NDArray units() {
        return get(Stage.UNITS);
    }

    /** The key shift in semitones: infer.key, and with infer.auto_key the shift to the voice's median on top. */
    public double key() {
        return get(Stage.KEY);
    }

    /** The song's F0 against what the voice was trained on, with the key shift. */
    public VocalRange range() {
        return VocalRange.of(f0(), voice.hparams(), key());
    }

    /** Units, F0 with the key shift, and energy on the mel's clock. */
    public Conds conds() {
        return get(Stage.CONDS);
    }

    /** The condition: cond [1, T, H], f0_denorm [1, T] Hz and pitch ids [1, T]. */
    public Condition condition() {
        return get(Stage.CONDITION);
    }

    /** Where sampling starts, [1, 1, M, T]: noise, or the song's mel with noise. */
    public NDArray start() {
        return this.<Drawn>get(Stage.START).array;
    }

    /** The denoiser's x at time 0, [1, 1, M, T]. */
    public NDArray denoised() {
        return this.<Drawn>get(Stage.DENOISED).array;
    }

    /** The mel in the voice, [1, T, M] log10. */
    public NDArray sampled() {
        return get(Stage.SAMPLED);
    }

    /** F0 in Hz for the vocoder, [T]: the condition's, or with pitch.pe_enable that of the sampled mel. */
    public float[] vocoderF0() {
        return get(Stage.VOCODER_F0);
    }

    /**
     * The song in the voice, one channel, round(seconds x rate) samples unless {@link #samples(int)} asks for others.
     *
     * @throws Problem {@link Problem#isStop() stopped} when this thread is interrupted on the way;
     *     {@link Values#last()} holds what was made
     */
    public Wave wave() {
        return this.<Vocoded>get(Stage.WAVE).wave;
    }

    /**
     * The source of random numbers behind this conversion, for one that draws after it in the Python project's order.
     */
    public RandomSource randomAfter() {
        return this.<Vocoded>get(Stage.WAVE).after;
    }

    // ---- several at once

    /**
     * Runs the denoiser for several conversions in one batch, padded to the longest. On a GPU, and for short songs on a
     * CPU, that takes less time than one after the other. What follows goes on as usual:
     *
     * <pre>{@code
     * var all = List.of(voice.convert(song), voice.convert(other).key(2), voice.convert(song).seed(7));
     * Conversion.denoiseTogether(all);
     * var waves = all.stream().map(Conversion::wave).toList();
     * }</pre>
     *
     * <p>Each conversion has its own start and its own noise, as alone, and its {@link #denoised()} differs from that
     * alone by rounding only. A silent conversion, and one that has its value or needs none, is left out; one with a
     * step listener ({@link #watching}) or a {@link #patch} runs by itself. The batch takes memory for all, each as
     * long as the longest.
     *
     * @param conversions of one voice, with the same sampler, steps and precision; seeds, keys and songs may differ
     * @throws Problem when they differ in those; {@link Problem#isStop() stopped} when this thread is interrupted
     *     between two steps
     */
    public static void denoiseTogether(List<Conversion> conversions) {
        try (EngineLock lock = EngineLock.take("conversion")) {
            for (Conversion c : conversions) {
                c.requireOpen();
                Voice first = conversions.get(0).voice;
                if (!first.samplesLike(c.voice)) {
                    throw Problem.in(
                            "diffusion",
                            "conversions of one voice with the same sampler, steps and precision",
                            first + " beside " + c.voice,
                            "denoise them in batches of their own");
                }
            }
            Map<Cell, Conversion> missing = new LinkedHashMap<>(); // two conversions may share one value
            for (Conversion c : conversions) {
                if (!c.silent
                        && c.cells.get(Stage.SAMPLED).value == null
                        && c.cells.get(Stage.DENOISED).value == null) {
                    if (c.steps == StepListener.NONE && c.patches.isEmpty()) {
                        missing.putIfAbsent(c.cells.get(Stage.DENOISED), c);
                    } else {
                        c.denoised();
                    }
                }
            }
            denoise(missing.values().stream()
                    .filter(c -> c.cells.get(Stage.DENOISED).value == null) // one that ran by itself may share it
                    .toList());
        }
    }

    private static void denoise(List<Conversion> batch) {
        if (batch.size() < 2) {
            batch.forEach(Conversion::denoised);
            return;
        }
        List<Condition> conditions = batch.stream().map(Conversion::condition).toList();
        List<Drawn> starts = batch.stream().map(c -> c.<Drawn>get(Stage.START)).toList();
        List<RandomSource> sources = starts.stream().map(s -> s.after.fork()).toList();
        StepListener counting = StepListener.NONE;
        for (Conversion c : batch) {
            counting = counting.and(StepListener.of(c.progress));
        }
        long began = System.nanoTime();
        List<NDArray> made = batch.get(0)
                .voice
                .denoise(conditions, starts.stream().map(Drawn::array).toList(), sources, counting);
        double frame = (System.nanoTime() - began)
                / 1e9
                / made.stream().mapToLong(x -> x.getShape().get(3)).sum();
        for (int i = 0; i < made.size(); i++) {
            Conversion c = batch.get(i);
            Cell cell = c.cells.get(Stage.DENOISED);
            cell.value = new Drawn(made.get(i), sources.get(i));
            cell.seconds = frame * made.get(i).getShape().get(3); // its share
            c.denoised();
            c.progress.ended(new Progress.Stage("diffusion", c.sampling(), shape(made.get(i)), cell.seconds));
        }
    }

    // ---- other values for a stage

    /**
     * Replaces the song's mel.
     *
     * @param mel [1, T, M] log10
     */
    public Conversion withMel(NDArray mel) {
        return replaced(Stage.MEL, mel);
    }

    /**
     * Replaces F0 and voicing: a curve that was drawn, or one that is known to be right.
     *
     * @param f0 on the mel's frames
     */
    public Conversion withF0(F0Track f0) {
        return replaced(Stage.F0, f0);
    }

    /**
     * Replaces F0 and voicing by a table, whose time 0 is the song's.
     *
     * @param table times, Hz and voicing
     */
    public Conversion withF0(F0Table table) {
        return withF0(voice.f0(song, table, 0));
    }

    /**
     * Replaces the content units; they are stretched over the song.
     *
     * @param units [1, P, H]
     */
    public Conversion withUnits(NDArray units) {
        return replaced(Stage.UNITS, units);
    }

    /**
     * Takes the units of another song: this song's F0 with the other one's words.
     *
     * @param other any rate and channels
     */
    public Conversion withUnitsOf(Wave other) {
        return withUnits(voice.units(other));
    }

    /** Replaces units, F0 and energy, key shift included. */
    public Conversion withConds(Conds conds) {
        return replaced(Stage.CONDS, conds);
    }

    /** Replaces the condition. */
    public Conversion withCondition(Condition condition) {
        return replaced(Stage.CONDITION, condition);
    }

    /**
     * Replaces the noise that sampling starts from.
     *
     * @param start [1, 1, M, T]
     */
    public Conversion withStart(NDArray start) {
        return replaced(Stage.START, new Drawn(start, random));
    }

    /**
     * Replaces the mel that the vocoder receives.
     *
     * @param mel [1, T, M] log10
     */
    public Conversion withSampled(NDArray mel) {
        return replaced(Stage.SAMPLED, mel);
    }

    /**
     * Replaces the F0 that the vocoder receives.
     *
     * @param f0Hz [T]
     */
    public Conversion withVocoderF0(float[] f0Hz) {
        return replaced(Stage.VOCODER_F0, f0Hz);
    }

    /**
     * Copy synthesis: the song's own mel and F0 go to the vocoder. What is wrong in the result comes from vocoder or
     * pitch extractor, not from the diffusion.
     */
    public Conversion copySynthesis() {
        return withSampled(mel()).withVocoderF0(f0().f0Hz());
    }

    // ---- inner values

    /**
     * Keeps inner values of the networks. The stages to which they belong run once more, with the patches of this
     * conversion.
     *
     * <pre>{@code c.tap("wavenet.block3.gate").table()}</pre>
     *
     * @param taps a name of {@link Voice#taps}, or a pattern in which {@code *} stands for anything between two points
     * @throws Problem for a name that the voice does not have, or a stage that does not run: the song is silent, or its
     *     value was given
     */
    public Tapped tap(String taps) {
        return tap(taps, Steps.ALL);
    }

    /**
     * The same at some steps of the sampler.
     *
     * <pre>{@code c.tap("wavenet.block7.skip", steps(0, 10))}</pre>
     */
    public Tapped tap(String taps, Steps at) {
        Set<Stage> stages = running(taps);
        Tapped values = new Tapped(taps, at, voice.manager());
        try (Conversion again = new Conversion(
                voice, song, samples, random, Progress.NONE, StepListener.NONE, patches, values, without(stages))) {
            stages.forEach(again::get);
            return values;
        } catch (RuntimeException e) {
            values.close();
            throw e;
        }
    }

    /**
     * Changes inner values as the networks run. The result is another conversion; this one stays as it is. A patch that
     * gives back what it was given changes no bit of the result.
     *
     * <pre>{@code var quiet = c.patch("wavenet.block3.skip", x -> x.mul(0));}</pre>
     *
     * @param taps a name of {@link Voice#taps}, or a pattern in which {@code *} stands for anything between two points
     * @param change from a value, float32 in the tap's shape, to one of the same shape; it may change its argument in
     *     place
     * @throws Problem for a name that the voice does not have, or a stage that does not run: the song is silent, or its
     *     value was given; later, when the patch gives another shape or values that are not finite
     */
    public Conversion patch(String taps, UnaryOperator<NDArray> change) {
        return patch(taps, Steps.ALL, change);
    }

    /** The same at some steps of the sampler. */
    public Conversion patch(String taps, Steps at, UnaryOperator<NDArray> change) {
        Set<Stage> stale = EnumSet.noneOf(Stage.class);
        running(taps).forEach(stage -> stale.addAll(stage.onwards()));
        List<Patch> more = new ArrayList<>(patches);
        more.add(new Patch(taps, at, change));
        return new Conversion(voice, song, samples, random, progress, steps, List.copyOf(more), kept, without(stale));
    }

    /** The stages to which taps belong. */
    private Set<Stage> running(String taps) {
        Set<Stage> stages = EnumSet.noneOf(Stage.class);
        for (Tap tap : voice.taps().matching(taps)) {
            stages.add(stageOf(tap.name()));
        }
        for (Stage stage : stages) {
            if (silent || cells.get(stage).given) {
                throw Problem.in(
                        "tap",
                        "a stage that runs: " + stage.name().toLowerCase(Locale.ROOT),
                        silent ? "a silent song, for which no network runs" : "a value that was given in its place",
                        "take another song, or leave the stage to the voice");
            }
        }
        return stages;
    }

    private static Stage stageOf(String tap) {
        return tap.startsWith(Voice.ENCODER)
                ? Stage.UNITS
                : tap.startsWith(Voice.EMBEDDING)
                        ? Stage.CONDITION
                        : tap.startsWith(Voice.VOCODER) ? Stage.WAVE : Stage.DENOISED;
    }

    // ---- other settings

    /**
     * Another key shift, in place of infer.key and infer.auto_key.
     *
     * @param semitones up, or down below 0; -48 to 48
     */
    public Conversion key(double semitones) {
        Bound.number("infer", "a key", semitones, -Hparams.LARGEST_KEY, Hparams.LARGEST_KEY);
        return replaced(Stage.KEY, semitones);
    }

    /**
     * Another sampler.
     *
     * <pre>{@code c.sampler(Samplers.unipc(2).steps(20))}</pre>
     */
    public Conversion sampler(Samplers.Choice choice) {
        return infer(choice);
    }

    /** Another seed for all noise. */
    public Conversion seed(long seed) {
        return infer(i -> i.seed(seed));
    }

    /**
     * Other settings of the conversion.
     *
     * <pre>{@code c.infer(i -> i.sampler("unipc2").steps(20))}</pre>
     */
    public Conversion infer(UnaryOperator<Hparams.Infer> edit) {
        Hparams.Infer before = voice.hparams().infer();
        Voice other = voice.with(h -> h.infer(edit));
        Hparams.Infer after = other.hparams().infer();
        Set<Stage> stale = EnumSet.noneOf(Stage.class);
        if (before.key() != after.key() || before.autoKey() != after.autoKey()) {
            stale.addAll(Stage.KEY.onwards());
        }
        if (before.seed() != after.seed() && voice.files().containsKey("crepe")) {
            stale.addAll(Stage.F0.onwards()); // CREPE draws its dither
        }
        if (before.seed() != after.seed()
                || before.pythonOrder() != after.pythonOrder()
                || before.useGtMel() != after.useGtMel()
                || before.addNoiseStep() != after.addNoiseStep()
                || before.temperature() != after.temperature()) {
            stale.addAll(Stage.START.onwards());
        }
        if (!before.precision().equals(after.precision())) {
            stale.addAll(Stage.UNITS.onwards());
        }
        if (before.steps() != after.steps() || !before.sampler().equals(after.sampler())) {
            stale.addAll(Stage.DENOISED.onwards());
        }
        boolean draws = before.seed() != after.seed() || before.pythonOrder() != after.pythonOrder();
        if (draws) {
            stale.addAll(Stage.WAVE.onwards());
        }
        return new Conversion(
                other, song, samples, draws ? random(other) : random, progress, steps, patches, kept, without(stale));
    }

    /**
     * Another length of the result.
     *
     * @param samples N, at the voice's rate
     */
    public Conversion samples(int samples) {
        return new Conversion(
                voice, song, samples, random, progress, steps, patches, kept, without(Stage.WAVE.onwards()));
    }

    /** Draws from a given source, for a slice of a longer song. */
    public Conversion drawing(RandomSource source) {
        return new Conversion(
                voice, song, samples, source, progress, steps, patches, kept, without(union(Stage.START, Stage.WAVE)));
    }

    /** Reports the stages that run, and the evaluations of the denoiser as "sampling". */
    public Conversion listening(Progress listener) {
        return new Conversion(voice, song, samples, random, listener, steps, patches, kept, without(Set.of()));
    }

    /** Shows each step of the sampler to a listener, a {@link diffsvc.diffusion.Film} for instance. */
    public Conversion watching(StepListener listener) {
        return new Conversion(voice, song, samples, random, progress, listener, patches, kept, without(Set.of()));
    }

    /** The voice with the settings of this conversion. */
    public Voice voice() {
        return voice;
    }

    // ---- all of it

    /**
     * Every stage's value by name; stages that have not run yet run now.
     *
     * @return copies that stay when this conversion closes
     */
    public Stages stages() {
        wave();
        Stages stages = new Stages(voice.manager(), voice.hparams().audio().sampleRateHz());
        try (NDManager scratch = voice.manager().newSubManager()) {
            stages.keep("wav_in", scratch.create(signal().first()), seconds(Stage.SIGNAL));
            stages.keep("mel_in", mel().squeeze(0), seconds(Stage.MEL));
            stages.keep("f0_hz", scratch.create(f0().f0Hz()), seconds(Stage.F0));
            if (!silent) {
                keepBetween(stages);
            }
            stages.keep("mel_out", sampled(), seconds(Stage.SAMPLED));
            stages.keep("vocoder_mel", voice.limited(sampled()), 0);
            stages.keep("vocoder_f0", scratch.create(vocoderF0()), seconds(Stage.VOCODER_F0));
            stages.keep("wav", scratch.create(wave().first()), seconds(Stage.WAVE));
            return stages;
        } catch (RuntimeException e) {
            stages.close();
            throw e;
        }
    }

    private void keepBetween(Stages stages) {
        stages.keep("units", units(), seconds(Stage.UNITS));
        stages.keep("mel2ph", conds().mel2ph(), seconds(Stage.CONDS));
        stages.keep("energy", conds().energy(), 0);
        stages.keep("f0_log2", conds().f0(), 0);
        stages.keep("pitch_ids", condition().pitchIds(), seconds(Stage.CONDITION));
        stages.keep("f0_denorm", condition().f0Denorm(), 0);
        stages.keep("cond", condition().forDenoiser(), 0);
        stages.keep("x_T", start(), seconds(Stage.START));
        stages.keep("x_0", denoised(), seconds(Stage.DENOISED));
    }

    @Override
    public String toString() {
        List<String> made = new ArrayList<>();
        for (Stage s : Stage.values()) {
            if (cells.get(s).value != null) {
                made.add(s.name().toLowerCase(Locale.ROOT));
            }
        }
        return "Conversion of " + song + " by " + voice + (patches.isEmpty() ? "" : ", patched: " + patches) + "; "
                + (made.isEmpty() ? "nothing has run yet" : "made: " + String.join(", ", made));
    }

    /** Frees the stages that no other open conversion has asked for. */
    @Override
    public void close() {
        synchronized (asked) {
            if (!closed) {
                closed = true;
                asked.forEach(stage -> cells.get(stage).release());
            }
        }
    }

    // ---- cells

    @SuppressWarnings("unchecked")
    private <T> T get(Stage stage) {
        try (EngineLock lock = EngineLock.take("conversion")) { // cells are shared, so one thread at a time
            requireOpen();
            Cell cell = cells.get(stage);
            if (asked.add(stage)) {
                cell.users++;
            }
            if (cell.value == null) {
                if (!silent || !stage.isSkippedInSilence()) {
                    stage.from.forEach(this::get);
                }
                long began = System.nanoTime();
                cell.value = made(stage);
                cell.seconds = (System.nanoTime() - began) / 1e9;
            }
            return (T) cell.value;
        }
    }

    private void requireOpen() {
        if (closed) {
            throw Problem.in("conversion", "an open conversion", "one that is closed", "convert the song again");
        }
    }

    private double seconds(Stage stage) {
        return cells.get(stage).seconds;
    }

    private <T> T reported(String stage, String what, Supplier<T> make, Function<T, String> shape) {
        long began = System.nanoTime();
        T made = make.get();
        progress.ended(new Progress.Stage(stage, what, shape.apply(made), (System.nanoTime() - began) / 1e9));
        return made;
    }

    private static String shape(NDArray array) {
        return Summary.shape(array);
    }

    private Conversion replaced(Stage stage, Object value) {
        Map<Stage, Cell> other = without(stage.onwards());
        other.put(stage, new Cell(value));
        return new Conversion(voice, song, samples, random, progress, steps, patches, kept, other);
    }

    /** This conversion's cells, shared, but for some that are made again. */
    private Map<Stage, Cell> without(Set<Stage> stale) {
        requireOpen();
        Map<Stage, Cell> other = new EnumMap<>(Stage.class);
        cells.forEach((s, cell) -> other.put(s, stale.contains(s) ? new Cell() : cell));
        return other;
    }

    private static Set<Stage> union(Stage... stages) {
        Set<Stage> all = EnumSet.noneOf(Stage.class);
        for (Stage s : stages) {
            all.addAll(s.onwards());
        }
        return all;
    }

    private static void free(Object value) {
        if (value instanceof NDArray array) {
            array.close();
        } else if (value instanceof Drawn drawn) {
            drawn.array.close();
        } else if (value instanceof Conds c) {
            for (NDArray a : new NDArray[] {c.units(), c.mel2ph(), c.f0(), c.energy(), c.unvoiced()}) {
                a.close();
            }
        } else if (value instanceof Condition c) {
            c.cond().close();
            c.f0Denorm().close();
            c.pitchIds().close();
        }
    }
}
