package diffsvc.vocoder;

import diffsvc.checkpoint.OnnxFile;
import diffsvc.checkpoint.OnnxFile.Value;

/**
 * A vocoder's generator ({@link HifiGan}) as an ONNX graph, in float32. Making the harmonic source of F0 is left to the
 * caller ({@link HarmonicSource}).
 *
 * <p>In: mel [B, M, T] in the network's own logarithm, source [B, 1, L] where the generator takes one, L = T hop. Out:
 * wave [B, 1, L].
 */
public final class HifiGanOnnx {
    private HifiGanOnnx() {}

    /** The graph, with copies of the weights. */
    public static OnnxFile of(HifiGan vocoder) {
        return of(vocoder.network(), vocoder.network().sizes().source());
    }

    /** The graph with or without the source's part. */
    static OnnxFile of(HifiGanNet net, boolean withSource) {
        HifiGanNet.Sizes s = net.sizes();
        OnnxFile file = new OnnxFile("vocoder", net.weights());
        Value mel = file.floats("mel", "B", s.mels(), "T"),
                source = withSource ? file.floats("source", "B", 1, "L") : null;
        int edge = HifiGanNet.EDGE_KERNEL / 2;
        Value x = mel.conv("conv_pre", edge, 1); // [B, C, T]
        for (int i = 0; i < s.rates().length; i++) {
            int rate = s.rates()[i];
            x = x.leakyRelu(HifiGanNet.SLOPE).transposedConv("ups." + i, rate, (s.kernels()[i] - rate) / 2);
            if (source != null) {
                int stride = s.strideAfter(i);
                String name = "noise_convs." + i;
                x = x.plus(source.conv(
                        file.weight(name + ".weight"), file.weight(name + ".bias"), stride, stride / 2, 1, 1));
            }
            Value sum = null;
            for (int b = 0; b < s.blockKernels().length; b++) {
                Value y = residual(x, s, i * s.blockKernels().length + b, b);
                sum = sum == null ? y : sum.plus(y);
            }
            x = sum.over(s.blockKernels().length); // [B, C / 2^(i+1), T u..]
        }
        Value wave =
                x.leakyRelu(HifiGanNet.LAST_SLOPE).conv("conv_post", edge, 1).tanh();
        file.output("wave", wave, "B", 1, "L");
        return file;
    }

    private static Value residual(Value x, HifiGanNet.Sizes s, int block, int kind) {
        String name = "resblocks." + block + ".convs";
        int kernel = s.blockKernels()[kind];
        int[] dilations = s.dilations()[kind];
        for (int d = 0; d < dilations.length; d++) {
            Value y = x.leakyRelu(HifiGanNet.SLOPE)
                    .conv(name + (s.twoFold() ? "1." : ".") + d, dilations[d] * (kernel - 1) / 2, dilations[d]);
            if (s.twoFold()) {
                y = y.leakyRelu(HifiGanNet.SLOPE).conv(name + "2." + d, (kernel - 1) / 2, 1);
            }
            x = x.plus(y);
        }
        return x;
    }
}
