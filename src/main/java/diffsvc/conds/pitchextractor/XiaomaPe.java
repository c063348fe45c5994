package diffsvc.conds.pitchextractor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import diffsvc.check.Axes;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.tensor.Cost;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The pitch extractor "xiaoma PE": log2 F0 from a 24 kHz mel, for voices whose vocoder takes F0 from the sampled mel.
 * It is no {@link diffsvc.conds.PitchExtractor}, whose F0 comes from the song. Sizes come from the checkpoint's shapes.
 *
 * <p>mel [B, T, M] - prenet (convolutions, ReLU, batch norm, a projection; padding stays 0) - [B, T, H] - residual
 * convolutions with group norm - [B, T, H] - positions added, convolutions with layer norm, a projection - [B, T, 2]:
 * log2 F0 and a logit of being unvoiced
 */
public final class XiaomaPe implements AutoCloseable {
    private static final float BATCH_EPS = 1e-5f, GROUP_EPS = 1e-5f, LAYER_EPS = 1e-12f;
    private static final int CHANNELS_A_GROUP = 16;
    private final Sizes sizes;
    private final Weights weights;

    /**
     * Widths of the network.
     *
     * @param mels M
     * @param hidden H
     * @param channels of the predictor
     */
    public record Sizes(int mels, int hidden, int channels, int kernel, int prenet, int encoder, int predictor) {
        /** The sizes of the published file. */
        public static final Sizes PUBLISHED = new Sizes(80, 256, 256, 5, 3, 2, 5);

        /**
         * Memory over T mel frames.
         *
         * @param framesPerSecond of the mel
         */
        public Cost cost(double framesPerSecond) {
            return new Cost(
                    "pe",
                    framesPerSecond,
                    Cost.bytes(table(this)),
                    (b, t) -> 14 * Cost.MIB + Cost.FLOAT * 86 * hidden * b * t);
        }

        /** The sizes that a checkpoint's shapes give. */
        public static Sizes of(StateDict s) {
            return new Sizes(
                    s.size("mel_prenet.layers.0.0.weight", 1),
                    s.size("mel_prenet.layers.0.0.weight", 0),
                    s.size("pitch_predictor.conv.0.1.weight", 0),
                    s.size("mel_prenet.layers.0.0.weight", 2),
                    s.layers("mel_prenet.layers."),
                    s.layers("mel_encoder.conv."),
                    s.layers("pitch_predictor.conv."));
        }
    }

    /**
     * F0 of a mel; both arrays belong to the mel's manager.
     *
     * @param prediction [B, T, 2]: log2 F0, unvoiced logit
     * @param f0Hz [B, T] Hz; 0 at padding
     */
    public record Pitch(NDArray prediction, NDArray f0Hz) {}

    private XiaomaPe(Sizes sizes, Weights weights) {
        this.sizes = sizes;
        this.weights = weights;
    }

    /**
     * Opens a checkpoint: a training file or its bare state dict.
     *
     * @param manager owner of the result
     */
    public static XiaomaPe load(NDManager manager, Path file) {
        StateDict state = StateDict.read(file);
        Sizes sizes = Sizes.of(state);
        return new XiaomaPe(
                sizes,
                Weights.load(
                        manager,
                        "the pitch extractor",
                        table(sizes),
                        state.without(n -> n.endsWith("num_batches_tracked") || n.endsWith("_float_tensor"))));
    }

    /**
     * A network of random weights, to learn its shapes.
     *
     * @param manager owner of the result
     */
    public static XiaomaPe random(NDManager manager, Sizes sizes, long seed) {
        return new XiaomaPe(sizes, Weights.random(manager, table(sizes), seed));
    }

    /** Checkpoint names, less the prefix {@code model.}, and shapes. */
    public static Map<String, Shape> table(Sizes s) {
        Map<String, Shape> t = new LinkedHashMap<>();
        for (int i = 0; i < s.prenet; i++) {
            String layer = "mel_prenet.layers." + i;
            conv(t, layer + ".0", i == 0 ? s.mels : s.hidden, s.hidden, s.kernel);
            for (String part : new String[] {"weight", "bias", "running_mean", "running_var"}) {
                t.put(layer + ".2." + part, new Shape(s.hidden));
            }
        }
        linear(t, "mel_prenet.out_proj", s.hidden, s.hidden);
        for (int i = 0; i < s.encoder; i++) {
            conv(t, "mel_encoder.conv." + i + ".conv.conv", s.hidden, s.hidden, s.kernel);
            t.put("mel_encoder.conv." + i + ".norm.weight", new Shape(s.hidden));
            t.put("mel_encoder.conv." + i + ".norm.bias", new Shape(s.hidden));
        }
        linear(t, "mel_encoder.in_proj", s.hidden, s.hidden);
        linear(t, "mel_encoder.out_proj", s.hidden, s.hidden);
        t.put("pitch_predictor.pos_embed_alpha", new Shape(1));
        for (int i = 0; i < s.predictor; i++) {
            conv(t, "pitch_predictor.conv." + i + ".1", i == 0 ? s.hidden : s.channels, s.channels, s.kernel);
            t.put("pitch_predictor.conv." + i + ".3.weight", new Shape(s.channels));
            t.put("pitch_predictor.conv." + i + ".3.bias", new Shape(s.channels));
        }
        linear(t, "pitch_predictor.linear", s.channels, 2);
        return t;
    }

    private static void conv(Map<String, Shape> t, String name, int in, int out, int kernel) {
        t.put(name + ".weight", new Shape(out, in, kernel));
        t.put(name + ".bias", new Shape(out));
    }

    private static void linear(Map<String, Shape> t, String name, int in, int out) {
        t.put(name + ".weight", new Shape(out, in));
        t.put(name + ".bias", new Shape(out));
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
     * F0 [B, T] of a mel [B, T, M], log10; frames that are zero throughout are padding.
     *
     * @param useUv whether frames whose unvoiced logit is above 0 get 0 Hz; the Python project leaves that off
     */
    public Pitch extract(NDArray mel, boolean useUv) {
        try (NDManager scratch = mel.getManager().newSubManager()) {
            scratch.tempAttachAll(mel);
            NDArray prediction = walk(mel, (name, value) -> {});
            NDArray hz = scratch.create(2f).pow(prediction.get(":, :, 0"));
            NDArray sounding = present(mel).squeeze(2);
            if (useUv) {
                sounding = sounding.mul(prediction.get(":, :, 1").lte(0f).toType(DataType.FLOAT32, false));
            }
            return new Pitch(scratch.ret(prediction), scratch.ret(hz.mul(sounding)));
        }
    }

    /**
     * The forward pass: mel [B, T, M], log10, to [B, T, 2]: log2 F0, and the logit of being unvoiced.
     *
     * @param tap receives each stage's value by name: prenet, encoder, predictor_conv0.., pitch_pred
     */
    public NDArray walk(NDArray mel, BiConsumer<String, NDArray> tap) {
        Axes.of("pitch extractor").fix("M", sizes.mels).require("mel", mel, "B T M");
        NDArray x = prenet(mel, present(mel)); // [B, T, H]
        tap.accept("prenet", x);
        x = encoder(x);
        tap.accept("encoder", x);
        return predictor(x, tap); // [B, T, 2]
    }

    /** 1 where a frame is not zero throughout, 0 where it is padding: [B, T, 1]. */
    private static NDArray present(NDArray mel) {
        return mel.abs().sum(new int[] {2}, true).gt(0f).toType(DataType.FLOAT32, false);
    }

    private NDArray prenet(NDArray mel, NDArray present) {
        NDArray x = mel.transpose(0, 2, 1), mask = present.transpose(0, 2, 1);
        for (int i = 0; i < sizes.prenet; i++) {
            String layer = "mel_prenet.layers." + i;
            x = Activation.relu(convolve(x, layer + ".0"));
            NDArray one = x.getManager().create(1f);
            NDArray scale = one.mul(w(layer + ".2.weight"))
                    .div(one.mul(w(layer + ".2.running_var")).add(BATCH_EPS).sqrt());
            NDArray shift = one.mul(w(layer + ".2.bias"))
                    .sub(one.mul(w(layer + ".2.running_mean")).mul(scale));
            x = x.mul(scale.reshape(1, -1, 1)).add(shift.reshape(1, -1, 1)).mul(mask);
        }
        return linear(x.transpose(0, 2, 1), "mel_prenet.out_proj").mul(present);
    }

    private NDArray encoder(NDArray x) {
        x = linear(x, "mel_encoder.in_proj").transpose(0, 2, 1); // [B, H, T]
        for (int i = 0; i < sizes.encoder; i++) {
            String layer = "mel_encoder.conv." + i;
            x = x.add(Activation.relu(groupNorm(convolve(x, layer + ".conv.conv"), layer + ".norm")));
        }
        return linear(x.transpose(0, 2, 1), "mel_encoder.out_proj");
    }

    /** Groups of 16 channels, each normed over its channels and all frames. */
    private NDArray groupNorm(NDArray x, String name) {
        long b = x.getShape().get(0), c = x.getShape().get(1), t = x.getShape().get(2), groups = c / CHANNELS_A_GROUP;
        NDArray y = x.reshape(b, groups, c / groups * t);
        NDArray centred = y.sub(y.mean(new int[] {2}, true));
        y = centred.div(centred.square()
                        .mean(new int[] {2}, true)
                        .add(GROUP_EPS)
                        .sqrt())
                .reshape(b, c, t);
        NDArray one = x.getManager().create(1f); // the caller's copies, so that nothing stays with the weights
        return y.mul(one.mul(w(name + ".weight")).reshape(1, c, 1))
                .add(one.mul(w(name + ".bias")).reshape(1, c, 1));
    }

    private NDArray predictor(NDArray x, BiConsumer<String, NDArray> tap) {
        x = x.add(positions(x).mul(w("pitch_predictor.pos_embed_alpha")));
        for (int i = 0; i < sizes.predictor; i++) {
            String layer = "pitch_predictor.conv." + i;
            x = Activation.relu(convolve(x.transpose(0, 2, 1), layer + ".1")).transpose(0, 2, 1);
            x = LayerNorm.layerNorm(
                            x, new Shape(sizes.channels), w(layer + ".3.weight"), w(layer + ".3.bias"), LAYER_EPS)
                    .singletonOrThrow();
            tap.accept("predictor_conv" + i, x);
        }
        NDArray prediction = linear(x, "pitch_predictor.linear");
        tap.accept("pitch_pred", prediction);
        return prediction;
    }

    /**
     * Sinusoids [B, T, H], sine half then cosine half, of a count of the frames whose first channel is not 0; the
     * others get a zero row.
     */
    private NDArray positions(NDArray x) {
        int half = sizes.hidden / 2;
        NDArray counted = x.get(":, :, 0").neq(0f).toType(DataType.FLOAT32, false); // [B, T]
        NDArray position = counted.cumSum(1).mul(counted).expandDims(2);
        NDArray rate = x.getManager()
                .arange(half)
                .toType(DataType.FLOAT32, false)
                .mul((float) (-Math.log(10000) / (half - 1)))
                .exp()
                .reshape(1, 1, half);
        NDArray angle = position.mul(rate);
        return angle.sin().concat(angle.cos(), 2).mul(counted.expandDims(2));
    }

    private NDArray convolve(NDArray x, String name) {
        return Conv1d.conv1d(x, w(name + ".weight"), w(name + ".bias"), new Shape(1), new Shape(sizes.kernel / 2))
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
