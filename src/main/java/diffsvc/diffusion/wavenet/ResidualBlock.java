package diffsvc.diffusion.wavenet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.core.Linear;
import diffsvc.checkpoint.Weights;
import java.util.Map;

/**
 * One layer of the denoiser: a gated dilated convolution, conditioned on step and cond (DiffWave, arXiv:2009.09761,
 * fig. 2).
 */
final class ResidualBlock {
    private final String name;
    private final int dilation;
    private final Weights weights;

    /** Outputs of a block, both [B, C, T]. */
    record Out(NDArray x, NDArray skip) {}

    ResidualBlock(int index, int dilation, Weights weights) {
        this.name = "residual_layers." + index + ".";
        this.dilation = dilation;
        this.weights = weights;
    }

    static void table(Map<String, Shape> t, int index, int c, int h) {
        String name = "residual_layers." + index + ".";
        t.put(name + "dilated_conv.weight", new Shape(2L * c, c, 3));
        t.put(name + "dilated_conv.bias", new Shape(2L * c));
        t.put(name + "diffusion_projection.weight", new Shape(c, c));
        t.put(name + "diffusion_projection.bias", new Shape(c));
        t.put(name + "conditioner_projection.weight", new Shape(2L * c, h, 1));
        t.put(name + "conditioner_projection.bias", new Shape(2L * c));
        t.put(name + "output_projection.weight", new Shape(2L * c, c, 1));
        t.put(name + "output_projection.bias", new Shape(2L * c));
    }

    /**
     * Projects the condition, [B, H, T] to [B, 2 C, T]. It does not depend on the step, so this is computed once per
     * song.
     */
    NDArray project(NDArray cond) {
        return Conv1d.conv1d(cond, w("conditioner_projection.weight"), w("conditioner_projection.bias"))
                .singletonOrThrow();
    }

    /**
     * The block's outputs.
     *
     * @param x [B, C, T]
     * @param step [B, C], the embedded diffusion step
     * @param projected [B, 2 C, T], the condition
     * @param root2 sqrt(2), as an array that outlives the backward pass
     */
    Out pass(NDArray x, NDArray step, NDArray projected, NDArray root2) {
        NDArray shifted = x.add(Linear.linear(step, w("diffusion_projection.weight"), w("diffusion_projection.bias"))
                .singletonOrThrow()
                .expandDims(2));
        NDArray y = Conv1d.conv1d(
                        shifted,
                        w("dilated_conv.weight"),
                        w("dilated_conv.bias"),
                        new Shape(1),
                        new Shape(dilation),
                        new Shape(dilation))
                .singletonOrThrow()
                .addi(projected); // [B, 2 C, T]
        NDList halves = y.split(2, 1);
        NDArray gated = Activation.sigmoid(halves.get(0)).mul(halves.get(1).tanh()); // [B, C, T]
        NDArray out = Conv1d.conv1d(gated, w("output_projection.weight"), w("output_projection.bias"))
                .singletonOrThrow(); // [B, 2 C, T]
        NDList parts = out.split(2, 1);
        return new Out(x.add(parts.get(0)).divi(root2), parts.get(1));
    }

    private NDArray w(String tail) {
        return weights.get(name + tail);
    }
}
