package diffsvc.conds.hubert;

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
import diffsvc.tensor.GraphScalar;
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
 * The content encoder HuBERT-soft: a 16 kHz wave to soft units, one every 20 ms (van Niekerk et al., arXiv:2111.02392,
 * fig. 1b; the network of arXiv:2106.07447). Sizes come from the checkpoint's shapes; only the number of attention
 * heads does not show in a shape.
 *
 * <p>wave [B, 1, N] - seven convolutions - [B, C, P] - projection - [B, P, D] - positional convolution, transformer -
 * [B, P, D] - units [B, P, H]
 */
public final class HubertSoft implements ContentEncoder {
    /** Rate of the wave that the network takes, Hz. */
    public static final int RATE_HZ = EncoderKind.HUBERT_SOFT.sampleRateHz();

    /** Samples from output to output of each convolution. */
    static final int[] STRIDES = {5, 2, 2, 2, 2, 2, 2};

    static final int PAD = 40, POSITION_KERNEL = 128, POSITION_GROUPS = 16;
    static final float EPS = 1e-5f;
    private static final int[] KERNELS = {10, 3, 3, 3, 3, 2, 2};
    private static final int WINDOW = 400, HOP = EncoderKind.HUBERT_SOFT.hopSamples();
    private static final float TEMPERATURE = 0.1f;

    /**
     * Widths of the network.
     *
     * @param conv C, channels of the convolutions
     * @param dim D, width of the transformer
     * @param heads attention heads
     * @param feedForward width inside a layer
     * @param units H, width of a unit
     * @param labels rows of the label embedding: the speech sounds that the units were trained to predict
     */
    public record Sizes(int conv, int dim, int layers, int heads, int feedForward, int units, int labels) {
        /** The sizes of the published file. */
        public static final Sizes PUBLISHED = new Sizes(512, 768, 12, 12, 3072, 256, 100);

        /**
         * Memory over P units: one piece behind the first convolution (64 P wide in time) and the positional
         * convolution's weights, which do not grow, and the transformer's rows.
         */
        public Cost cost() {
            double position = (double) dim * dim / POSITION_GROUPS * POSITION_KERNEL,
                    piece = 8.0 * conv * 64 * HubertScript.PIECE_UNITS;
            return new Cost(
                    "hubert",
                    EncoderKind.HUBERT_SOFT.unitsPerSecond(),
                    Cost.bytes(table(this)),
                    (b, p) -> Cost.FLOAT * (4 * position + piece + 29.0 * dim * b * p));
        }

        /**
         * The sizes that a checkpoint's shapes give.
         *
         * @param heads of the attention; 0 means one for every 64 channels
         */
        public static Sizes of(StateDict file, int heads) {
            int dim = file.size("feature_projection.projection.weight", 0),
                    h = ContentEncoder.heads("hubert", file.file(), dim, heads);
            return new Sizes(
                    file.size("feature_extractor.conv0.weight", 0),
                    dim,
                    file.layers("encoder.layers."),
                    h,
                    file.size("encoder.layers.0.linear1.weight", 0),
                    file.size("proj.weight", 0),
                    file.size("label_embedding.weight", 0));
        }
    }

    /** Units [B, P, H]; they belong to the manager the wave came from. */
    public record Units(NDArray units) {
        /** Checks the axes [B, P, H]. */
        public Units {
            Axes.of("hubert").require("units", units, "B P H");
        }
    }

    private final Sizes sizes;
    private final NDManager manager;
    private final TryOuts tryOuts;
    private final Forms<Weights, HubertScript> forms;
    private final Set<String> notes = ConcurrentHashMap.newKeySet();
    private final String weights;

    private HubertSoft(
            Sizes sizes,
            NDManager manager,
            TryOuts tryOuts,
            Function<BiFunction<Weights, Precision, HubertScript>, Forms<Weights, HubertScript>> forms) {
        this.sizes = sizes;
        this.manager = manager;
        this.tryOuts = tryOuts;
        this.forms = forms.apply(this::narrowed);
        weights = this.forms.walk(Weights::toString); // opens them, which checks the file
    }

    /**
     * Opens a checkpoint: a flat state dict, one with "module." before each name, or one nested under "hubert".
     *
     * @param manager owner of the result
     * @param heads of the attention; 0 means one for every 64 channels
     */
    public static HubertSoft load(NDManager manager, Path file, int heads) {
        return load(manager, file, heads, TryOuts.EACH_TIME);
    }

    /** The same, with what is remembered of try-outs. */
    public static HubertSoft load(NDManager manager, Path file, int heads, TryOuts tryOuts) {
        StateDict state = StateDict.read(file);
        Sizes sizes = Sizes.of(state, heads);
        return new HubertSoft(
                sizes,
                manager,
                tryOuts.of(file),
                make -> new Forms<>(() -> Weights.load(manager, "HuBERT-soft", table(sizes), state), make));
    }

    /**
     * A network of random weights, to learn its shapes or to train it.
     *
     * @param manager owner of the result
     */
    public static HubertSoft random(NDManager manager, Sizes sizes, long seed) {
        Weights weights = Weights.random(manager, table(sizes), seed);
        return new HubertSoft(sizes, manager, TryOuts.EACH_TIME, make -> Forms.of(weights, make));
    }

    /** Checkpoint names and shapes, in the order of the published file. */
    public static Map<String, Shape> table(Sizes s) {
        Map<String, Shape> t = new LinkedHashMap<>();
        t.put("masked_spec_embed", new Shape(s.dim));
        for (int i = 0; i < KERNELS.length; i++) {
            t.put("feature_extractor.conv" + i + ".weight", new Shape(s.conv, i == 0 ? 1 : s.conv, KERNELS[i]));
            if (i == 0) {
                t.put("feature_extractor.norm0.weight", new Shape(s.conv));
                t.put("feature_extractor.norm0.bias", new Shape(s.conv));
            }
        }
        t.put("feature_projection.norm.weight", new Shape(s.conv));
        t.put("feature_projection.norm.bias", new Shape(s.conv));
        linear(t, "feature_projection.projection", s.conv, s.dim);
        t.put("positional_embedding.conv.bias", new Shape(s.dim));
        t.put("positional_embedding.conv.weight_g", new Shape(1, 1, POSITION_KERNEL));
        t.put("positional_embedding.conv.weight_v", new Shape(s.dim, s.dim / POSITION_GROUPS, POSITION_KERNEL));
        norm(t, "norm", s.dim);
        for (int i = 0; i < s.layers; i++) {
            String layer = "encoder.layers." + i + ".";
            t.put(layer + "self_attn.in_proj_weight", new Shape(3L * s.dim, s.dim));
            t.put(layer + "self_attn.in_proj_bias", new Shape(3L * s.dim));
            linear(t, layer + "self_attn.out_proj", s.dim, s.dim);
            linear(t, layer + "linear1", s.dim, s.feedForward);
            linear(t, layer + "linear2", s.feedForward, s.dim);
            norm(t, layer + "norm1", s.dim);
            norm(t, layer + "norm2", s.dim);
        }
        linear(t, "proj", s.dim, s.units);
        t.put("label_embedding.weight", new Shape(s.labels, s.units));
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

    /**
     * P, the units of N samples at 16 kHz: floor((N + 80 - 400) / 320) + 1; below 1 where the wave is shorter than one
     * window.
     */
    public static int frames(int samples) {
        return Math.floorDiv(samples + 2 * PAD - WINDOW, HOP) + 1;
    }

    /** The network's sizes, read off its tensors. */
    public Sizes sizes() {
        return sizes;
    }

    /** The network's tensors under their checkpoint names; the network owns them. */
    public Weights weights() {
        return forms.network();
    }

    /**
     * Writes the network as TorchScript, whose method forward takes a wave [1, 1, N] at 16 kHz to units [1, P, H].
     *
     * @param precision not auto or mixed
     * @throws IOException of the stream
     */
    public void writeScript(Precision precision, OutputStream out) throws IOException {
        try (HubertScript script = forms.walk(w -> HubertScript.of(manager, sizes, w, precision))) {
            script.write(out);
        }
    }

    /** Whether a script in a narrow precision is near the network: a processor or an engine can be wrong in it. */
    private boolean isNear(HubertScript script) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray wave = Rounding.noise(scratch, new Shape(1, 1, RATE_HZ / 2));
            return Rounding.isNear(
                    extract(wave).units(), script.units(padded(wave), WINDOW, HOP, PartListener.NONE, Inner.NONE));
        }
    }

    /** The script in a precision, or in float32 where this machine is wrong in it. */
    private HubertScript narrowed(Weights weights, Precision precision) {
        HubertScript script = HubertScript.of(manager, sizes, weights, precision);
        if (precision == Precision.FLOAT32
                || tryOuts.isNear(HubertScript.archive(sizes, precision), () -> isNear(script))) {
            return script;
        }
        script.close();
        notes.add("the content encoder runs in float32: on this machine its units in " + precision.text()
                + " are far from float32's");
        return HubertScript.of(manager, sizes, weights, Precision.FLOAT32);
    }

    @Override
    public List<String> notes() {
        return List.copyOf(notes);
    }

    /**
     * The network's input: the mean of the channels at 16 kHz, [1, 1, N].
     *
     * @param manager owner of the result
     */
    public static NDArray input(NDManager manager, Wave wave) {
        float[] x = Resampler.resampleIfNeeded(wave.mean(), wave.sampleRateHz(), RATE_HZ);
        return manager.create(x, new Shape(1, 1, x.length));
    }

    /**
     * Units [B, P, H] of a wave [B, 1, N] at 16 kHz.
     *
     * @throws Problem when the wave is shorter than 320 samples
     */
    public Units extract(NDArray wave) {
        try (NDManager scratch = wave.getManager().newSubManager()) {
            scratch.tempAttachAll(wave);
            NDArray units = walk(wave, (name, value) -> {});
            return new Units(scratch.ret(units));
        }
    }

    @Override
    public NDArray units(NDManager owner, Wave wave, Precision precision, Inner inner) {
        return units(owner, wave, precision, PartListener.NONE, inner);
    }

    @Override
    public List<Tap> taps() {
        List<Tap> taps = new ArrayList<>();
        taps.add(new Tap("features", "[1, P, " + sizes.conv + "]", "the wave behind the seven convolutions"));
        taps.add(new Tap("projected", "[1, P, " + sizes.dim + "]", "the same with positions, the transformer's input"));
        taps.addAll(LookedLayers.taps(sizes.layers, sizes.dim));
        taps.add(new Tap("output", "[1, P, " + sizes.units + "]", "the units"));
        return taps;
    }

    /**
     * The same, with a listener to its parts: resample, and the script's fold, features, project, layer, units.
     *
     * @param owner of the result
     * @param precision not auto or mixed
     */
    public NDArray units(NDManager owner, Wave wave, Precision precision, PartListener listener) {
        return units(owner, wave, precision, listener, Inner.NONE);
    }

    private NDArray units(NDManager owner, Wave wave, Precision precision, PartListener listener, Inner inner) {
        try (NDManager scratch = owner.newSubManager()) {
            NDArray input = listener.timed("resample", () -> input(scratch, wave));
            NDArray units = forms.script(precision).units(padded(input), WINDOW, HOP, listener, inner);
            units.attach(owner);
            return units;
        }
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
        return sizes.units;
    }

    @Override
    public String signature() {
        return sizes.toString();
    }

    @Override
    public Cost cost() {
        return sizes.cost();
    }

    /**
     * The forward pass: wave [B, 1, N] at 16 kHz to units [B, P, H].
     *
     * @param tap receives each stage's value by name: features, groupnorm, projected, pos, normed, layer0.., units
     */
    public NDArray walk(NDArray wave, BiConsumer<String, NDArray> tap) {
        return forms.walk(weights -> walk(weights, wave, tap));
    }

    private NDArray walk(Weights w, NDArray wave, BiConsumer<String, NDArray> tap) {
        NDArray x = features(w, padded(wave), tap); // [B, C, P]
        tap.accept("features", x);
        x = LayerNorm.layerNorm(
                        x.transpose(0, 2, 1),
                        new Shape(sizes.conv),
                        w.get("feature_projection.norm.weight"),
                        w.get("feature_projection.norm.bias"),
                        EPS)
                .singletonOrThrow();
        x = linear(w, "feature_projection.projection", x); // [B, P, D]
        tap.accept("projected", x);
        NDArray position = position(w, x);
        tap.accept("pos", position);
        x = norm(w, "norm", x.add(position));
        tap.accept("normed", x);
        NDArray scale = GraphScalar.of(wave, 1 / Math.sqrt(sizes.dim / (double) sizes.heads));
        for (int i = 0; i < sizes.layers; i++) {
            String layer = "encoder.layers." + i + ".";
            EngineLock.check("content", i, sizes.layers, "layers");
            try (NDManager own = wave.getManager().newSubManager()) { // a layer's temporaries go with it
                own.tempAttachAll(scale);
                x.attach(own);
                x = norm(w, layer + "norm1", x.add(attention(w, layer + "self_attn.", x, scale)));
                x = norm(
                        w, layer + "norm2", x.add(linear(w, layer + "linear2", gelu(linear(w, layer + "linear1", x)))));
                tap.accept("layer" + i, x);
                x = own.ret(x);
            }
        }
        NDArray units = linear(w, "proj", x); // [B, P, H]
        tap.accept("units", units);
        return units;
    }

    /**
     * The similarity of each unit to each label: cosine divided by 0.1, [B, P, H] to [B, P, L]. Training and phone
     * labels use it.
     */
    public NDArray logits(NDArray units) {
        return forms.walk(w -> logits(w, units));
    }

    private static NDArray logits(Weights w, NDArray units) {
        NDArray label = units.getManager()
                .create(1f)
                .mul(w.get("label_embedding.weight")); // the caller's copy, so that nothing stays with the weights
        NDArray unit =
                units.div(units.square().sum(new int[] {2}, true).add(1e-8f).sqrt());
        NDArray direction = label.div(
                        label.square().sum(new int[] {1}, true).add(1e-8f).sqrt())
                .mul(GraphScalar.of(units, 1 / TEMPERATURE));
        return unit.matMul(direction.transpose());
    }

    /** The wave [B, 1, N] between two edges of silence, [B, 1, N + 80]. */
    private static NDArray padded(NDArray wave) {
        long n = Axes.of("hubert").require("wave", wave, "B 1 N").size("N");
        if (frames((int) n) < 1) {
            throw Problem.in(
                    "hubert",
                    "at least " + (WINDOW - 2 * PAD) + " samples at 16 kHz",
                    n + " samples",
                    "give a longer sound");
        }
        return edge(wave).concat(wave, 2).concat(edge(wave), 2);
    }

    private static NDArray edge(NDArray wave) {
        return wave.getManager().zeros(new Shape(wave.getShape().get(0), 1, PAD));
    }

    private static NDArray features(Weights w, NDArray x, BiConsumer<String, NDArray> tap) {
        NDManager scratch = x.getManager();
        for (int i = 0; i < KERNELS.length; i++) {
            try (NDManager own = scratch.newSubManager()) {
                x.attach(own);
                NDArray y = Conv1d.conv1d(
                                x, w.get("feature_extractor.conv" + i + ".weight"), null, new Shape(STRIDES[i]))
                        .singletonOrThrow();
                x.close();
                if (i == 0) {
                    y = channelNorm(w, y);
                    tap.accept("groupnorm", y);
                }
                x = own.ret(gelu(y));
            }
        }
        return x;
    }

    /**
     * Group norm with one group for each channel, over time; the arrays are the longest of the network, so each is
     * closed as soon as it was used.
     */
    private static NDArray channelNorm(Weights w, NDArray y) {
        try (NDArray centred = y.sub(y.mean(new int[] {2}, true));
                NDArray square = centred.square()) {
            y.close();
            NDArray deviation = square.mean(new int[] {2}, true).add(EPS).sqrt();
            square.close();
            try (NDArray x = centred.div(deviation)) {
                centred.close();
                return x.transpose(0, 2, 1)
                        .mul(w.get("feature_extractor.norm0.weight"))
                        .addi(w.get("feature_extractor.norm0.bias"))
                        .transpose(0, 2, 1);
            }
        }
    }

    /**
     * Relative positions by a convolution of 128 frames; its even kernel gives one frame too many, which is dropped.
     */
    private static NDArray position(Weights w, NDArray x) {
        NDArray y = Conv1d.conv1d(
                        x.transpose(0, 2, 1),
                        positionWeight(w, x.getManager()),
                        w.get("positional_embedding.conv.bias"),
                        new Shape(1),
                        new Shape(POSITION_KERNEL / 2),
                        new Shape(1),
                        POSITION_GROUPS)
                .singletonOrThrow(); // [B, D, P + 1]
        return gelu(y.get(":, :, :-1")).transpose(0, 2, 1);
    }

    /** Weight norm over the axes 0 and 1: g is [1, 1, 128]. */
    NDArray positionWeight(NDManager manager) {
        return forms.walk(w -> positionWeight(w, manager));
    }

    private static NDArray positionWeight(Weights w, NDManager manager) {
        try (NDManager own = manager.newSubManager()) {
            NDArray v = own.create(1f).mul(w.get("positional_embedding.conv.weight_v"));
            return own.ret(v.mul(w.get("positional_embedding.conv.weight_g"))
                    .div(v.square().sum(new int[] {0, 1}, true).sqrt()));
        }
    }

    /** Self-attention as torch's MultiheadAttention: query, key and value stacked in one projection. */
    private NDArray attention(Weights w, String name, NDArray x, NDArray scale) {
        long b = x.getShape().get(0), p = x.getShape().get(1), d = sizes.dim, h = sizes.heads;
        NDArray qkv = Linear.linear(x, w.get(name + "in_proj_weight"), w.get(name + "in_proj_bias"))
                .singletonOrThrow(); // [B, P, 3 D]
        NDList parts = qkv.reshape(b, p, 3, h, d / h).transpose(2, 0, 3, 1, 4).split(3, 0); // 3 x [1, B, h, P, D/h]
        NDArray q = parts.get(0).squeeze(0),
                k = parts.get(1).squeeze(0),
                v = parts.get(2).squeeze(0);
        NDArray raw = q.mul(scale).matMul(k.transpose(0, 1, 3, 2)),
                score = raw.softmax(-1); // [B, h, P, P], the only one that grows with P squared
        raw.close();
        return linear(
                w, name + "out_proj", score.matMul(v).transpose(0, 2, 1, 3).reshape(b, p, d));
    }

    private static NDArray linear(Weights w, String name, NDArray x) {
        return Linear.linear(x, w.get(name + ".weight"), w.get(name + ".bias")).singletonOrThrow();
    }

    private NDArray norm(Weights w, String name, NDArray x) {
        return LayerNorm.layerNorm(x, new Shape(sizes.dim), w.get(name + ".weight"), w.get(name + ".bias"), EPS)
                .singletonOrThrow();
    }

    /** x Φ(x), exact. */
    private static NDArray gelu(NDArray x) {
        return Activation.gelu(x);
    }

    @Override
    public String toString() {
        return "HubertSoft of " + sizes.layers + " layers, units " + sizes.units + " wide: " + weights;
    }

    @Override
    public void close() {
        forms.close();
    }
}
