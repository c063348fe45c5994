package diffsvc.conds.whisper;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import diffsvc.audio.Resampler;
import diffsvc.audio.Wave;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Forms;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.LookedLayers;
import diffsvc.hparams.EncoderKind;
import diffsvc.hparams.Precision;
import diffsvc.platform.EngineLock;
import diffsvc.platform.PartListener;
import diffsvc.tensor.Cost;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Rounding;
import diffsvc.tensor.Tap;
import diffsvc.tensor.TryOuts;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * The encoder of Whisper as a content encoder: a 16 kHz wave to units, one every 20 ms (Radford et al.,
 * arXiv:2212.04356, section 2.2). Sizes come from the checkpoint's shapes; there is one attention head for every 64
 * channels.
 *
 * <p>wave [N] - log mel - [B, M, 2 P] - two convolutions, positions - [B, P, H] - pre-norm transformer, norm - units
 * [B, P, H]
 *
 * <p>The network knows 1500 positions, 30 s. A longer wave goes through in parts of 30 s that overlap, and the units of
 * two parts are crossfaded where both are far from an end ({@link Parts}).
 *
 * <p>A third of the variance of the network's output only tells the position. {@link Form#PLACELESS} takes off what the
 * network answers to silence at the same position, which leaves a tenth of that.
 */
public final class WhisperEncoder implements ContentEncoder {
    /** Rate of the wave that the network takes, Hz. */
    public static final int RATE_HZ = LogMel.RATE_HZ;

    static final float EPS = 1e-5f;
    private static final int HOP = EncoderKind.WHISPER.hopSamples(), KERNEL = 3;
    /**
     * Silence behind a wave, in units: 1 s. The last second's units are then within 0.23 to 0.31 of those with silence
     * up to 30 s (rms over the units' deviation; without it 0.38 to 0.47), at a third of the time for 10 s.
     */
    static final int TAIL = 50;
    /** The log mel of silence beside a sound at full scale, whose greatest value is 2: (2 - 8 + 4) / 4. */
    private static final float SILENCE = -0.5f;

    /** What is taken as units. */
    public enum Form {
        /** The output minus the output for silence at the same position; a second of silence follows the wave. */
        PLACELESS,
        /** The output alone, the wave padded to 30 s: so-vits-svc's whisper-ppg. */
        PPG
    }

    /**
     * Widths of the network.
     *
     * @param bands M, of the log mel
     * @param dim H, width of transformer and units
     * @param heads attention heads
     * @param feedForward width inside a layer
     * @param positions the longest sound, in units
     */
    public record Sizes(int bands, int dim, int layers, int heads, int feedForward, int positions) {
        /** The sizes of Whisper tiny and tiny.en. */
        public static final Sizes TINY = new Sizes(80, 384, 4, 6, 1536, 1500);

        /**
         * The sizes that a checkpoint's shapes give.
         *
         * @param file in any layout that {@link WhisperFile} knows
         * @param heads of the attention; 0 means one for every 64 channels
         */
        public static Sizes of(StateDict file, int heads) {
            return ofEncoder(WhisperFile.encoder(file), heads);
        }

        private static Sizes ofEncoder(StateDict file, int heads) {
            int dim = file.size("conv1.weight", 0), h = ContentEncoder.heads("whisper", file.file(), dim, heads);
            return new Sizes(
                    file.size("conv1.weight", 1),
                    dim,
                    file.layers("blocks."),
                    h,
                    file.size("blocks.0.mlp.0.weight", 0),
                    file.size("positional_embedding", 0));
        }

        /**
         * Memory over P units: what the answer to silence takes, whatever P is, the rows of one part, and wave, log mel
         * and units of the whole.
         */
        public Cost cost() {
            return new Cost(
                    "whisper",
                    EncoderKind.WHISPER.unitsPerSecond(),
                    Cost.bytes(table(this)),
                    (b, p) ->
                            Cost.FLOAT * b * dim * (56.0 * positions + 5.0 * Math.min(p + TAIL, positions) + 8.0 * p));
        }
    }

    /** Units [B, P, H]; they belong to the manager the log mel came from. */
    public record Units(NDArray units) {
        /** Checks the axes [B, P, H]. */
        public Units {
            Axes.of("whisper").require("units", units, "B P H");
        }
    }

    private final Sizes sizes;
    private final Form form;
    private final LogMel front;
    private final NDManager manager;
    private final TryOuts tryOuts;
    private final Forms<Weights, WhisperScript> forms;
    private final Set<String> notes = ConcurrentHashMap.newKeySet();
    private final String weights;

    private WhisperEncoder(
            Sizes sizes,
            Form form,
            NDManager manager,
            TryOuts tryOuts,
            Function<BiFunction<Weights, Precision, WhisperScript>, Forms<Weights, WhisperScript>> forms) {
        this.sizes = sizes;
        this.form = form;
        this.manager = manager;
        this.tryOuts = tryOuts;
        front = new LogMel(sizes.bands);
        this.forms = forms.apply(this::narrowed);
        weights = this.forms.walk(Weights::toString); // opens them, which checks the file
    }

    /**
     * Opens a checkpoint of openai, transformers or CTranslate2; a decoder in it is left out.
     *
     * @param manager owner of the result
     * @param heads of the attention; 0 means one for every 64 channels
     */
    public static WhisperEncoder load(NDManager manager, Path file, Form form, int heads) {
        return load(manager, file, form, heads, TryOuts.EACH_TIME);
    }

    /** The same, with what is remembered of try-outs. */
    public static WhisperEncoder load(NDManager manager, Path file, Form form, int heads, TryOuts tryOuts) {
        StateDict state = WhisperFile.encoder(file);
        Sizes sizes = Sizes.ofEncoder(state, heads);
        return new WhisperEncoder(
                sizes,
                form,
                manager,
                tryOuts.of(file),
                make -> new Forms<>(() -> Weights.load(manager, "Whisper's encoder", table(sizes), state), make));
    }

    /**
     * A network of random weights, to learn its shapes.
     *
     * @param manager owner of the result
     */
    public static WhisperEncoder random(NDManager manager, Sizes sizes, Form form, long seed) {
        Weights weights = Weights.random(manager, table(sizes), seed);
        return new WhisperEncoder(sizes, form, manager, TryOuts.EACH_TIME, make -> Forms.of(weights, make));
    }

    /** Names and shapes in openai's file, without "encoder.", in the order of the data. */
    public static Map<String, Shape> table(Sizes s) {
        Map<String, Shape> t = new LinkedHashMap<>();
        t.put("positional_embedding", new Shape(s.positions, s.dim));
        t.put("conv1.weight", new Shape(s.dim, s.bands, KERNEL));
        t.put("conv1.bias", new Shape(s.dim));
        t.put("conv2.weight", new Shape(s.dim, s.dim, KERNEL));
        t.put("conv2.bias", new Shape(s.dim));
        for (int i = 0; i < s.layers; i++) {
            String block = "blocks." + i + ".";
            norm(t, block + "attn_ln", s.dim);
            linear(t, block + "attn.query", s.dim, s.dim);
            t.put(block + "attn.key.weight", new Shape(s.dim, s.dim)); // a bias would cancel in the softmax
            linear(t, block + "attn.value", s.dim, s.dim);
            linear(t, block + "attn.out", s.dim, s.dim);
            norm(t, block + "mlp_ln", s.dim);
            linear(t, block + "mlp.0", s.dim, s.feedForward);
            linear(t, block + "mlp.2", s.feedForward, s.dim);
        }
        norm(t, "ln_post", s.dim);
        return t;
    }

    private static void linear(Map<String, Shape> t, String name, int in, int out) {
        t.put(name + ".weight", new Shape(out, in));
        t.put(name + ".bias", new Shape(out));
    }

    private static void norm(Map<String, Shape> t, String name, int width) {
        t.put(name + ".weight", new Shape(width));
        t.put(name + ".bias", new Shape(width));
    }

    /** P, the units of N samples at 16 kHz: floor(N / 320); 0 where the wave is shorter than one unit. */
    public static int frames(int samples) {
        return samples / HOP;
    }

    /** The network's sizes, read off its tensors. */
    public Sizes sizes() {
        return sizes;
    }

    /** The network's tensors under openai's names without "encoder."; the network owns them. */
    public Weights weights() {
        return forms.network();
    }

    /**
     * The network's input for a wave and silence behind it, [1, M, 2 P].
     *
     * @param manager owner of the result
     * @param units P, of wave and silence together; 1500 for the 30 s that Whisper was trained on
     */
    public NDArray logMel(NDManager manager, Wave wave, int units) {
        return front.of(manager, samples(wave), 2 * units);
    }

    private static float[] samples(Wave wave) {
        float[] x = Resampler.resampleIfNeeded(wave.mean(), wave.sampleRateHz(), RATE_HZ);
        if (frames(x.length) < 1) {
            throw Problem.in(
                    "whisper", "at least " + HOP + " samples at 16 kHz", x.length + " samples", "give a longer sound");
        }
        return x;
    }

    /**
     * The network's output [B, P, H] for a log mel [B, M, 2 P], positions included.
     *
     * @throws Problem when P is 0 or beyond the positions that the network knows
     */
    public Units encode(NDArray mel) {
        try (NDManager scratch = mel.getManager().newSubManager()) {
            scratch.tempAttachAll(mel);
            return new Units(scratch.ret(walk(mel, (name, value) -> {})));
        }
    }

    @Override
    public NDArray units(NDManager owner, Wave wave, Precision precision, Inner inner) {
        return units(owner, wave, precision, PartListener.NONE, inner);
    }

    @Override
    public List<Tap> taps() {
        String shape = "[1, P, " + sizes.dim + "]";
        List<Tap> taps = new ArrayList<>();
        taps.add(new Tap("convolved", shape, "the log mel behind the two convolutions, with positions"));
        taps.addAll(LookedLayers.taps(sizes.layers, sizes.dim));
        taps.add(new Tap("output", shape, "the network's output, before the answer to silence is taken off"));
        return taps;
    }

    /**
     * The same, with a listener to its parts: resample, mel, and the script's convolve, layer, finish.
     *
     * @param owner of the result
     * @param precision not auto or mixed
     */
    public NDArray units(NDManager owner, Wave wave, Precision precision, PartListener listener) {
        return units(owner, wave, precision, listener, Inner.NONE);
    }

    private NDArray units(NDManager owner, Wave wave, Precision precision, PartListener listener, Inner inner) {
        WhisperScript script = forms.script(precision);
        try (NDManager scratch = owner.newSubManager()) {
            float[] x = listener.timed("resample", () -> samples(wave));
            Parts parts = new Parts(frames(x.length), sizes.positions, form == Form.PPG ? sizes.positions : TAIL);
            NDArray mel = listener.timed("mel", () -> front.of(scratch, x, 2 * parts.end()));
            NDArray quiet = form == Form.PPG ? null : quiet(script);
            NDList rows = new NDList();
            for (Parts.Part part : parts.all()) {
                EngineLock.check("content", part.from(), parts.units(), "units");
                try (NDManager own = scratch.newSubManager()) {
                    NDArray units =
                            script.units(mel.get(":, :, " + 2 * part.from() + ":" + 2 * part.fedTo()), listener, inner);
                    units.attach(own);
                    units = units.get(":, :" + part.size());
                    rows.add(own.ret(quiet == null ? units.duplicate() : content(units, quiet)));
                }
            }
            NDArray units = parts.joined(scratch, rows);
            units.attach(owner);
            return units;
        }
    }

    /** Units [1, P, H] without what the network answers to silence; the result belongs to the units' manager. */
    private static NDArray content(NDArray units, NDArray quiet) {
        try (NDArray same = quiet.get(":, :" + units.getShape().get(1))) {
            return units.sub(same);
        }
    }

    /** What the network answers to silence at each position, [1, positions, H]. */
    private NDArray quiet(WhisperScript script) {
        return script.quiet(manager, new Shape(1, sizes.bands, 2L * sizes.positions), SILENCE);
    }

    /** Whether a script in a narrow precision is near the network: a processor or an engine can be wrong in it. */
    private boolean isNear(WhisperScript script) {
        try (NDManager scratch = manager.newSubManager()) {
            int units = Math.min(sizes.positions, 25);
            NDArray mel = Rounding.noise(scratch, new Shape(1, sizes.bands, 2L * units));
            return Rounding.isNear(encode(mel).units(), script.units(mel, PartListener.NONE));
        }
    }

    /** The script in a precision, or in float32 where this machine is wrong in it. */
    private WhisperScript narrowed(Weights weights, Precision precision) {
        WhisperScript script = WhisperScript.of(manager, sizes, weights, precision);
        if (precision == Precision.FLOAT32
                || tryOuts.isNear(WhisperScript.archive(sizes, precision), () -> isNear(script))) {
            return script;
        }
        script.close();
        notes.add("the content encoder runs in float32: on this machine its units in " + precision.text()
                + " are far from float32's");
        return WhisperScript.of(manager, sizes, weights, Precision.FLOAT32);
    }

    /**
     * Writes the network as TorchScript, whose method forward takes a log mel [1, M, 2 P] to the output [1, P, H].
     *
     * @param precision not auto or mixed
     * @throws IOException of the stream
     */
    public void writeScript(Precision precision, OutputStream out) throws IOException {
        try (WhisperScript script = forms.walk(w -> WhisperScript.of(manager, sizes, w, precision))) {
            script.write(out);
        }
    }

    @Override
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public int sampleRateHz() {
        return RATE_HZ;
    }

    @Override
    public int hopSamples() {
        return HOP;
    }

    @Override
    public int width() {
        return sizes.dim;
    }

    @Override
    public String signature() {
        return "whisper " + form + " " + sizes;
    }

    @Override
    public Cost cost() {
        return sizes.cost();
    }

    /**
     * The forward pass: log mel [B, M, 2 P] to the output [B, P, H].
     *
     * @param tap receives each stage's value by name: conv1, conv2, positioned, layer0.., units
     */
    public NDArray walk(NDArray mel, BiConsumer<String, NDArray> tap) {
        Axes axes = Axes.of("whisper").fix("M", sizes.bands).require("mel", mel, "B M L");
        long frames = axes.size("L");
        if (frames < 2 || frames % 2 != 0 || frames / 2 > sizes.positions) {
            throw Problem.in(
                    "whisper",
                    "an even number of frames of the log mel, up to " + 2 * sizes.positions,
                    String.valueOf(frames),
                    "cut the sound into parts");
        }
        return forms.walk(weights -> walk(weights, mel, tap));
    }

    private NDArray walk(Weights w, NDArray mel, BiConsumer<String, NDArray> tap) {
        NDArray x = convolved(w, "conv1", mel, 1); // [B, H, 2 P]
        tap.accept("conv1", x);
        x = convolved(w, "conv2", x, 2); // [B, H, P]
        tap.accept("conv2", x);
        long p = x.getShape().get(2);
        NDArray own = mel.getManager().create(1f);
        x = x.transpose(0, 2, 1).add(own.mul(w.get("positional_embedding")).get(":" + p)); // [B, P, H]
        tap.accept("positioned", x);
        for (int i = 0; i < sizes.layers; i++) {
            String block = "blocks." + i + ".";
            EngineLock.check("content", i, sizes.layers, "layers");
            try (NDManager layer = mel.getManager().newSubManager()) { // a layer's temporaries go with it
                x.attach(layer);
                x = x.add(attention(w, block + "attn.", norm(w, block + "attn_ln", x)));
                x = x.add(linear(
                        w, block + "mlp.2", Activation.gelu(linear(w, block + "mlp.0", norm(w, block + "mlp_ln", x)))));
                tap.accept("layer" + i, x);
                x = layer.ret(x);
            }
        }
        NDArray units = norm(w, "ln_post", x);
        tap.accept("units", units);
        return units;
    }

    private static NDArray convolved(Weights w, String name, NDArray x, int stride) {
        NDArray y = Conv1d.conv1d(
                        x, w.get(name + ".weight"), w.get(name + ".bias"), new Shape(stride), new Shape(KERNEL / 2))
                .singletonOrThrow();
        return Activation.gelu(y);
    }

    private NDArray attention(Weights w, String name, NDArray x) {
        NDArray q = heads(linear(w, name + "query", x)), // [B, h, P, H/h]
                k = heads(Linear.linear(x, w.get(name + "key.weight")).singletonOrThrow()),
                v = heads(linear(w, name + "value", x));
        double scale = 1 / Math.sqrt(sizes.dim / (double) sizes.heads);
        NDArray raw = q.mul(scale).matMul(k.transpose(0, 1, 3, 2)),
                score = raw.softmax(-1); // [B, h, P, P], the only one that grows with P squared
        raw.close();
        return linear(w, name + "out", score.matMul(v).transpose(0, 2, 1, 3).reshape(x.getShape()));
    }

    private NDArray heads(NDArray x) {
        long b = x.getShape().get(0), p = x.getShape().get(1);
        return x.reshape(b, p, sizes.heads, sizes.dim / sizes.heads).transpose(0, 2, 1, 3);
    }

    private static NDArray linear(Weights w, String name, NDArray x) {
        return Linear.linear(x, w.get(name + ".weight"), w.get(name + ".bias")).singletonOrThrow();
    }

    private NDArray norm(Weights w, String name, NDArray x) {
        return LayerNorm.layerNorm(x, new Shape(sizes.dim), w.get(name + ".weight"), w.get(name + ".bias"), EPS)
                .singletonOrThrow();
    }

    @Override
    public String toString() {
        return "WhisperEncoder of " + sizes.layers + " layers, units " + sizes.dim + " wide: " + weights;
    }

    @Override
    public void close() {
        forms.close();
    }
}
