package diffsvc.conds.hubert;

import ai.djl.ndarray.NDManager;
import diffsvc.checkpoint.OnnxFile;
import diffsvc.checkpoint.OnnxFile.Value;
import java.util.List;
import java.util.Map;

/**
 * The content encoder {@link HubertSoft} as an ONNX graph, in float32.
 *
 * <p>In: wave [B, 1, N] at 16 kHz, at least 320 samples. Out: units [B, P, H].
 */
public final class HubertOnnx {
    private HubertOnnx() {}

    /** The graph, with copies of the weights. */
    public static OnnxFile of(HubertSoft net) {
        HubertSoft.Sizes s = net.sizes();
        OnnxFile file = new OnnxFile("hubert", net.weights());
        Value x = file.floats("wave", "B", 1, "N");
        for (int i = 0; i < HubertSoft.STRIDES.length; i++) {
            Value kernel = file.weight("feature_extractor.conv" + i + ".weight");
            x = x.conv(kernel, null, HubertSoft.STRIDES[i], i == 0 ? HubertSoft.PAD : 0, 1, 1);
            if (i == 0) { // over time, each channel alone
                String norm = "feature_extractor.norm0";
                x = x.op(
                        "InstanceNormalization",
                        Map.of("epsilon", (double) HubertSoft.EPS),
                        file.weight(norm + ".weight"),
                        file.weight(norm + ".bias"));
            }
            x = x.gelu(); // [B, C, P] at the end
        }
        x = x.transpose(0, 2, 1).norm("feature_projection.norm", HubertSoft.EPS);
        x = x.linear("feature_projection.projection"); // [B, P, D]
        x = x.plus(position(file, net, x)).norm("norm", HubertSoft.EPS);
        for (int i = 0; i < s.layers(); i++) {
            String layer = "encoder.layers." + i + ".";
            x = x.plus(attention(file, layer + "self_attn.", x, s)).norm(layer + "norm1", HubertSoft.EPS);
            x = x.plus(x.linear(layer + "linear1").gelu().linear(layer + "linear2"))
                    .norm(layer + "norm2", HubertSoft.EPS);
        }
        file.output("units", x.linear("proj"), "B", "P", s.units());
        return file;
    }

    /** The even kernel gives one frame too many, which is dropped. */
    private static Value position(OnnxFile file, HubertSoft net, Value x) {
        String name = "positional_embedding.conv.";
        Value kernel;
        try (NDManager scratch = net.weights().manager().newSubManager()) {
            kernel = file.weight(name + "weight", net.positionWeight(scratch));
        }
        return x.transpose(0, 2, 1)
                .conv(
                        kernel,
                        file.weight(name + "bias"),
                        1,
                        HubertSoft.POSITION_KERNEL / 2,
                        1,
                        HubertSoft.POSITION_GROUPS)
                .slice(2, 0, -1)
                .gelu()
                .transpose(0, 2, 1);
    }

    private static Value attention(OnnxFile file, String name, Value x, HubertSoft.Sizes s) {
        List<Value> qkv = x.linear(file.weight(name + "in_proj_weight"), file.weight(name + "in_proj_bias"))
                .split(2, 3); // 3 x [B, P, D]
        Value q = heads(qkv.get(0), s).transpose(0, 2, 1, 3), // [B, h, P, D/h]
                k = heads(qkv.get(1), s).transpose(0, 2, 3, 1), // [B, h, D/h, P]
                v = heads(qkv.get(2), s).transpose(0, 2, 1, 3);
        double scale = 1 / Math.sqrt(s.dim() / (double) s.heads());
        Value score = q.times(scale).op("MatMul", k).softmax(); // [B, h, P, P]
        return score.op("MatMul", v)
                .transpose(0, 2, 1, 3)
                .reshape(0, 0, s.dim())
                .linear(name + "out_proj");
    }

    private static Value heads(Value x, HubertSoft.Sizes s) {
        return x.reshape(0, 0, s.heads(), s.dim() / s.heads());
    }
}
