package diffsvc.conds.whisper;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The network of {@link WhisperEncoder} as one script. Query, key and value are one product, and the attention keeps no
 * matrix of P x P. In bfloat16 the attention stays float32, as in the script of HuBERT-soft.
 */
final class WhisperScript implements AutoCloseable {
    /** The weights by their names in a checkpoint, in the layouts and the precision of the other methods. */
    private static final String PREPARE =
            """
            def prepare(self, w: Dict[str, Tensor]) -> Tensor:
              self.positions = torch.to(w["positional_embedding"], self.dtype)
              for name in ["conv1", "conv2"]:
                conv = torch.to(torch.unsqueeze(w[torch.add(name, ".weight")], 2), self.dtype)
                torch.append(self.weights, torch.contiguous(conv, memory_format=2))
                torch.append(self.biases, torch.to(w[torch.add(name, ".bias")], self.dtype))
              for i in range(self.layers):
                block = torch.add(torch.add("blocks.", str(i)), ".")
                query = w[torch.add(block, "attn.query.weight")]
                key = w[torch.add(block, "attn.key.weight")]
                value = w[torch.add(block, "attn.value.weight")]
                torch.append(self.weights, torch.to(torch.cat([query, key, value], 0), self.dtype))
                query = w[torch.add(block, "attn.query.bias")]
                value = w[torch.add(block, "attn.value.bias")]
                torch.append(self.biases, torch.to(torch.cat([query, torch.zeros_like(query), value], 0), self.dtype))
                for name in ["attn.out.", "mlp.0.", "mlp.2.", "attn_ln.", "mlp_ln."]:
                  weight = w[torch.add(torch.add(block, name), "weight")]
                  bias = w[torch.add(torch.add(block, name), "bias")]
                  torch.append(self.weights, torch.to(weight, self.dtype))
                  torch.append(self.biases, torch.to(bias, self.dtype))
              self.last_weight = torch.to(w["ln_post.weight"], self.dtype)
              self.last_bias = torch.to(w["ln_post.bias"], self.dtype)
              return self.last_bias
            """;

    /** Log mel [B, M, 2 P] to the transformer's input [B, P, H]. */
    private static final String CONVOLVE =
            """
            def convolve(self, mel: Tensor) -> Tensor:
              x = torch.contiguous(torch.to(torch.unsqueeze(mel, 2), self.dtype), memory_format=2)
              x = torch.gelu(torch.conv2d(x, self.weights[0], self.biases[0], [1, 1], [0, 1]))
              x = torch.gelu(torch.conv2d(x, self.weights[1], self.biases[1], [1, 2], [0, 1]))
              x = torch.permute(torch.squeeze(x, 2), [0, 2, 1])
              return torch.add(x, torch.slice(self.positions, 0, 0, torch.size(x, 1)))
            """;

    /** What the attention of layer i adds, [B, P, H]. */
    private static final String HEARD =
            """
            def heard(self, x: Tensor, i: int) -> Tensor:
              b, p, d = torch.size(x, 0), torch.size(x, 1), torch.size(x, 2)
              n = torch.add(torch.mul(i, 6), 2)
              norm = torch.add(n, 4)
              y = torch.layer_norm(x, [d], self.weights[norm], self.biases[norm], 1e-05, False)
              stacked = torch.linear(y, self.weights[n], self.biases[n])
              stacked = torch.reshape(stacked, [b, p, 3, self.heads, torch.floordiv(d, self.heads)])
              q, k, v = torch.unbind(torch.permute(torch.to(stacked, 6), [2, 0, 3, 1, 4]))
              heard = torch.permute(torch.scaled_dot_product_attention(q, k, v), [0, 2, 1, 3])
              heard = torch.reshape(torch.to(heard, self.dtype), [b, p, d])
              n = torch.add(n, 1)
              return torch.linear(heard, self.weights[n], self.biases[n])
            """;

    /** The rest of layer i, behind its attention. */
    private static final String FED =
            """
            def fed(self, x: Tensor, heard: Tensor, i: int) -> Tensor:
              x, n, d = torch.add(x, heard), torch.add(torch.mul(i, 6), 4), torch.size(x, 2)
              norm = torch.add(n, 3)
              y = torch.layer_norm(x, [d], self.weights[norm], self.biases[norm], 1e-05, False)
              inner = torch.gelu(torch.linear(y, self.weights[n], self.biases[n]))
              n = torch.add(n, 1)
              return torch.add(x, torch.linear(inner, self.weights[n], self.biases[n]))
            """;

    private static final String LAYER =
            """
            def layer(self, x: Tensor, i: int) -> Tensor:
              return self.fed(x, self.heard(x, i), i)
            """;

    private static final String FINISH =
            """
            def finish(self, x: Tensor) -> Tensor:
              d = torch.size(x, 2)
              return torch.to(torch.layer_norm(x, [d], self.last_weight, self.last_bias, 1e-05, False), 6)
            """;

    /** A log mel [B, M, 2 P] to the output [B, P, H]. */
    private static final String FORWARD =
            """
            def forward(self, mel: Tensor) -> Tensor:
              x = self.convolve(mel)
              for i in range(self.layers):
                x = self.layer(x, i)
              return self.finish(x)
            """;

    private final int layers;
    private final Script script;
    /** The output for silence, once it was asked for. */
    private NDArray quiet;

    private WhisperScript(int layers, Script script) {
        this.layers = layers;
        this.script = script;
    }

    /**
     * The script of a network. It keeps what it needs of the weights, so they may close.
     *
     * @param owner closes it at the latest
     * @param precision of the weights and the values between layers; not auto or mixed
     */
    static WhisperScript of(NDManager owner, WhisperEncoder.Sizes sizes, Weights weights, Precision precision) {
        Script script = Script.open(owner, archive(sizes, precision));
        script.run(weights.manager(), "prepare", weights.all()).close();
        return new WhisperScript(sizes.layers(), script);
    }

    /** The script as TorchScript's archive, without its weights. */
    static byte[] archive(WhisperEncoder.Sizes sizes, Precision precision) {
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("layers", (long) sizes.layers());
        attributes.put("heads", (long) sizes.heads());
        attributes.put("dtype", precision.elementType());
        return new ScriptFile(
                        attributes,
                        List.of("positions", "last_weight", "last_bias"),
                        List.of("weights", "biases"),
                        List.of(
                                PREPARE,
                                CONVOLVE,
                                HEARD,
                                FED,
                                LAYER,
                                FINISH,
                                FORWARD,
                                LookedLayers.SHOWN,
                                LookedLayers.TAKEN))
                .bytes();
    }

    /**
     * The output [1, P, H] for a log mel [1, M, 2 P], of the log mel's manager.
     *
     * @param listener hears of each call
     */
    NDArray units(NDArray mel, PartListener listener) {
        return units(mel, listener, Inner.NONE);
    }

    /** The same under the eyes of an {@link Inner}. */
    NDArray units(NDArray mel, PartListener listener, Inner inner) {
        Script script = this.script.heardBy(listener);
        LookedLayers looked = new LookedLayers(script, inner);
        NDManager owner = mel.getManager();
        try (NDManager scratch = owner.newSubManager()) {
            NDArray x = looked.at("convolved", script.run(scratch, "convolve", mel));
            for (int i = 0; i < layers; i++) {
                EngineLock.check("content", i, layers, "layers");
                try (NDArray before = x) {
                    x = looked.layer(i, before);
                }
            }
            NDArray units = inner.at("output", script.run(scratch, "finish", x));
            units.attach(owner);
            return units;
        }
    }

    /**
     * The output for a log mel of one value everywhere, made once.
     *
     * @param owner of the result
     */
    synchronized NDArray quiet(NDManager owner, Shape mel, float value) {
        if (quiet == null) {
            try (NDManager scratch = owner.newSubManager()) {
                NDArray made = units(scratch.full(mel, value), PartListener.NONE);
                made.attach(owner);
                quiet = made;
            }
        }
        return quiet;
    }

    /** Writes the archive with its weights, whose {@code forward} is that of the script; torch.jit.load opens it. */
    void write(OutputStream out) throws IOException {
        script.write(out);
    }

    @Override
    public synchronized void close() {
        script.close();
        if (quiet != null) {
            quiet.close();
        }
    }
}
