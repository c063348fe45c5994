package diffsvc.diffusion.wavenet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.core.Linear;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.diffusion.Sampler;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.Cost;
import diffsvc.tensor.GraphScalar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The denoiser: how much of this mel is noise? A stack of dilated convolutions that know the diffusion step and the
 * condition (DiffWave, arXiv:2009.09761; DiffSinger, arXiv:2105.02446, section 3).
 *
 * <p>spec [B, 1, M, T] - inputProjection - [B, C, T] - residual layers, told step and cond - skips summed -
 * skipProjection - outputProjection - noise [B, 1, M, T]
 */
public final class WaveNet implements AutoCloseable {
    private final Sizes sizes;
    private final Weights weights;
    private final List<ResidualBlock> residualLayers = new ArrayList<>();

    /**
     * Widths.
     *
     * @param mels M
     * @param channels C
     * @param cond H
     * @param cycle dilation of layer i is 2^(i mod cycle): the one number that no tensor tells
     */
    public record Sizes(int mels, int channels, int cond, int layers, int cycle) {
        /**
         * Read off a checkpoint's shapes.
         *
         * @param denoiser tensors named as in the checkpoint
         * @param cycle dilation cycle length
         * @return the sizes
         */
        public static Sizes of(StateDict denoiser, int cycle) {
            return new Sizes(
                    denoiser.size("input_projection.weight", 1),
                    denoiser.size("input_projection.weight", 0),
                    denoiser.size("residual_layers.0.conditioner_projection.weight", 1),
                    denoiser.layers("residual_layers."),
                    cycle);
        }

        /**
         * As the hparams say.
         *
         * @param h the voice's settings
         * @return the sizes
         */
        public static Sizes of(Hparams h) {
            return new Sizes(
                    h.audio().melBins(),
                    h.wavenet().residualChannels(),
                    h.embedding().hiddenSize(),
                    h.wavenet().residualLayers(),
                    h.wavenet().dilationCycleLength());
        }
    }

    /** The condition as every layer adds it: made once a song, used at every evaluation. */
    public record Projected(List<NDArray> layers) {}

    /** Memory of sampling over T mel frames: the condition's projections of all layers stay for all steps. */
    public static Cost cost(Hparams h) {
        Sizes s = Sizes.of(h);
        return new Cost(
                "wavenet",
                h.audio().framesPerSecond(),
                Cost.bytes(table(s)),
                (b, t) -> 22 * Cost.MIB + Cost.FLOAT * s.channels() * (3.9 * s.layers() + 24.5) * b * t);
    }

    private WaveNet(Sizes sizes, Weights weights) {
        this.sizes = sizes;
        this.weights = weights;
        for (int i = 0; i < sizes.layers; i++) {
            residualLayers.add(new ResidualBlock(i, 1 << i % sizes.cycle, weights));
        }
    }

    /**
     * Takes {@code denoise_fn.*} of a state dict; config and file must agree in every size.
     *
     * @param manager owner of what is made
     * @param hparams the voice's settings
     * @param state tensors by name, of a checkpoint
     * @return the network
     */
    public static WaveNet load(NDManager manager, Hparams hparams, StateDict state) {
        Sizes sizes = Sizes.of(hparams);
        StateDict own = state.under("denoise_fn.");
        return new WaveNet(
                sizes, Weights.load(manager, "the WaveNet denoiser", table(sizes), own, settings(sizes, own)));
    }

    private static List<Weights.Setting> settings(Sizes config, StateDict own) {
        if (!own.tensors().containsKey("input_projection.weight")
                || !own.tensors().containsKey("residual_layers.0.conditioner_projection.weight")) {
            return List.of(); // another network altogether
        }
        Sizes file = Sizes.of(own, config.cycle);
        return List.of(
                new Weights.Setting("audio.mel_bins", config.mels, file.mels),
                new Weights.Setting("wavenet.residual_channels", config.channels, file.channels),
                new Weights.Setting("embedding.hidden_size", config.cond, file.cond),
                new Weights.Setting("wavenet.residual_layers", config.layers, file.layers));
    }

    /**
     * Random weights, to learn the shapes or to train.
     *
     * @param manager owner of what is made
     * @param sizes of the network
     * @param seed the same seed, the same result
     * @return a network that has learnt nothing
     */
    public static WaveNet random(NDManager manager, Sizes sizes, long seed) {
        return new WaveNet(sizes, Weights.random(manager, table(sizes), seed));
    }

    /**
     * Checkpoint names, less the prefix {@code denoise_fn.}, and shapes, in the reference's order.
     *
     * @param s sizes
     * @return in the checkpoint's order
     */
    public static Map<String, Shape> table(Sizes s) {
        int c = s.channels;
        Map<String, Shape> t = new LinkedHashMap<>();
        t.put("input_projection.weight", new Shape(c, s.mels, 1));
        t.put("input_projection.bias", new Shape(c));
        t.put("mlp.0.weight", new Shape(4L * c, c));
        t.put("mlp.0.bias", new Shape(4L * c));
        t.put("mlp.2.weight", new Shape(c, 4L * c));
        t.put("mlp.2.bias", new Shape(c));
        for (int i = 0; i < s.layers; i++) {
            ResidualBlock.table(t, i, c, s.cond);
        }
        t.put("skip_projection.weight", new Shape(c, c, 1));
        t.put("skip_projection.bias", new Shape(c));
        t.put("output_projection.weight", new Shape(s.mels, c, 1));
        t.put("output_projection.bias", new Shape(s.mels));
        return t;
    }

    /**
     * The network's sizes.
     *
     * @return channels, layers, cycle, M and H
     */
    public Sizes sizes() {
        return sizes;
    }

    /**
     * The network's tensors under their checkpoint names.
     *
     * @return owned by the network
     */
    public Weights weights() {
        return weights;
    }

    /**
     * What a sampler asks: the noise in x [B, 1, M, T] under one condition [B, H, T], which is projected once for all
     * evaluations.
     *
     * @param cond [B, H, T]
     * @return a function of x and time
     */
    public Sampler.Eps given(NDArray cond) {
        Projected projected = project(cond);
        return (x, t) -> {
            try (NDManager scratch = x.getManager().newSubManager()) {
                return predict(x, scratch.full(new Shape(x.getShape().get(0)), (float) t, DataType.FLOAT32), projected);
            }
        };
    }

    /**
     * cond [B, H, T] for every layer; the arrays belong to the manager of cond.
     *
     * @param cond [B, H, T]
     * @return an array a layer
     */
    public Projected project(NDArray cond) {
        Axes.of("wavenet").fix("H", sizes.cond).require("cond", cond, "B H T");
        List<NDArray> layers = new ArrayList<>();
        for (ResidualBlock layer : residualLayers) {
            layers.add(layer.project(cond));
        }
        return new Projected(layers);
    }

    /**
     * The noise in spec [B, 1, M, T] at step [B] or [B, 1], given cond [B, H, T]; the answer belongs to the manager of
     * spec.
     *
     * @param spec [B, 1, M, T]
     * @param step [B] or [B, 1] int64, diffusion steps
     * @param cond [B, H, T]
     * @return [B, 1, M, T]
     * @throws Problem when the axes do not fit each other or the network
     */
    public NDArray predict(NDArray spec, NDArray step, NDArray cond) {
        Axes.of("wavenet")
                .fix("M", sizes.mels)
                .fix("H", sizes.cond)
                .require("spec", spec, "B 1 M T")
                .require("cond", cond, "B H T");
        try (NDManager scratch = spec.getManager().newSubManager()) {
            scratch.tempAttachAll(spec, step, cond);
            return scratch.ret(walk(spec, step, project(cond), (name, value) -> {}));
        }
    }

    /**
     * The same with the condition projected beforehand; each layer's temporaries go when the layer is done.
     *
     * @param spec [B, 1, M, T]
     * @param step [B] or [B, 1] int64, diffusion steps
     * @param projected the condition for every layer
     * @return [B, 1, M, T]
     */
    public NDArray predict(NDArray spec, NDArray step, Projected projected) {
        try (NDManager scratch = spec.getManager().newSubManager()) {
            scratch.tempAttachAll(spec, step);
            NDArray told = stepEmbedding(step); // [B, C]
            NDArray x = inputProjection(spec); // [B, C, T]
            NDArray skips = null, root2 = GraphScalar.of(x, Math.sqrt(2));
            for (int i = 0; i < residualLayers.size(); i++) {
                try (NDManager layer = scratch.newSubManager()) {
                    NDArray in = x;
                    layer.tempAttachAll(in, told);
                    ResidualBlock.Out out = residualLayers
                            .get(i)
                            .pass(in, told, projected.layers().get(i), root2);
                    if (skips == null) {
                        skips = out.skip().duplicate();
                        skips.attach(scratch);
                    } else {
                        skips.addi(out.skip());
                    }
                    x = layer.ret(out.x());
                }
            }
            return scratch.ret(outputProjection(skips));
        }
    }

    /**
     * The forward pass as training needs it: a layer's own arrays are let go with the layer, and what the backward pass
     * wants of them the engine keeps. {@code look} sees each stage by name, as in golden svc_denoiser; the answer and
     * what it needs belong to the manager of spec.
     *
     * @param spec [B, 1, M, T]
     * @param step [B] or [B, 1] int64, diffusion steps
     * @param projected the condition for every layer
     * @param look sees each stage's value by name
     * @return [B, 1, M, T]
     */
    public NDArray walk(NDArray spec, NDArray step, Projected projected, BiConsumer<String, NDArray> look) {
        NDManager scratch = spec.getManager();
        NDArray told = stepEmbedding(step);
        look.accept("step_embedding", told);
        NDArray x = inputProjection(spec), skips = null, root2 = GraphScalar.of(spec, Math.sqrt(2));
        look.accept("input_projected_relu", x);
        for (int i = 0; i < residualLayers.size(); i++) {
            try (NDManager layer = scratch.newSubManager()) {
                NDArray given = projected.layers().get(i);
                layer.tempAttachAll(told, given, root2);
                x.attach(layer);
                ResidualBlock.Out out = residualLayers.get(i).pass(x, told, given, root2);
                look.accept("layer" + i + "_x", out.x());
                look.accept("layer" + i + "_skip", out.skip());
                if (skips != null) {
                    skips.attach(layer);
                }
                NDArray sum = skips == null ? out.skip() : skips.add(out.skip());
                x = layer.ret(out.x());
                skips = layer.ret(sum);
            }
        }
        return outputProjection(skips);
    }

    private NDArray inputProjection(NDArray spec) {
        return Activation.relu(conv(spec.squeeze(1), "input_projection")); // [B, M, T] -> [B, C, T]
    }

    private NDArray outputProjection(NDArray skips) {
        NDArray x = Activation.relu(conv(skips.div(GraphScalar.of(skips, Math.sqrt(sizes.layers))), "skip_projection"));
        return conv(x, "output_projection").expandDims(1); // [B, C, T] -> [B, 1, M, T]
    }

    /**
     * Sinusoids of the step, [B] or [B, 1] to [B, C]: sine half, then cosine half.
     *
     * @param step [B] or [B, 1] int64, diffusion steps
     * @return [B, C]
     */
    public NDArray sinusoid(NDArray step) {
        int half = sizes.channels / 2;
        NDManager manager = step.getManager();
        NDArray angle = step.toType(DataType.FLOAT32, false)
                .reshape(-1, 1)
                .mul(manager.arange(half)
                        .toType(DataType.FLOAT32, false)
                        .mul((float) (-Math.log(10000) / (half - 1)))
                        .exp()
                        .expandDims(0)); // [B, C/2]
        return angle.sin().concat(angle.cos(), 1);
    }

    private NDArray stepEmbedding(NDArray step) {
        NDArray x = Linear.linear(sinusoid(step), weights.get("mlp.0.weight"), weights.get("mlp.0.bias"))
                .singletonOrThrow(); // [B, 4 C]
        x = mish(x);
        return Linear.linear(x, weights.get("mlp.2.weight"), weights.get("mlp.2.bias"))
                .singletonOrThrow(); // [B, C]
    }

    /**
     * x tanh(softplus(x)) (arXiv:1908.08681), softplus in the form that does not overflow; DJL's own mish is another
     * function.
     */
    private static NDArray mish(NDArray x) {
        NDArray softplus = x.abs().neg().exp().add(1f).log().add(Activation.relu(x));
        return x.mul(softplus.tanh());
    }

    private NDArray conv(NDArray x, String name) {
        return Conv1d.conv1d(x, weights.get(name + ".weight"), weights.get(name + ".bias"))
                .singletonOrThrow();
    }

    @Override
    public void close() {
        weights.close();
    }
}
