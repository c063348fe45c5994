package diffsvc.conds.hubert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import diffsvc.checkpoint.ScriptFile;
import diffsvc.checkpoint.Weights;
import diffsvc.conds.LookedLayers;
import diffsvc.hparams.Precision;
import diffsvc.platform.EngineLock;
import diffsvc.platform.PartListener;
import diffsvc.platform.Script;
import diffsvc.tensor.Inner;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The encoder of {@link HubertSoft} as one script. Its convolutions have no padding, so they run piece by piece with
 * the same result in the memory of one piece. The norm after the first one is part of its weights: mean and variance of
 * its outputs over time follow from those of the ten samples under its kernel.
 *
 * <p>In bfloat16 the first convolution, the positional one and the attention stay float32: they are a small part of the
 * work, and of shapes that matrix units do not suit.
 */
final class HubertScript implements AutoCloseable {
    /** The weights by their names in a checkpoint, in the layouts and the precision of the other methods. */
    private static final String PREPARE =
            """
            def prepare(self, w: Dict[str, Tensor]) -> Tensor:
              self.first = torch.to(torch.squeeze(w["feature_extractor.conv0.weight"], 1), 7)
              self.first_gain = torch.to(w["feature_extractor.norm0.weight"], 7)
              self.first_bias = torch.to(w["feature_extractor.norm0.bias"], 7)
              for i in range(1, torch.len(self.strides)):
                name = torch.add(torch.add("feature_extractor.conv", str(i)), ".weight")
                conv = torch.to(torch.unsqueeze(w[name], 2), self.dtype)
                torch.append(self.convs, torch.contiguous(conv, memory_format=2))
              self.norm_weight = torch.to(w["feature_projection.norm.weight"], self.dtype)
              self.norm_bias = torch.to(w["feature_projection.norm.bias"], self.dtype)
              self.projection = torch.to(w["feature_projection.projection.weight"], self.dtype)
              self.projection_bias = torch.to(w["feature_projection.projection.bias"], self.dtype)
              v = w["positional_embedding.conv.weight_v"]
              length = torch.sqrt(torch.sum(torch.mul(v, v), [0, 1], True))
              v = torch.div(torch.mul(v, w["positional_embedding.conv.weight_g"]), length)
              self.position = torch.clone(v)
              self.position_bias = torch.clone(w["positional_embedding.conv.bias"])
              self.sum_weight = torch.to(w["norm.weight"], self.dtype)
              self.sum_bias = torch.to(w["norm.bias"], self.dtype)
              for i in range(self.layers):
                layer = torch.add(torch.add("encoder.layers.", str(i)), ".")
                for name in ["self_attn.in_proj_", "self_attn.out_proj.", "linear1.", "linear2.", "norm1.", "norm2."]:
                  weight = w[torch.add(torch.add(layer, name), "weight")]
                  bias = w[torch.add(torch.add(layer, name), "bias")]
                  torch.append(self.layer_weights, torch.to(weight, self.dtype))
                  torch.append(self.layer_biases, torch.to(bias, self.dtype))
              self.units_weight = torch.to(w["proj.weight"], self.dtype)
              self.units_bias = torch.to(w["proj.bias"], self.dtype)
              return self.first
            """;

    /** Weights and bias [C, 11] of the first convolution with its norm over a whole padded wave [1, 1, N + 80]. */
    private static final String FOLD =
            """
            def fold(self, wave: Tensor) -> Tensor:
              under = torch.to(torch.unfold(torch.select(torch.select(wave, 0, 0), 0, 0), 0, 10, 5), 7)
              mean = torch.mean(under, [0])
              centred = torch.sub(under, mean)
              covariance = torch.div(torch.matmul(torch.t(centred), centred), torch.size(under, 0))
              variance = torch.sum(torch.mul(torch.matmul(self.first, covariance), self.first), [1])
              gain = torch.div(self.first_gain, torch.sqrt(torch.add(variance, 1e-05)))
              bias = torch.sub(self.first_bias, torch.mul(torch.matmul(self.first, mean), gain))
              weight = torch.mul(self.first, torch.unsqueeze(gain, 1))
              return torch.to(torch.cat([weight, torch.unsqueeze(bias, 1)], 1), 6)
            """;

    /** Samples [1, 1, n] under some units to their features [1, P, C]. */
    private static final String FEATURES =
            """
            def features(self, samples: Tensor, folded: Tensor) -> Tensor:
              weight = torch.unsqueeze(torch.unsqueeze(torch.slice(folded, 1, 0, 10), 1), 1)
              weight, bias = torch.contiguous(weight, memory_format=2), torch.select(folded, 1, 10)
              x = torch.contiguous(torch.unsqueeze(samples, 2), memory_format=2)
              x = torch.gelu(torch.to(torch.conv2d(x, weight, bias, [1, self.strides[0]]), self.dtype))
              for i in range(1, torch.len(self.strides)):
                x = torch.gelu(torch.conv2d(x, self.convs[torch.sub(i, 1)], None, [1, self.strides[i]]))
              return torch.permute(torch.squeeze(x, 2), [0, 2, 1])
            """;

    /** Features [B, P, C] to the transformer's input [B, P, D]. */
    private static final String PROJECT =
            """
            def project(self, features: Tensor) -> Tensor:
              wide = torch.size(features, 2)
              x = torch.layer_norm(features, [wide], self.norm_weight, self.norm_bias, 1e-05, False)
              x = torch.linear(x, self.projection, self.projection_bias)
              rows = torch.to(torch.permute(x, [0, 2, 1]), 6)
              half, groups = torch.floordiv(torch.size(self.position, 2), 2), self.groups
              around = torch.conv1d(rows, self.position, self.position_bias, [1], [half], [1], groups)
              around = torch.permute(torch.gelu(torch.slice(around, 2, 0, -1)), [0, 2, 1])
              x = torch.add(x, torch.to(around, self.dtype))
              return torch.layer_norm(x, [torch.size(x, 2)], self.sum_weight, self.sum_bias, 1e-05, False)
            """;

    /** What the attention of layer i adds, [B, P, D]. */
    private static final String HEARD =
            """
            def heard(self, x: Tensor, i: int) -> Tensor:
              b, p, d = torch.size(x, 0), torch.size(x, 1), torch.size(x, 2)
              n = torch.mul(i, 6)
              stacked = torch.linear(x, self.layer_weights[n], self.layer_biases[n])
              stacked = torch.reshape(stacked, [b, p, 3, self.heads, torch.floordiv(d, self.heads)])
              q, k, v = torch.unbind(torch.permute(torch.to(stacked, 6), [2, 0, 3, 1, 4]))
              heard = torch.permute(torch.scaled_dot_product_attention(q, k, v), [0, 2, 1, 3])
              heard = torch.to(heard, self.dtype)
              n = torch.add(n, 1)
              return torch.linear(torch.reshape(heard, [b, p, d]), self.layer_weights[n], self.layer_biases[n])
            """;

    /** The rest of layer i, behind its attention. */
    private static final String FED =
            """
            def fed(self, x: Tensor, heard: Tensor, i: int) -> Tensor:
              d, n = torch.size(x, 2), torch.add(torch.mul(i, 6), 1)
              norm = torch.add(n, 3)
              x = torch.add(x, heard)
              x = torch.layer_norm(x, [d], self.layer_weights[norm], self.layer_biases[norm], 1e-05, False)
              n = torch.add(n, 1)
              inner = torch.gelu(torch.linear(x, self.layer_weights[n], self.layer_biases[n]))
              n = torch.add(n, 1)
              x = torch.add(x, torch.linear(inner, self.layer_weights[n], self.layer_biases[n]))
              norm = torch.add(norm, 1)
              return torch.layer_norm(x, [d], self.layer_weights[norm], self.layer_biases[norm], 1e-05, False)
            """;

    private static final String LAYER =
            """
            def layer(self, x: Tensor, i: int) -> Tensor:
              return self.fed(x, self.heard(x, i), i)
            """;

    private static final String UNITS =
            """
            def units(self, x: Tensor) -> Tensor:
              return torch.to(torch.linear(x, self.units_weight, self.units_bias), 6)
            """;

    /** A wave [1, 1, N] at 16 kHz to units [1, P, H]. */
    private static final String FORWARD =
            """
            def forward(self, wave: Tensor) -> Tensor:
              padded = torch.constant_pad_nd(wave, [40, 40])
              x = self.project(self.features(padded, self.fold(padded)))
              for i in range(self.layers):
                x = self.layer(x, i)
              return self.units(x)
            """;

    private static final List<String> TENSORS = List.of(
            "first",
            "first_gain",
            "first_bias",
            "norm_weight",
            "norm_bias",
            "projection",
            "projection_bias",
            "position",
            "position_bias",
            "sum_weight",
            "sum_bias",
            "units_weight",
            "units_bias");
    private static final List<String> LISTS = List.of("convs", "layer_weights", "layer_biases");
    /**
     * Units of one piece: 3.5 MiB behind the first convolution, which the allocator keeps for the next piece (4 MiB).
     */
    static final int PIECE_UNITS = 28;
    /** A GPU needs long arrays to be busy. */
    private static final int GPU_PIECE_UNITS = 2048;

    private final int layers;
    private final Script script;

    private HubertScript(int layers, Script script) {
        this.layers = layers;
        this.script = script;
    }

    /**
     * The script of a network. It keeps what it needs of the weights, so they may close.
     *
     * @param owner closes it at the latest
     * @param precision of the weights and the values between layers; not auto or mixed
     */
    static HubertScript of(NDManager owner, HubertSoft.Sizes sizes, Weights weights, Precision precision) {
        Script script = Script.open(owner, archive(sizes, precision));
        script.run(weights.manager(), "prepare", weights.all()).close();
        return new HubertScript(sizes.layers(), script);
    }

    /** The script as TorchScript's archive, without its weights. */
    static byte[] archive(HubertSoft.Sizes sizes, Precision precision) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("layers", (long) sizes.layers());
        attributes.put("heads", (long) sizes.heads());
        attributes.put("groups", (long) HubertSoft.POSITION_GROUPS);
        attributes.put(
                "strides",
                Arrays.stream(HubertSoft.STRIDES).mapToObj(s -> (long) s).toList());
        attributes.put("dtype", precision.elementType());
        List<String> methods = List.of(
                PREPARE,
                FOLD,
                FEATURES,
                PROJECT,
                HEARD,
                FED,
                LAYER,
                UNITS,
                FORWARD,
                LookedLayers.SHOWN,
                LookedLayers.TAKEN);
        return new ScriptFile(attributes, TENSORS, LISTS, methods).bytes();
    }

    /**
     * Units [1, P, H] of a padded wave [1, 1, N + 80].
     *
     * @param window samples under one unit
     * @param hop samples from unit to unit
     * @param listener hears of each call
     * @param inner gets features, projected, each layer and output
     */
    NDArray units(NDArray padded, int window, int hop, PartListener listener, Inner inner) {
        Script script = this.script.heardBy(listener);
        LookedLayers looked = new LookedLayers(script, inner);
        long most = padded.getDevice().isGpu() ? GPU_PIECE_UNITS : PIECE_UNITS,
                count = (padded.getShape().get(2) - window) / hop + 1;
        NDManager owner = padded.getManager();
        try (NDManager scratch = owner.newSubManager()) {
            scratch.tempAttachAll(padded);
            NDArray folded = script.run(scratch, "fold", padded);
            NDList pieces = new NDList();
            for (long from = 0; from < count; from += most) {
                EngineLock.check("content", from, count, "units");
                long to = Math.min(count, from + most);
                try (NDArray samples = padded.get(":, :, " + from * hop + ":" + ((to - 1) * hop + window))) {
                    pieces.add(script.run(scratch, "features", samples, folded));
                }
            }
            NDArray x = pieces.size() == 1 ? pieces.get(0) : NDArrays.concat(pieces, 1);
            x = looked.at("projected", script.run(scratch, "project", looked.at("features", x)));
            pieces.close();
            for (int i = 0; i < layers; i++) {
                EngineLock.check("content", i, layers, "layers");
                try (NDArray before = x) {
                    x = looked.layer(i, before);
                }
            }
            NDArray units = inner.at("output", script.run(scratch, "units", x));
            units.attach(owner);
            return units;
        }
    }

    /** Writes the archive with its weights, whose {@code forward} is that of the script; torch.jit.load opens it. */
    void write(OutputStream out) throws IOException {
        script.write(out);
    }

    @Override
    public void close() {
        script.close();
    }
}
