package diffsvc.diffusion.wavenet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.checkpoint.OnnxFile;
import diffsvc.checkpoint.OnnxFile.Value;
import java.util.List;

/**
 * The denoiser of {@link WaveNet} as an ONNX graph, in float32.
 *
 * <p>In: spec [B, 1, M, T], step [B] float32, cond [B, H, T]. Out: eps [B, 1, M, T], or what the network predicts
 * instead. The condition is projected in each call.
 */
public final class WaveNetOnnx {
    private WaveNetOnnx() {}

    /** The graph of a network that predicts eps, with copies of the weights. */
    public static OnnxFile of(WaveNet net) {
        return of(net, "eps");
    }

    /**
     * The graph, with copies of the weights.
     *
     * @param output what the network predicts, the name of the graph's output
     */
    public static OnnxFile of(WaveNet net, String output) {
        WaveNet.Sizes sizes = net.sizes();
        OnnxFile file = new OnnxFile("wavenet", net.weights());
        Value spec = file.floats("spec", "B", 1, sizes.mels(), "T"),
                step = file.floats("step", "B"),
                cond = file.floats("cond", "B", sizes.cond(), "T");
        Value embedded = step.unsqueeze(1).times(frequencies(file, net)); // [B, C/2]
        embedded = embedded.op("Sin").concat(1, embedded.op("Cos"));
        embedded = embedded.linear("mlp.0").mish().linear("mlp.2"); // [B, C]
        Value x = spec.squeeze(1).conv("input_projection").relu(), skips = null; // [B, C, T]
        for (int i = 0; i < sizes.layers(); i++) {
            String layer = "residual_layers." + i + ".";
            int dilation = 1 << i % sizes.cycle();
            Value shifted =
                    x.plus(embedded.linear(layer + "diffusion_projection").unsqueeze(2));
            Value both = shifted.conv(layer + "dilated_conv", dilation, dilation)
                    .plus(cond.conv(layer + "conditioner_projection")); // [B, 2 C, T]
            List<Value> halves = both.split(1, 2);
            Value gated = halves.get(0).sigmoid().times(halves.get(1).tanh()); // [B, C, T]
            List<Value> parts = gated.conv(layer + "output_projection").split(1, 2);
            x = x.plus(parts.get(0)).over(Math.sqrt(2));
            skips = skips == null ? parts.get(1) : skips.plus(parts.get(1));
        }
        Value hidden =
                skips.over(Math.sqrt(sizes.layers())).conv("skip_projection").relu();
        file.output(output, hidden.conv("output_projection").unsqueeze(1), "B", 1, sizes.mels(), "T");
        return file;
    }

    /** The angle of one step for each sine, [1, C/2]. */
    private static Value frequencies(OnnxFile file, WaveNet net) {
        try (NDManager scratch = net.weights().manager().newSubManager()) {
            NDArray rates = net.frequencies(scratch);
            return file.weight("frequencies", rates);
        }
    }
}
