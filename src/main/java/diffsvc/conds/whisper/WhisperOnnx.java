package diffsvc.conds.whisper;

import diffsvc.checkpoint.OnnxFile;
import diffsvc.checkpoint.OnnxFile.Value;
import java.util.Map;

/**
 * The network of {@link WhisperEncoder} as an ONNX graph, in float32.
 *
 * <p>In: mel [B, M, L], a log mel of L = 2 P frames. Out: units [B, P, H], the output alone.
 */
public final class WhisperOnnx {
    private WhisperOnnx() {}

    /** The graph, with copies of the weights. */
    public static OnnxFile of(WhisperEncoder net) {
        WhisperEncoder.Sizes s = net.sizes();
        OnnxFile file = new OnnxFile("whisper", net.weights());
        Value x = file.floats("mel", "B", s.bands(), "L");
        x = x.conv("conv1", 1, 1).gelu();
        x = x.conv(file.weight("conv2.weight"), file.weight("conv2.bias"), 2, 1, 1, 1)
                .gelu()
                .transpose(0, 2, 1); // [B, P, H]
        Value count = x.op("Shape", Map.of("start", 1, "end", 2)); // P
        x = x.plus(file.weight("positional_embedding").op("Slice", file.whole(0), count, file.whole(0)));
        for (int i = 0; i < s.layers(); i++) {
            String block = "blocks." + i + ".";
            Value y = x.norm(block + "attn_ln", WhisperEncoder.EPS);
            Value q = heads(y.linear(block + "attn.query"), s).transpose(0, 2, 1, 3), // [B, h, P, H/h]
                    k =
                            heads(y.linear(file.weight(block + "attn.key.weight"), null), s)
                                    .transpose(0, 2, 3, 1),
                    v = heads(y.linear(block + "attn.value"), s).transpose(0, 2, 1, 3);
            double scale = 1 / Math.sqrt(s.dim() / (double) s.heads());
            Value heard = q.times(scale).op("MatMul", k).softmax().op("MatMul", v);
            x = x.plus(heard.transpose(0, 2, 1, 3).reshape(0, 0, s.dim()).linear(block + "attn.out"));
            x = x.plus(x.norm(block + "mlp_ln", WhisperEncoder.EPS)
                    .linear(block + "mlp.0")
                    .gelu()
                    .linear(block + "mlp.2"));
        }
        file.output("units", x.norm("ln_post", WhisperEncoder.EPS), "B", "P", s.dim());
        return file;
    }

    private static Value heads(Value x, WhisperEncoder.Sizes s) {
        return x.reshape(0, 0, s.heads(), s.dim() / s.heads());
    }
}
