package diffsvc.diffusion.wavenet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.core.Linear;
import diffsvc.check.Axes;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.diffusion.Denoiser;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.Cost;
import diffsvc.tensor.GraphScalar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * The denoiser: predicts the noise in a noisy mel with a stack of dilated convolutions, conditioned on the diffusion
 * step and on cond (DiffWave, arXiv:2009.09761; DiffSinger, arXiv:2105.02446, section 3). A voice may have one that was
 * trained to predict v or F instead: {@link diffsvc.diffusion.Prediction}. To the network they are the same.
 *
 * <p>spec [B, 1, M, T] - inputProjection - [B, C, T] - residual layers with step and cond - sum of skips -
 * skipProjection - outputProjection - noise [B, 1, M, T]
 */
public final class WaveNet implements AutoCloseable {
    private final Sizes sizes;
    private final Weights weights;
    private final List<ResidualBlock> residualLayers = new ArrayList<>();

    /**
     * Sizes of the network.
     *
     * @param mels M
     * @param channels C
     * @param cond H
     * @param cycle dilation of layer i is 2^(i mod cycle): no tensor shows this number
     */
    public record Sizes(int mels, int channels, int cond, int layers, int cycle) {
        /** Sizes by the shapes of a checkpoint. */
        public static Sizes of(StateDict denoiser, int cycle) {
            return new Sizes(
                    denoiser.size("input_projection.weight", 1),
                    denoiser.size("input_projection.weight", 0),
                    denoiser.size("residual_layers.0.conditioner_projection.weight", 1),
                    denoiser.layers("residual_layers."),
                    cycle);
        }

        /** Sizes by the hparams. */
        public static Sizes of(Hparams h) {
            return new Sizes(
                    h.audio().melBins(),
                    h.wavenet().residualChannels(),
                    h.embedding().hiddenSize(),
                    h.wavenet().residualLayers(),
                    h.wavenet().dilationCycleLength());
        }
    }

    /** The condition as each layer adds it, [B, 2 C, T]: computed once per song, used in each evaluation. */
    public record Projected(List<NDArray> layers) {}

    /**
     * Memory of sampling over T mel frames as a script ({@link WaveNetScript}) in float32: the condition's projections
     * of all layers stay for all steps. In bfloat16 it takes about half.
     */
    public static Cost cost(Hparams h) {
        Sizes s = Sizes.of(h);
        return new Cost(
                "wavenet",
                h.audio().framesPerSecond(),
                Cost.bytes(table(s)),
                (b, t) -> 50 * Cost.MIB + Cost.FLOAT * s.channels() * (2.0 * s.layers() + 11) * b * t);
    }

    private WaveNet(Sizes sizes, Weights weights) {
        this.sizes = sizes;
        this.weights = weights;
        for (int i = 0; i < sizes.layers; i++) {
            residualLayers.add(new ResidualBlock(i, 1 << i % sizes.cycle, weights));
        }
    }

    /**
     * Loads {@code denoise_fn.*} of a state dict.
     *
     * @param manager owner of the weights
     * @throws Problem when hparams and file differ in a size; it lists all differences
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
     * A network with random weights.
     *
     * @param manager owner of the weights
     */
    public static WaveNet random(NDManager manager, Sizes sizes, long seed) {
        return new WaveNet(sizes, Weights.random(manager, table(sizes), seed));
    }

    /** Names in a checkpoint, without the prefix {@code denoise_fn.}, and shapes, in the reference's order. */
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

    /** The network's sizes. */
    public Sizes sizes() {
        return sizes;
    }

    /** The tensors under their names in a checkpoint; the network owns them. */
    public Weights weights() {
        return weights;
    }

    /**
     * The network for one condition, which is projected once for all evaluations.
     *
     * @param cond [B, H, T]
     */
    public Denoiser given(NDArray cond) {
        Projected projected = project(cond);
        return (x, t) -> {
            try (NDManager scratch = x.getManager().newSubManager()) {
                return predict(x, scratch.full(new Shape(x.getShape().get(0)), (float) t, DataType.FLOAT32), projected);
            }
        };
    }

    /**
     * Projects a condition for each layer; the arrays belong to the manager of cond.
     *
     * @param cond [B, H, T]
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
     * The prediction at the given diffusion steps; the result belongs to the manager of spec.
     *
     * @param spec [B, 1, M, T]
     * @param step [B] or [B, 1], int64 or float32, diffusion steps from 0 on; may lie between two
     * @param cond [B, H, T]
     * @return [B, 1, M, T]
     * @throws Problem when the axes do not fit each other or the network, or for a negative step
     */
    public NDArray predict(NDArray spec, NDArray step, NDArray cond) {
        Axes.of("wavenet")
                .fix("M", sizes.mels)
                .fix("H", sizes.cond)
                .require("spec", spec, "B 1 M T")
                .require("cond", cond, "B H T");
        try (NDManager scratch = spec.getManager().newSubManager()) {
            scratch.tempAttachAll(spec, step, cond);
            requireSteps(step);
            return scratch.ret(walk(spec, step, project(cond), (name, value) -> {}));
        }
    }

    /**
     * The same with a projected condition. The temporaries of a layer are freed after the layer.
     *
     * @param spec [B, 1, M, T]
     * @param step [B] or [B, 1], int64 or float32, diffusion steps from 0 on; may lie between two
     * @return [B, 1, M, T]
     */
    public NDArray predict(NDArray spec, NDArray step, Projected projected) {
        try (NDManager scratch = spec.getManager().newSubManager()) {
            scratch.tempAttachAll(spec, step);
            requireSteps(step);
            NDArray embedded = stepEmbedding(step); // [B, C]
            NDArray x = inputProjection(spec); // [B, C, T]
            NDArray skips = null, root2 = GraphScalar.of(x, Math.sqrt(2));
            for (int i = 0; i < residualLayers.size(); i++) {
                try (NDManager layer = scratch.newSubManager()) {
                    NDArray in = x;
                    layer.tempAttachAll(in, embedded);
                    ResidualBlock.Out out = residualLayers
                            .get(i)
                            .pass(in, embedded, projected.layers().get(i), root2);
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
     * The forward pass of training. The arrays of a layer are released after the layer; the engine keeps those that the
     * backward pass needs. The result and what its gradient needs belong to the manager of spec.
     *
     * @param spec [B, 1, M, T]
     * @param step [B] or [B, 1], int64 or float32, diffusion steps from 0 on; may lie between two
     * @param tap receives each intermediate value by name: step_embedding, input_projected_relu, layer0_x, layer0_skip,
     *     ..
     * @return [B, 1, M, T]
     */
    public NDArray walk(NDArray spec, NDArray step, Projected projected, BiConsumer<String, NDArray> tap) {
        NDManager scratch = spec.getManager();
        NDArray embedded = stepEmbedding(step);
        tap.accept("step_embedding", embedded);
        NDArray x = inputProjection(spec), skips = null, root2 = GraphScalar.of(spec, Math.sqrt(2));
        tap.accept("input_projected_relu", x);
        for (int i = 0; i < residualLayers.size(); i++) {
            try (NDManager layer = scratch.newSubManager()) {
                NDArray given = projected.layers().get(i);
                layer.tempAttachAll(embedded, given, root2);
                x.attach(layer);
                ResidualBlock.Out out = residualLayers.get(i).pass(x, embedded, given, root2);
                tap.accept("layer" + i + "_x", out.x());
                tap.accept("layer" + i + "_skip", out.skip());
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

    /** The network computes with any number; S is the schedule's to check ({@link NoiseSchedule#timesteps}). */
    private static void requireSteps(NDArray step) {
        for (double t : step.toType(DataType.FLOAT64, false).toDoubleArray()) {
            Bound.number("wavenet", "the diffusion step", t, 0, NoiseSchedule.MOST_STEPS - 1.0);
        }
    }

    private NDArray inputProjection(NDArray spec) {
        return Activation.relu(conv(spec.squeeze(1), "input_projection")); // [B, M, T] -> [B, C, T]
    }

    private NDArray outputProjection(NDArray skips) {
        NDArray x = Activation.relu(conv(skips.div(GraphScalar.of(skips, Math.sqrt(sizes.layers))), "skip_projection"));
        return conv(x, "output_projection").expandDims(1); // [B, C, T] -> [B, 1, M, T]
    }

    /**
     * Sinusoids of the steps: C / 2 sines, then C / 2 cosines.
     *
     * @param step [B] or [B, 1], int64 or float32, diffusion steps from 0 on; may lie between two
     * @return [B, C]
     */
    public NDArray sinusoid(NDArray step) {
        NDArray angle =
                step.toType(DataType.FLOAT32, false).reshape(-1, 1).mul(frequencies(step.getManager())); // [B, C/2]
        return angle.sin().concat(angle.cos(), 1);
    }

    /** The angle of one step for each sine, [1, C/2]. */
    NDArray frequencies(NDManager manager) {
        int half = sizes.channels / 2;
        return manager.arange(half)
                .toType(DataType.FLOAT32, false)
                .mul((float) (-Math.log(10000) / (half - 1)))
                .exp()
                .expandDims(0);
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
    public String toString() {
        return "WaveNet of " + sizes.layers + " layers and " + sizes.channels + " channels: " + weights;
    }

    @Override
    public void close() {
        weights.close();
    }
}
