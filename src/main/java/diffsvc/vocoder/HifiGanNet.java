package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv1d;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.platform.EngineLock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * From mel to wave by upsampling (HiFi-GAN, arXiv:2010.05646, fig. 1), conditioned on the harmonic source at each
 * scale.
 *
 * <p>mel [B, M, T] - conv_pre - [B, C, T] - for each rate u: leaky, ups - [B, C/2, T u], + noise_convs(source), mean of
 * the residual blocks - leaky - conv_post - tanh - wave [B, 1, L]
 */
final class HifiGanNet implements AutoCloseable {
    static final float SLOPE = 0.1f, LAST_SLOPE = 0.01f;
    static final int EDGE_KERNEL = 7;
    private final Sizes sizes;
    private final Weights weights;

    /**
     * What the configuration gives and the tensors must agree with.
     *
     * @param rates u of each upsampling
     * @param kernels of each upsampling
     * @param blockKernels of the residual blocks at one scale
     * @param dilations of each residual block
     * @param twoFold residual blocks of kind 1: a second, plain convolution after each dilated one
     * @param source whether a harmonic source is added
     */
    record Sizes(
            int mels,
            int channels,
            int[] rates,
            int[] kernels,
            int[] blockKernels,
            int[][] dilations,
            boolean twoFold,
            boolean source) {
        int hop() {
            return Arrays.stream(rates).reduce(1, (a, b) -> a * b);
        }

        /** Channels after upsampling i. */
        int channelsAfter(int i) {
            return channels >> i + 1;
        }

        /** Samples of the source that one step after upsampling i covers. */
        int strideAfter(int i) {
            return Arrays.stream(rates, i + 1, rates.length).reduce(1, (a, b) -> a * b);
        }
    }

    private HifiGanNet(Sizes sizes, Weights weights) {
        this.sizes = sizes;
        this.weights = weights;
    }

    /** Takes a generator's tensors; weight norm is folded in on the way. */
    static HifiGanNet load(NDManager manager, String name, Sizes sizes, StateDict generator) {
        for (int i = 0; i < sizes.rates.length; i++) {
            if (sizes.kernels[i] < sizes.rates[i] || (sizes.kernels[i] - sizes.rates[i]) % 2 != 0) {
                throw Problem.in(
                        "vocoder",
                        generator.file(),
                        "upsample_kernel_sizes that exceed upsample_rates by an even number",
                        sizes.kernels[i] + " for a rate of " + sizes.rates[i],
                        "use the configuration that came with this file");
            }
        }
        return new HifiGanNet(
                sizes,
                Weights.load(
                        manager,
                        name,
                        table(sizes),
                        generator.withoutWeightNorm(),
                        settings(sizes, generator.withoutWeightNorm()),
                        "m_source."));
    }

    private static List<Weights.Setting> settings(Sizes config, StateDict folded) {
        List<Weights.Setting> settings = new ArrayList<>();
        if (folded.tensors().containsKey("conv_pre.weight")) {
            settings.add(new Weights.Setting(
                    "num_mels (audio_num_mel_bins)", config.mels, folded.size("conv_pre.weight", 1)));
            settings.add(new Weights.Setting(
                    "upsample_initial_channel", config.channels, folded.size("conv_pre.weight", 0)));
        }
        settings.add(new Weights.Setting("number of upsample_rates", config.rates.length, folded.layers("ups.")));
        for (int i = 0; i < Math.min(config.rates.length, folded.layers("ups.")); i++) {
            settings.add(new Weights.Setting(
                    "upsample_kernel_sizes[" + i + "]", config.kernels[i], folded.size("ups." + i + ".weight", 2)));
        }
        settings.add(new Weights.Setting(
                "number of resblock_kernel_sizes",
                config.blockKernels.length,
                folded.layers("resblocks.") / Math.max(1, folded.layers("ups."))));
        boolean twoFold = folded.tensors().keySet().stream().anyMatch(n -> n.contains(".convs1."));
        settings.add(new Weights.Setting("resblock", config.twoFold ? "'1'" : "2", twoFold ? "'1'" : "2"));
        return settings;
    }

    static HifiGanNet random(NDManager manager, Sizes sizes, long seed) {
        return new HifiGanNet(sizes, Weights.random(manager, table(sizes), seed));
    }

    /** Checkpoint names, weight norm folded in, and shapes. */
    static Map<String, Shape> table(Sizes s) {
        Map<String, Shape> t = new LinkedHashMap<>();
        int scales = s.rates.length, blocks = s.blockKernels.length;
        for (int i = 0; s.source && i < scales; i++) {
            int stride = s.strideAfter(i);
            conv(t, "noise_convs." + i, s.channelsAfter(i), 1, i + 1 < scales ? 2 * stride : 1);
        }
        conv(t, "conv_pre", s.channels, s.mels, EDGE_KERNEL);
        for (int i = 0; i < scales; i++) {
            t.put(
                    "ups." + i + ".weight",
                    new Shape(i == 0 ? s.channels : s.channelsAfter(i - 1), s.channelsAfter(i), s.kernels[i]));
            t.put("ups." + i + ".bias", new Shape(s.channelsAfter(i)));
        }
        for (int i = 0; i < scales; i++) {
            for (int b = 0; b < blocks; b++) {
                int c = s.channelsAfter(i), k = s.blockKernels[b];
                for (int d = 0; d < s.dilations[b].length; d++) {
                    String block = "resblocks." + (i * blocks + b);
                    if (s.twoFold) {
                        conv(t, block + ".convs1." + d, c, c, k);
                        conv(t, block + ".convs2." + d, c, c, k);
                    } else {
                        conv(t, block + ".convs." + d, c, c, k);
                    }
                }
            }
        }
        conv(t, "conv_post", 1, s.channelsAfter(scales - 1), EDGE_KERNEL);
        return t;
    }

    private static void conv(Map<String, Shape> t, String name, int out, int in, int kernel) {
        t.put(name + ".weight", new Shape(out, in, kernel));
        t.put(name + ".bias", new Shape(out));
    }

    Sizes sizes() {
        return sizes;
    }

    Weights weights() {
        return weights;
    }

    /**
     * The wave [B, 1, L = T hop] of a mel [B, M, T] and a source [B, 1, L] (null without), each scale's temporaries
     * freed with it; {@code tap} receives conv_pre, up0.., noiseconv0.., before_tanh.
     */
    NDArray wave(NDArray mel, NDArray source, BiConsumer<String, NDArray> tap) {
        Axes.of("vocoder").fix("M", sizes.mels).require("mel", mel, "B M T");
        try (NDManager scratch = mel.getManager().newSubManager()) {
            scratch.tempAttachAll(mel);
            NDArray x = convolve(mel, "conv_pre", EDGE_KERNEL, 1); // [B, C, T]
            tap.accept("conv_pre", x);
            for (int i = 0; i < sizes.rates.length; i++) {
                try (NDManager scale = scratch.newSubManager()) {
                    scale.attachAll(x);
                    x = scale.ret(upsample(x, source, i, tap)); // [B, C / 2^(i+1), T u..]
                }
            }
            NDArray y = convolve(Activation.leakyRelu(x, LAST_SLOPE), "conv_post", EDGE_KERNEL, 1);
            tap.accept("before_tanh", y);
            return scratch.ret(y.tanh());
        }
    }

    /** One scale. It closes x and every array between as soon as it was used: these are the longest arrays of all. */
    private NDArray upsample(NDArray x, NDArray source, int i, BiConsumer<String, NDArray> tap) {
        NDArray up;
        try (NDArray y = activated(x)) {
            up = transposed(
                    y,
                    w("ups." + i + ".weight"),
                    w("ups." + i + ".bias"),
                    sizes.rates[i],
                    (sizes.kernels[i] - sizes.rates[i]) / 2);
        }
        tap.accept("up" + i, up);
        if (sizes.source && source != null) {
            int stride = sizes.strideAfter(i);
            NDArray excitation = Conv1d.conv1d(
                            up.getManager().create(1f).mul(source),
                            w("noise_convs." + i + ".weight"),
                            w("noise_convs." + i + ".bias"),
                            new Shape(stride),
                            new Shape(stride / 2))
                    .singletonOrThrow();
            tap.accept("noiseconv" + i, excitation);
            up.addi(excitation);
            excitation.close();
        }
        NDArray sum = null;
        for (int b = 0; b < sizes.blockKernels.length; b++) {
            try (NDManager block = up.getManager().newSubManager()) {
                NDArray in = up;
                block.tempAttachAll(in);
                NDArray y = residual(in, i * sizes.blockKernels.length + b, sizes.blockKernels[b], sizes.dilations[b]);
                if (sum == null) {
                    sum = block.ret(y);
                } else {
                    sum.addi(y);
                }
            }
        }
        return sum.divi(sizes.blockKernels.length);
    }

    /** The residual blocks of one kernel. */
    private NDArray residual(NDArray x, int block, int kernel, int[] dilations) {
        EngineLock.check("vocoder", block, (long) sizes.rates.length * sizes.blockKernels.length, "residual blocks");
        String name = "resblocks." + block + ".convs";
        for (int d = 0; d < dilations.length; d++) {
            NDArray y = convolved(
                    Activation.leakyRelu(x, SLOPE), name + (sizes.twoFold ? "1." : ".") + d, kernel, dilations[d]);
            if (sizes.twoFold) {
                y = convolved(activated(y), name + "2." + d, kernel, 1);
            }
            y.addi(x);
            if (d > 0) {
                x.close();
            }
            x = y;
        }
        return x;
    }

    /** Leaky ReLU; closes its argument. */
    private static NDArray activated(NDArray x) {
        try (x) {
            return Activation.leakyRelu(x, SLOPE);
        }
    }

    private NDArray convolved(NDArray x, String name, int kernel, int dilation) {
        try (x) {
            return convolve(x, name, kernel, dilation);
        }
    }

    private NDArray convolve(NDArray x, String name, int kernel, int dilation) {
        return Conv1d.conv1d(
                        x,
                        w(name + ".weight"),
                        w(name + ".bias"),
                        new Shape(1),
                        new Shape(dilation * (kernel - 1) / 2),
                        new Shape(dilation))
                .singletonOrThrow();
    }

    /**
     * Transposed convolution, which the engine lacks: sample q u + r of the result only meets every u-th tap of the
     * kernel, so a plain convolution with u times the channels gives all r at once, and an interleave puts them in
     * order. x [B, I, T], weight [I, O, K] to [B, O, (T - 1) u + K - 2 pad].
     */
    static NDArray transposed(NDArray x, NDArray weight, NDArray bias, int u, int pad) {
        long b = x.getShape().get(0),
                t = x.getShape().get(2),
                in = weight.getShape().get(0),
                out = weight.getShape().get(1),
                k = weight.getShape().get(2);
        try (NDManager scratch = x.getManager().newSubManager()) {
            scratch.tempAttachAll(x);
            NDArray kernel = phases(scratch, weight, u);
            long taps = kernel.getShape().get(2), whole = (t - 1) * u + k;
            NDArray phases = Conv1d.conv1d(x, kernel, null, new Shape(1), new Shape(taps - 1))
                    .singletonOrThrow(); // [B, u O, T + taps - 1]
            long q = t + taps - 1;
            NDArray y = phases.reshape(b, u, out, q).transpose(0, 2, 3, 1).reshape(b, out, q * u); // a copy, in order
            phases.close();
            return scratch.ret(y.get(":, :, " + pad + ":" + (whole - pad))
                    .add(scratch.create(1f).mul(bias).reshape(1, out, 1)));
        }
    }

    /**
     * The kernel [u O, I, taps] of the plain convolution that gives all u phases of a transposed one.
     *
     * @param weight [I, O, K] of the transposed convolution
     */
    static NDArray phases(NDManager scratch, NDArray weight, int u) {
        long in = weight.getShape().get(0),
                out = weight.getShape().get(1),
                k = weight.getShape().get(2),
                taps = (k + u - 1) / u;
        NDArray kernel = scratch.create(1f).mul(weight);
        if (taps * u > k) {
            kernel = kernel.concat(scratch.zeros(new Shape(in, out, taps * u - k)), 2);
        }
        // tap m of phase r is element m u + r; a convolution runs over its kernel forwards, so the taps are turned
        // round
        return kernel.reshape(in, out, taps, u).flip(2).transpose(3, 1, 0, 2).reshape(u * out, in, taps);
    }

    private NDArray w(String name) {
        return weights.get(name);
    }

    @Override
    public void close() {
        weights.close();
    }
}
