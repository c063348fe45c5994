package diffsvc.evaluate.quality;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.norm.LayerNorm;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * DistillMOS: a mean opinion score of a segment of speech at 16 kHz (Stahl and Gamper, arXiv:2502.05356; the Python
 * package distillmos 0.9.1). Sizes come from the checkpoint's shapes; only the number of attention heads and the
 * strides do not show in a shape.
 *
 * <p>Letters: B segments, N samples of one, K frequencies, T frames of 10 ms, P positions of 20 ms, C channels of the
 * last convolution times its frequencies, D width of the transformer.
 *
 * <p>wave [B, N] - complex spectrum, its magnitude to the power of 0.3 - [B, 2, K, T] - convolutions - [B, P, C] -
 * norms, projection, positions, transformer - [B, P, D] - attention pooling - MOS [B], 1 to 5
 */
public final class DistillMos implements AutoCloseable {
    private static final int FFT = 320, HOP = 160, KERNEL = 3, HEADS = 8, LAST_STRIDE = 2;
    private static final float SLOPE = 0.1f, NORM_EPS = 1e-5f, MOMENTUM = 0.1f;
    private static final double PEAK_FLOOR = 1e-8, MAGNITUDE_FLOOR = 1e-12, COMPRESSION = 0.3;
    private static final String AGAIN = "remove it, then ./diffsvc weights judges fetches it again";
    private static final String MODEL = "transformer_pool_attn.",
            LAYERS = MODEL + "transformer.transformer_encoder.layers.";

    private final Sizes sizes;
    private final Weights weights;
    private final float[] hann = new float[FFT];

    /**
     * Widths of the network.
     *
     * @param channels behind each convolution
     * @param dim D, a multiple of the 8 heads
     * @param layers of the transformer
     * @param feedForward width inside a layer
     * @param positions P of a segment
     */
    public record Sizes(List<Integer> channels, int dim, int layers, int feedForward, int positions) {
        /** The sizes of the published file. */
        public static final Sizes PUBLISHED = new Sizes(List.of(64, 64, 128, 256, 256, 256), 200, 7, 400, 384);

        /** Copies the list. */
        public Sizes {
            channels = List.copyOf(channels);
        }

        /** The sizes that a checkpoint's shapes give. */
        public static Sizes of(StateDict s) {
            List<Integer> channels = new ArrayList<>();
            while (s.tensors().containsKey(convolution(channels.size()) + ".weight")) {
                channels.add(s.size(convolution(channels.size()) + ".weight", 0));
            }
            int dim = s.size(MODEL + "transformer.linear_proj.weight", 0);
            if (dim % HEADS != 0) {
                throw Problem.in(
                        "evaluate",
                        s.file(),
                        "a transformer whose width is a multiple of its " + HEADS + " heads",
                        String.valueOf(dim),
                        AGAIN);
            }
            return new Sizes(
                    channels,
                    dim,
                    s.layers(LAYERS),
                    s.size(LAYERS + "0.linear1.weight", 0),
                    s.size(MODEL + "transformer.position_encoding.pe", 1));
        }

        /** N, samples of a segment at 16 kHz. */
        public int segmentSamples() {
            return positions * LAST_STRIDE * HOP;
        }

        /** Frequencies behind the last convolution. */
        int frequencies() {
            int k = FFT / 2 + 1;
            for (int i = 0; i < channels.size(); i++) {
                k = (k - KERNEL) / (i == 0 ? 1 : 2) + 1;
            }
            return k;
        }

        /** C, the width of what the transformer's projection takes. */
        int features() {
            return channels.get(channels.size() - 1) * frequencies();
        }
    }

    private DistillMos(Sizes sizes, Weights weights) {
        this.sizes = sizes;
        this.weights = weights;
        for (int i = 0; i < FFT; i++) {
            hann[i] = (float) (0.5 - 0.5 * Math.cos(2 * Math.PI * i / FFT)); // periodic
        }
    }

    /**
     * Opens the package's file, whose tensors are under "model".
     *
     * @param manager owner of the result
     */
    public static DistillMos load(NDManager manager, Path file) {
        StateDict state = StateDict.read(file).without(n -> n.endsWith("num_batches_tracked"));
        if (!state.tensors().containsKey(convolution(0) + ".weight")) {
            throw Problem.in(
                    "evaluate",
                    file,
                    "the checkpoint of DistillMOS",
                    "a file without model." + convolution(0) + ".weight",
                    AGAIN);
        }
        Sizes sizes = Sizes.of(state);
        return new DistillMos(sizes, Weights.load(manager, "DistillMOS", table(sizes), state));
    }

    /**
     * A network of random weights, to learn its shapes.
     *
     * @param manager owner of the result
     */
    public static DistillMos random(NDManager manager, Sizes sizes, long seed) {
        return new DistillMos(sizes, Weights.random(manager, table(sizes), seed));
    }

    /** Checkpoint names and shapes, in the file's order. */
    public static Map<String, Shape> table(Sizes s) {
        Map<String, Shape> t = new LinkedHashMap<>();
        for (int i = 0; i < s.channels.size(); i++) {
            int in = i == 0 ? 2 : s.channels.get(i - 1), out = s.channels.get(i);
            t.put(convolution(i) + ".weight", new Shape(out, in, KERNEL, KERNEL));
            t.put(convolution(i) + ".bias", new Shape(out));
        }
        batchNorm(t, MODEL + "norm_input", s.features());
        batchNorm(t, MODEL + "transformer.norm", s.features());
        t.put(MODEL + "transformer.position_encoding.pe", new Shape(1, s.positions, s.dim));
        linear(t, MODEL + "transformer.linear_proj", s.features(), s.dim);
        for (int i = 0; i < s.layers; i++) {
            String layer = LAYERS + i + ".";
            t.put(layer + "self_attn.in_proj_weight", new Shape(3L * s.dim, s.dim));
            t.put(layer + "self_attn.in_proj_bias", new Shape(3L * s.dim));
            linear(t, layer + "self_attn.out_proj", s.dim, s.dim);
            linear(t, layer + "linear1", s.dim, s.feedForward);
            linear(t, layer + "linear2", s.feedForward, s.dim);
            for (String norm : new String[] {"norm1", "norm2"}) {
                t.put(layer + norm + ".weight", new Shape(s.dim));
                t.put(layer + norm + ".bias", new Shape(s.dim));
            }
        }
        batchNorm(t, MODEL + "norm_trans", s.dim);
        linear(t, MODEL + "pool.linear1", s.dim, 2 * s.dim);
        linear(t, MODEL + "pool.linear2", 2 * s.dim, 1);
        linear(t, MODEL + "pool.linear3", s.dim, 1);
        return t;
    }

    /** Convolutions and activations are counted together in the file. */
    private static String convolution(int i) {
        return "cnn.cnn." + 2 * i;
    }

    private static void linear(Map<String, Shape> t, String name, int in, int out) {
        t.put(name + ".weight", new Shape(out, in));
        t.put(name + ".bias", new Shape(out));
    }

    private static void batchNorm(Map<String, Shape> t, String name, int width) {
        for (String part : new String[] {"weight", "bias", "running_mean", "running_var"}) {
            t.put(name + "." + part, new Shape(width));
        }
    }

    /** The network's sizes, read off its tensors. */
    public Sizes sizes() {
        return sizes;
    }

    /** The network's tensors under their checkpoint names; the network owns them. */
    public Weights weights() {
        return weights;
    }

    /**
     * The MOS of each segment, 1 to 5: [B].
     *
     * @param segments [B][N], N = {@link Sizes#segmentSamples}, of any level but not silent
     */
    public float[] mos(float[][] segments) {
        try (NDManager scratch = weights.manager().newSubManager()) {
            return walk(scratch.create(segments), (name, value) -> {}).toFloatArray();
        }
    }

    /**
     * The forward pass: segments [B, N] at 16 kHz to MOS [B].
     *
     * @param tap receives each stage's value by name: spectrum [B, 2, K, T], cnn [B, P, C], transformer [B, P, D], mos
     */
    public NDArray walk(NDArray wave, BiConsumer<String, NDArray> tap) {
        Axes.of("evaluate").fix("N", sizes.segmentSamples()).require("wave", wave, "B N");
        NDArray x = spectrum(wave);
        tap.accept("spectrum", x);
        x = convolved(x);
        tap.accept("cnn", x);
        x = transformed(x);
        tap.accept("transformer", x);
        NDArray mos = Activation.sigmoid(pooled(x)).mul(4).add(1);
        tap.accept("mos", mos);
        return mos;
    }

    /**
     * Each segment at a peak of 1, reflected at its edges so that T = N / 160; the real and imaginary parts of its
     * spectrum, the magnitude compressed.
     */
    private NDArray spectrum(NDArray wave) {
        try (NDManager own = wave.getManager().newSubManager()) {
            own.tempAttachAll(wave);
            long n = wave.getShape().get(1);
            int edge = (FFT - HOP) / 2;
            NDArray x = wave.div(wave.abs().max(new int[] {1}, true).add(PEAK_FLOOR));
            NDArray before = x.get(":, 1:" + (edge + 1)).flip(1),
                    after = x.get(":, " + (n - 1 - edge) + ":" + (n - 1)).flip(1);
            NDArray z = before.concat(x, 1)
                    .concat(after, 1)
                    .stft(FFT, HOP, false, own.create(hann), true)
                    .real(); // [B, K, T, 2]
            NDArray magnitude = z.square().sum(new int[] {3}, true).sqrt().maximum(MAGNITUDE_FLOOR);
            return own.ret(magnitude.pow(COMPRESSION).mul(z).div(magnitude).transpose(0, 3, 1, 2)); // [B, 2, K, T]
        }
    }

    /** Halves the frequencies with each convolution but the first, and the frames with the last. */
    private NDArray convolved(NDArray spectrum) {
        NDArray x = spectrum;
        int last = sizes.channels.size() - 1;
        for (int i = 0; i <= last; i++) {
            Shape stride = new Shape(i == 0 ? 1 : 2, i == last ? LAST_STRIDE : 1);
            try (NDArray y = Conv2d.conv2d(
                            x, w(convolution(i) + ".weight"), w(convolution(i) + ".bias"), stride, new Shape(0, 1))
                    .singletonOrThrow()) {
                if (i > 0) {
                    x.close(); // the largest arrays of the network
                }
                x = Activation.leakyRelu(y, SLOPE);
            }
        }
        return x.reshape(x.getShape().get(0), sizes.features(), sizes.positions)
                .transpose(0, 2, 1); // [B, channels, frequencies, P] -> [B, P, C]
    }

    private NDArray transformed(NDArray features) {
        NDArray x = features.transpose(0, 2, 1); // [B, C, P]
        x = batchNorm(batchNorm(x, MODEL + "norm_input"), MODEL + "transformer.norm");
        x = linear(x.transpose(0, 2, 1), MODEL + "transformer.linear_proj"); // [B, P, D]
        x = x.add(w(MODEL + "transformer.position_encoding.pe"));
        for (int i = 0; i < sizes.layers; i++) {
            String layer = LAYERS + i + ".";
            x = norm(x.add(attention(x, layer + "self_attn.")), layer + "norm1");
            NDArray inner = Activation.relu(linear(x, layer + "linear1"));
            x = norm(x.add(linear(inner, layer + "linear2")), layer + "norm2");
        }
        return x;
    }

    /** Every position sees the whole segment. */
    private NDArray attention(NDArray x, String name) {
        long b = x.getShape().get(0), p = x.getShape().get(1), d = sizes.dim;
        NDList parts = Linear.linear(x, w(name + "in_proj_weight"), w(name + "in_proj_bias"))
                .singletonOrThrow() // [B, P, 3 D]
                .reshape(b, p, 3, HEADS, d / HEADS)
                .transpose(2, 0, 3, 1, 4)
                .split(3, 0); // 3 x [1, B, h, P, D/h]
        NDArray q = parts.get(0).squeeze(0),
                k = parts.get(1).squeeze(0),
                v = parts.get(2).squeeze(0);
        NDArray score = q.mul(1 / Math.sqrt(d / (double) HEADS))
                .matMul(k.transpose(0, 1, 3, 2))
                .softmax(-1); // [B, h, P, P]
        return linear(score.matMul(v).transpose(0, 2, 1, 3).reshape(b, p, d), name + "out_proj");
    }

    /** The mean over the positions, each weighed by a small network, as one number: [B, P, D] to [B]. */
    private NDArray pooled(NDArray transformed) {
        NDArray x =
                batchNorm(transformed.transpose(0, 2, 1), MODEL + "norm_trans").transpose(0, 2, 1);
        NDArray inner = Activation.relu(linear(x, MODEL + "pool.linear1"));
        NDArray share = linear(inner, MODEL + "pool.linear2").transpose(0, 2, 1).softmax(2); // [B, 1, P]
        return linear(share.matMul(x).squeeze(1), MODEL + "pool.linear3").squeeze(1);
    }

    /** Over the channels of [B, channels, P], with the means of the training. */
    private NDArray batchNorm(NDArray x, String name) {
        return BatchNorm.batchNorm(
                        x,
                        w(name + ".running_mean"),
                        w(name + ".running_var"),
                        w(name + ".weight"),
                        w(name + ".bias"),
                        1,
                        MOMENTUM,
                        NORM_EPS,
                        false)
                .singletonOrThrow();
    }

    private NDArray norm(NDArray x, String name) {
        return LayerNorm.layerNorm(x, new Shape(sizes.dim), w(name + ".weight"), w(name + ".bias"), NORM_EPS)
                .singletonOrThrow();
    }

    private NDArray linear(NDArray x, String name) {
        return Linear.linear(x, w(name + ".weight"), w(name + ".bias")).singletonOrThrow();
    }

    private NDArray w(String name) {
        return weights.get(name);
    }

    @Override
    public void close() {
        weights.close();
    }
}
