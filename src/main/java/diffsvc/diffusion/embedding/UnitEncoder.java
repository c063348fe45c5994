package diffsvc.diffusion.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Weights;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.GraphScalar;
import diffsvc.tensor.Inner;
import java.util.Map;

/**
 * A transformer over the units, before they are spread over frames: FastSpeech 2's encoder (arXiv:2006.04558, section
 * 2.1), which the Python project runs with {@code no_fs2: false}. Pre-norm transformer layers whose feed-forward begins
 * with a convolution. A unit whose first channel is 0 is padding.
 *
 * <p>units [B, P, H] - scaled, positions added - layers - norm - [B, P, H]
 */
final class UnitEncoder {
    static final float EPS = 1e-5f;
    static final int POSITIONS = 5000;
    private final Sizes sizes;
    private final Weights weights;

    /** Sizes; the feed-forward is four times as wide as the units. */
    record Sizes(int hidden, int layers, int kernel, int heads) {
        static Sizes of(Hparams.Embedding e) {
            if (e.hiddenSize() % e.numHeads() != 0) {
                throw Problem.in(
                        "embedding",
                        "embedding.num_heads that divides " + e.hiddenSize(),
                        String.valueOf(e.numHeads()),
                        "correct num_heads");
            }
            return new Sizes(e.hiddenSize(), e.encLayers(), e.encFfnKernelSize(), e.numHeads());
        }

        int feedForward() {
            return 4 * hidden;
        }
    }

    UnitEncoder(Sizes sizes, Weights weights) {
        this.sizes = sizes;
        this.weights = weights;
    }

    /** Names in a checkpoint, without the prefix {@code fs2.}, and shapes. */
    static void table(Map<String, Shape> t, Sizes s) {
        for (int i = 0; i < s.layers; i++) {
            String layer = "encoder.layers." + i + ".op.";
            t.put(layer + "layer_norm1.weight", new Shape(s.hidden));
            t.put(layer + "layer_norm1.bias", new Shape(s.hidden));
            t.put(layer + "self_attn.in_proj_weight", new Shape(3L * s.hidden, s.hidden));
            t.put(layer + "self_attn.out_proj.weight", new Shape(s.hidden, s.hidden));
            t.put(layer + "layer_norm2.weight", new Shape(s.hidden));
            t.put(layer + "layer_norm2.bias", new Shape(s.hidden));
            t.put(layer + "ffn.ffn_1.weight", new Shape(s.feedForward(), s.hidden, s.kernel));
            t.put(layer + "ffn.ffn_1.bias", new Shape(s.feedForward()));
            t.put(layer + "ffn.ffn_2.weight", new Shape(s.hidden, s.feedForward()));
            t.put(layer + "ffn.ffn_2.bias", new Shape(s.hidden));
        }
        t.put("encoder.layer_norm.weight", new Shape(s.hidden));
        t.put("encoder.layer_norm.bias", new Shape(s.hidden));
    }

    /** 0 where a unit of [B, P, H] is padding, else 1: [B, P, 1]. */
    static NDArray real(NDArray units) {
        return units.get(":, :, 0:1").neq(0f).toType(DataType.FLOAT32, false);
    }

    /** units [B, P, H] to the same shape; {@code inner} gets embedded, layer0, .., encoder_out. */
    NDArray walk(NDArray units, Inner inner) {
        NDArray real = real(units);
        NDArray scaled = units.mul(GraphScalar.of(units, Math.sqrt(sizes.hidden)));
        NDArray x = scaled.mul(GraphScalar.of(scaled, 2)).add(positions(units.getManager(), (int) units.getShape()
                .get(1))); // twice the scaled input, as in the reference, where the positions include it
        x = inner.at("embedded", x).mul(real);
        for (int i = 0; i < sizes.layers; i++) {
            String layer = "encoder.layers." + i + ".op.";
            x = x.add(attention(norm(x, layer + "layer_norm1"), real, layer + "self_attn."))
                    .mul(real);
            x = x.add(feedForward(norm(x, layer + "layer_norm2"), layer + "ffn."))
                    .mul(real);
            x = inner.at("layer" + i, x);
        }
        return inner.at("encoder_out", norm(x, "encoder.layer_norm").mul(real));
    }

    /**
     * Sine and cosine interleaved, rows in reverse order: row i is position max(5000, P) - 1 - i. In float32, as the
     * reference makes them.
     */
    private NDArray positions(NDManager manager, int units) {
        int rows = Math.max(POSITIONS, units), h = sizes.hidden;
        float[] table = new float[units * h];
        float[] rates = rates(h);
        for (int k = 0; k < h; k += 2) {
            float rate = rates[k / 2];
            for (int i = 0; i < units; i++) {
                float angle = (float) (rows - 1 - i) * rate;
                table[i * h + k] = (float) Math.sin(angle);
                if (k + 1 < h) {
                    table[i * h + k + 1] = (float) Math.cos(angle);
                }
            }
        }
        return manager.create(table, new Shape(1, units, h));
    }

    /** The angle of one position for each sine, ceil(H/2). */
    static float[] rates(int hidden) {
        float[] rates = new float[(hidden + 1) / 2];
        for (int i = 0; i < rates.length; i++) {
            rates[i] = (float) Math.exp((float) (2 * i) * (float) -(Math.log(10000) / hidden));
        }
        return rates;
    }

    /** Attention without biases; padding is not attended to. */
    private NDArray attention(NDArray x, NDArray real, String name) {
        long b = x.getShape().get(0), p = x.getShape().get(1), d = sizes.hidden, h = sizes.heads;
        NDArray qkv = Linear.linear(x, weights.get(name + "in_proj_weight"), null)
                .singletonOrThrow()
                .reshape(b, p, 3, h, d / h)
                .transpose(2, 0, 3, 1, 4);
        NDArray q = qkv.get(0), k = qkv.get(1), v = qkv.get(2); // [B, h, P, D/h]
        NDArray hidden = real.sub(1f).mul(1e9f).reshape(b, 1, 1, p);
        NDArray score = q.mul(GraphScalar.of(q, 1 / Math.sqrt(d / (double) h)))
                .matMul(k.transpose(0, 1, 3, 2))
                .add(hidden)
                .softmax(-1);
        return Linear.linear(
                        score.matMul(v).transpose(0, 2, 1, 3).reshape(b, p, d),
                        weights.get(name + "out_proj.weight"),
                        null)
                .singletonOrThrow();
    }

    private NDArray feedForward(NDArray x, String name) {
        NDArray y = Conv1d.conv1d(
                        x.transpose(0, 2, 1),
                        weights.get(name + "ffn_1.weight"),
                        weights.get(name + "ffn_1.bias"),
                        new Shape(1),
                        new Shape(sizes.kernel / 2))
                .singletonOrThrow()
                .transpose(0, 2, 1)
                .mul(GraphScalar.of(x, Math.pow(sizes.kernel, -0.5)));
        return Linear.linear(Activation.gelu(y), weights.get(name + "ffn_2.weight"), weights.get(name + "ffn_2.bias"))
                .singletonOrThrow();
    }

    private NDArray norm(NDArray x, String name) {
        return LayerNorm.layerNorm(
                        x, new Shape(sizes.hidden), weights.get(name + ".weight"), weights.get(name + ".bias"), EPS)
                .singletonOrThrow();
    }
}
