package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.checkpoint.ScriptFile;
import diffsvc.hparams.Precision;
import diffsvc.platform.EngineLock;
import diffsvc.platform.PartListener;
import diffsvc.platform.Script;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Rounding;
import diffsvc.tensor.Tap;
import diffsvc.tensor.TryOuts;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The generator of {@link HifiGanNet} as one script, in the form that is fast on a CPU: samples are rows (channels
 * last), and an upsampling by u is a plain convolution with u times the channels, one for each phase.
 *
 * <p>It makes the wave part by part, so that a part's arrays stay in the cache and only the wave grows with the song. A
 * part is computed from its frames and those around that its samples depend on; each scale drops what no later one
 * needs. So the parts, joined, are the wave of the whole mel.
 */
final class HifiGanScript implements AutoCloseable {
    /** Numbered weights, in the layouts and precisions of the other methods. */
    private static final String PREPARE =
            """
            def prepare(self, w: Dict[str, Tensor]) -> Tensor:
              self.pre = torch.contiguous(torch.unsqueeze(w["pre"], 2), memory_format=2)
              self.pre_bias = torch.clone(w["pre_bias"])
              self.post = torch.contiguous(torch.unsqueeze(w["post"], 2), memory_format=2)
              self.post_bias = torch.clone(w["post_bias"])
              for i in range(torch.len(self.rates)):
                up = torch.to(torch.unsqueeze(w[torch.add("up", str(i))], 2), self.dtypes[i])
                torch.append(self.ups, torch.contiguous(up, memory_format=2))
                torch.append(self.ups_bias, torch.to(w[torch.add("up_bias", str(i))], self.dtypes[i]))
                if self.excited:
                  torch.append(self.excitations, torch.clone(w[torch.add("excitation", str(i))]))
                  torch.append(self.excitations_bias, torch.clone(w[torch.add("excitation_bias", str(i))]))
                first = torch.mul(i, torch.len(self.dilations))
                for n in range(first, torch.add(first, torch.len(self.dilations))):
                  conv = torch.to(torch.unsqueeze(w[torch.add("conv", str(n))], 2), self.dtypes[i])
                  torch.append(self.convs, torch.contiguous(conv, memory_format=2))
                  torch.append(self.convs_bias, torch.to(w[torch.add("conv_bias", str(n))], self.dtypes[i]))
              return self.pre
            """;

    /** One convolution of a residual block, the n-th of all: it keeps the length. */
    private static final String CONVOLVE =
            """
            def convolve(self, x: Tensor, n: int) -> Tensor:
              d = self.dilations[torch.remainder(n, torch.len(self.dilations))]
              around = torch.floordiv(torch.mul(d, torch.sub(torch.size(self.convs[n], 3), 1)), 2)
              return torch.conv2d(x, self.convs[n], self.convs_bias[n], [1, 1], [0, around], [1, d])
            """;

    /** One scale: x [B, C, 1, n] and the source [B, 1, n u s] to [B, C / 2, 1, n u]. */
    private static final String SCALE =
            """
            def scale(self, x: Tensor, source: Tensor, i: int) -> Tensor:
              u, up, stride = self.rates[i], self.ups[i], self.strides[i]
              taps, wide = torch.size(up, 3), torch.floordiv(torch.size(up, 0), u)
              phases = torch.conv2d(torch.leaky_relu(x, 0.1), up, None, [1, 1], [0, torch.sub(taps, 1)])
              # rows of u phases, read one after the other, are the samples in order
              rows = torch.reshape(torch.permute(phases, [0, 2, 3, 1]), [torch.size(x, 0), 1, -1, wide])
              first = torch.floordiv(torch.sub(self.kernels[i], u), 2)
              rows = torch.slice(rows, 2, first, torch.add(first, torch.mul(torch.size(x, 3), u)))
              rows = torch.add(rows, self.ups_bias[i])
              if torch.gt(torch.numel(source), 0):
                w, around = self.excitations[i], torch.floordiv(stride, 2)
                excitation = torch.conv1d(source, w, self.excitations_bias[i], [stride], [around])
                excitation = torch.unsqueeze(torch.permute(excitation, [0, 2, 1]), 1)
                rows = torch.add_(rows, torch.to(excitation, self.dtypes[i]))
              y = torch.permute(rows, [0, 3, 1, 2])
              sum = torch.zeros_like(y)
              n = torch.mul(i, torch.len(self.dilations))
              for size in self.sizes:
                z = y
                for d in range(size):
                  inner = self.convolve(torch.leaky_relu(z, 0.1), n)
                  n = torch.add(n, 1)
                  if self.two_fold:
                    inner = self.convolve(torch.leaky_relu_(inner, 0.1), n)
                    n = torch.add(n, 1)
                  z = torch.add_(inner, z)
                sum = torch.add_(sum, z)
              return torch.div_(sum, torch.len(self.sizes))
            """;

    private static final String ENTER =
            """
            def enter(self, mel: Tensor) -> Tensor:
              x = torch.contiguous(torch.unsqueeze(mel, 2), memory_format=2)
              return torch.conv2d(x, self.pre, self.pre_bias, [1, 1], [0, 3])
            """;

    /** The steps {@code first} to {@code last} of x, with the source under them, through scale i. */
    private static final String STRETCH =
            """
            def stretch(self, x: Tensor, source: Tensor, first: int, last: int, i: int) -> Tensor:
              return self.scale(torch.to(torch.slice(x, 3, first, last), self.dtypes[i]), source, i)
            """;

    private static final String LEAVE =
            """
            def leave(self, x: Tensor, left: int, right: int) -> Tensor:
              x = torch.leaky_relu(torch.to(x, 6), 0.01)
              wave = torch.conv2d(x, self.post, self.post_bias, [1, 1], [0, 3])
              return torch.tanh(torch.squeeze(torch.slice(wave, 3, left, torch.sub(torch.size(x, 3), right)), 2))
            """;

    /**
     * The wave of a mel's frames but the first {@code left} and the last {@code right}, which are only heard by them.
     */
    private static final String PART =
            """
            def part(self, mel: Tensor, source: Tensor, left: int, right: int) -> Tensor:
              x = self.enter(mel)
              for i in range(torch.len(self.rates)):
                before, after = min(left, self.context[i]), min(right, self.context[i])
                first, last = torch.sub(left, before), torch.sub(torch.add(torch.size(x, 3), after), right)
                step = torch.mul(self.rates[i], self.strides[i])
                source = torch.slice(source, 2, torch.mul(first, step), torch.mul(last, step))
                x = self.stretch(x, source, first, last, i)
                left, right = torch.mul(before, self.rates[i]), torch.mul(after, self.rates[i])
              return self.leave(x, left, right)
            """;

    /** x [B, C, 1, n] as whoever looks inside gets it, [B, C, n] float32, and the way back before scale i. */
    private static final String
            SHOWN =
                    """
            def shown(self, x: Tensor) -> Tensor:
              return torch.clone(torch.to(torch.squeeze(x, 2), 6), memory_format=0)
            """,
            TAKEN =
                    """
                    def taken(self, value: Tensor, like: Tensor) -> Tensor:
                      return torch.clone(torch.type_as(torch.unsqueeze(value, 2), like), memory_format=2)
                    """;

    private static final String FORWARD =
            """
            def forward(self, mel: Tensor, source: Tensor) -> Tensor:
              return self.part(mel, source, 0, 0)
            """;

    private static final List<String> METHODS =
            List.of(PREPARE, CONVOLVE, SCALE, ENTER, STRETCH, LEAVE, PART, FORWARD, SHOWN, TAKEN);

    private static final List<String> TENSORS = List.of("pre", "pre_bias", "post", "post_bias");
    private static final List<String> LISTS =
            List.of("ups", "ups_bias", "excitations", "excitations_bias", "convs", "convs_bias");
    /**
     * Samples of one part: arrays of up to 3.3 MiB at the published sizes, which the allocator keeps for the next (4
     * MiB).
     */
    private static final int PART_SAMPLES = 3 << 14;
    /** A GPU has no cache to stay in, and needs long arrays to be busy. */
    private static final int GPU_PART_SAMPLES = 1 << 21;

    private final HifiGanNet.Sizes sizes;
    private final long[] context;
    private final Script script;

    private HifiGanScript(HifiGanNet.Sizes sizes, long[] context, Script script) {
        this.sizes = sizes;
        this.context = context;
        this.script = script;
    }

    /**
     * The script of a network. It keeps what it needs of the weights, so the network may close.
     *
     * @param owner closes it at the latest
     * @param precision of all scales but the last; the first convolution, the source's and the last scale, whose
     *     rounding nothing smooths, are float32
     * @param tryOuts of the network's file
     * @throws Problem where this machine is wrong in the precision
     */
    static HifiGanScript of(NDManager owner, HifiGanNet net, Precision precision, TryOuts tryOuts) {
        HifiGanNet.Sizes sizes = net.sizes();
        int scales = sizes.rates().length;
        long[] context = context(sizes);
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("rates", longs(sizes.rates()));
        attributes.put("kernels", longs(sizes.kernels()));
        attributes.put("strides", longs(IntStream.range(0, scales).map(sizes::strideAfter)));
        attributes.put("context", Arrays.stream(context).boxed().toList());
        attributes.put(
                "dtypes",
                IntStream.range(0, scales)
                        .mapToObj(i -> (i + 1 < scales ? precision : Precision.FLOAT32).elementType())
                        .toList());
        attributes.put("sizes", longs(Arrays.stream(sizes.dilations()).mapToInt(d -> d.length)));
        attributes.put(
                "dilations",
                longs(Arrays.stream(sizes.dilations())
                        .flatMapToInt(Arrays::stream)
                        .flatMap(d -> sizes.twoFold() ? IntStream.of(d, 1) : IntStream.of(d))));
        attributes.put("two_fold", sizes.twoFold());
        attributes.put("excited", sizes.source());
        byte[] archive = new ScriptFile(attributes, TENSORS, LISTS, METHODS).bytes();
        Script script = Script.open(owner, archive);
        try (NDManager scratch = net.weights().manager().newSubManager()) {
            script.run(scratch, "prepare", numbered(scratch, net)).close();
        }
        HifiGanScript made = new HifiGanScript(sizes, context, script);
        try {
            if (precision != Precision.FLOAT32) {
                tryOuts.isNear(archive, () -> made.isNear(net, precision));
            }
            return made;
        } catch (RuntimeException e) {
            made.close();
            throw e;
        }
    }

    private boolean isNear(HifiGanNet net, Precision precision) {
        try (NDManager scratch = net.weights().manager().newSubManager()) {
            NDArray mel = Rounding.noise(scratch, new Shape(1, sizes.mels(), 20)),
                    source =
                            Rounding.noise(scratch, new Shape(1, 1, 20L * sizes.hop()))
                                    .mul(0.1f);
            Rounding.require(
                    "vocoder",
                    precision.text(),
                    0.01, // a wave at -40 dB
                    net.wave(mel, source, (name, value) -> {}),
                    wave(mel, source));
            return true;
        }
    }

    /** The weights by the names that the script counts them with; upsamplings as plain convolutions. */
    private static Map<String, NDArray> numbered(NDManager scratch, HifiGanNet net) {
        HifiGanNet.Sizes sizes = net.sizes();
        Map<String, NDArray> all = net.weights().all(), numbered = new LinkedHashMap<>();
        put(numbered, "pre", "", all, "conv_pre");
        put(numbered, "post", "", all, "conv_post");
        int n = 0, blocks = sizes.blockKernels().length;
        for (int i = 0; i < sizes.rates().length; i++) {
            numbered.put("up" + i, HifiGanNet.phases(scratch, all.get("ups." + i + ".weight"), sizes.rates()[i]));
            numbered.put("up_bias" + i, all.get("ups." + i + ".bias"));
            if (sizes.source()) {
                put(numbered, "excitation", String.valueOf(i), all, "noise_convs." + i);
            }
            for (int b = 0; b < blocks; b++) {
                String block = "resblocks." + (i * blocks + b) + ".convs";
                for (int d = 0; d < sizes.dilations()[b].length; d++) {
                    for (String fold : sizes.twoFold() ? List.of("1.", "2.") : List.of(".")) {
                        put(numbered, "conv", String.valueOf(n++), all, block + fold + d);
                    }
                }
            }
        }
        return numbered;
    }

    private static void put(
            Map<String, NDArray> numbered, String kind, String number, Map<String, NDArray> all, String name) {
        numbered.put(kind + number, all.get(name + ".weight"));
        numbered.put(kind + "_bias" + number, all.get(name + ".bias"));
    }

    /**
     * How many steps before and after each scale's input the samples of the wave depend on, scale by scale: the edge
     * kernel at the end, then from the last scale to the first what its blocks reach, one step for the source's
     * convolution, and the taps of the upsampling.
     */
    private static long[] context(HifiGanNet.Sizes sizes) {
        long[] context = new long[sizes.rates().length];
        long needed = HifiGanNet.EDGE_KERNEL / 2;
        for (int i = context.length - 1; i >= 0; i--) {
            int reach = 0;
            for (int b = 0; b < sizes.blockKernels().length; b++) {
                int half = (sizes.blockKernels()[b] - 1) / 2;
                reach = Math.max(
                        reach,
                        Arrays.stream(sizes.dilations()[b])
                                .map(d -> half * (d + (sizes.twoFold() ? 1 : 0)))
                                .sum());
            }
            int u = sizes.rates()[i], taps = (sizes.kernels()[i] + u - 1) / u;
            needed = (needed + reach + 1 + u - 1) / u + taps;
            context[i] = needed;
        }
        return context;
    }

    private static List<Long> longs(int[] values) {
        return longs(Arrays.stream(values));
    }

    private static List<Long> longs(IntStream values) {
        return values.mapToObj(v -> (long) v).toList();
    }

    /**
     * The wave [B, 1, L = T hop] of a mel [B, M, T] and a source [B, 1, L].
     *
     * @param source null adds nothing
     */
    NDArray wave(NDArray mel, NDArray source) {
        return wave(mel, source, PartListener.NONE);
    }

    /**
     * The same, with a listener to each part.
     *
     * @param source null adds nothing
     */
    NDArray wave(NDArray mel, NDArray source, PartListener listener) {
        return wave(mel, source, listener, Inner.NONE);
    }

    /** The same under the eyes of an {@link Inner}, part after part. */
    NDArray wave(NDArray mel, NDArray source, PartListener listener, Inner inner) {
        Script script = this.script.heardBy(listener);
        long t = Axes.of("vocoder")
                .fix("M", sizes.mels())
                .require("mel", mel, "B M T")
                .size("T");
        long hop = sizes.hop(),
                around = context[0] + HifiGanNet.EDGE_KERNEL / 2,
                most = mel.getDevice().isGpu() ? GPU_PART_SAMPLES : PART_SAMPLES,
                parts = Math.max(1, Math.round((double) t * hop / most));
        try (NDManager scratch = mel.getManager().newSubManager()) {
            NDList waves = new NDList();
            for (long k = 0; k < parts; k++) {
                EngineLock.check("vocoder", k * t / parts, t, "frames");
                long from = k * t / parts,
                        to = (k + 1) * t / parts,
                        left = Math.min(from, around),
                        right = Math.min(t - to, around);
                try (NDManager part = scratch.newSubManager()) {
                    part.tempAttachAll(mel);
                    NDArray frames = mel.get(":, :, " + (from - left) + ":" + (to + right)),
                            excitation = part.create(new Shape(1, 1, 0));
                    if (source != null && sizes.source()) {
                        part.tempAttachAll(source);
                        excitation = source.get(":, :, " + (from - left) * hop + ":" + (to + right) * hop);
                    }
                    if (inner == Inner.NONE) {
                        waves.add(script.run(scratch, "part", List.of(frames, excitation), left, right));
                    } else {
                        NDArray wave = looked(frames, excitation, left, right, inner);
                        wave.attach(scratch);
                        waves.add(wave);
                    }
                }
            }
            NDArray wave = waves.size() == 1 ? waves.get(0) : NDArrays.concat(waves, 2);
            wave.attach(mel.getManager());
            return wave;
        }
    }

    /** The inner values of a generator, in the order of the data. */
    static List<Tap> taps(HifiGanNet.Sizes sizes) {
        String around = ", of a part of the song and what it hears of the parts beside it";
        List<Tap> taps = new ArrayList<>();
        taps.add(
                new Tap("conv_pre", "[1, " + sizes.channels() + ", n]", "the mel, projected to the channels" + around));
        for (int i = 0; i < sizes.rates().length; i++) {
            taps.add(new Tap(
                    "up" + i,
                    "[1, " + sizes.channelsAfter(i) + ", n]",
                    "upsampled by " + sizes.rates()[i] + ", with the source and the residual blocks" + around));
        }
        return taps;
    }

    /** One part as the script's method part makes it, scale by scale. */
    private NDArray looked(NDArray mel, NDArray source, long left, long right, Inner inner) {
        NDManager owner = mel.getManager();
        NDArray x = at("conv_pre", script.run(owner, "enter", mel), inner);
        for (int i = 0; i < context.length; i++) {
            long before = Math.min(left, context[i]),
                    after = Math.min(right, context[i]),
                    first = left - before,
                    last = x.getShape().get(3) + after - right;
            long step = (long) sizes.rates()[i] * sizes.strideAfter(i);
            source = source.size() == 0 ? source : source.get(":, :, " + first * step + ":" + last * step);
            x = at("up" + i, script.run(owner, "stretch", List.of(x, source), first, last, i), inner);
            left = before * sizes.rates()[i];
            right = after * sizes.rates()[i];
        }
        return script.run(owner, "leave", List.of(x), left, right);
    }

    private NDArray at(String name, NDArray x, Inner inner) {
        if (!inner.asks(name)) {
            return x;
        }
        NDArray shown = script.run(x.getManager(), "shown", x), other = inner.at(name, shown);
        return other == shown ? x : script.run(x.getManager(), "taken", other, x);
    }

    /** Writes the archive with its weights; torch.jit.load opens it. */
    void write(OutputStream out) throws IOException {
        script.write(out);
    }

    @Override
    public void close() {
        script.close();
    }
}
