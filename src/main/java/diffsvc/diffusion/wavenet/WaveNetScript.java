package diffsvc.diffusion.wavenet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Axes;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.checkpoint.ScriptFile;
import diffsvc.diffusion.Denoiser;
import diffsvc.hparams.Precision;
import diffsvc.platform.Script;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Rounding;
import diffsvc.tensor.Tap;
import diffsvc.tensor.TryOuts;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The denoiser of {@link WaveNet} as one script, in the form that is fast on a CPU: frames are rows (channels last), so
 * that the dilated convolutions run on the matrix units in bfloat16; tanh comes before the gate, so that one operation
 * ({@code glu}) multiplies both; the residual's 1/sqrt(2) lies in the weights.
 *
 * <p>Values between the layers have the precision of the script. The embedded step and the sum of the skips stay
 * float32.
 */
public final class WaveNetScript implements AutoCloseable {
    /** The weights by their names in a checkpoint, in the layouts of the other methods. */
    private static final String PREPARE =
            """
            def prepare(self, w: Dict[str, Tensor]) -> Tensor:
              half = self.channels // 2
              rate = torch.neg(torch.div(torch.log(10000.0), half - 1))
              device = ops.prim.device(w["mlp.0.weight"])
              steps = torch.arange(half, dtype=6, layout=None, device=device)
              self.frequencies = torch.unsqueeze(torch.exp(torch.mul(steps, rate)), 0)
              self.mlp_0_weight = w["mlp.0.weight"]
              self.mlp_0_bias = w["mlp.0.bias"]
              self.mlp_2_weight = w["mlp.2.weight"]
              self.mlp_2_bias = w["mlp.2.bias"]
              self.input_weight = torch.to(torch.squeeze(w["input_projection.weight"], 2), self.dtype)
              self.input_bias = torch.to(w["input_projection.bias"], self.dtype)
              self.skip_weight = torch.to(torch.squeeze(w["skip_projection.weight"], 2), self.dtype)
              self.skip_bias = torch.to(w["skip_projection.bias"], self.dtype)
              self.output_weight = torch.to(torch.squeeze(w["output_projection.weight"], 2), self.dtype)
              self.output_bias = torch.to(w["output_projection.bias"], self.dtype)
              for i in range(self.layers):
                layer = torch.add(torch.add("residual_layers.", str(i)), ".")
                # the value's half first, the gate's second, as glu takes them
                dilated = torch.roll(w[torch.add(layer, "dilated_conv.weight")], [self.channels], [0])
                cond = torch.roll(w[torch.add(layer, "conditioner_projection.weight")], [self.channels], [0])
                bias = w[torch.add(layer, "dilated_conv.bias")]
                bias = torch.add(bias, w[torch.add(layer, "conditioner_projection.bias")])
                kept = torch.full([self.channels], 0.7071067811865476, dtype=None, layout=None, device=device)
                scale = torch.cat([kept, torch.ones_like(kept)])
                out = torch.squeeze(w[torch.add(layer, "output_projection.weight")], 2)
                out = torch.mul(out, torch.unsqueeze(scale, 1))
                out_bias = torch.mul(w[torch.add(layer, "output_projection.bias")], scale)
                dilated = torch.to(torch.unsqueeze(dilated, 2), self.dtype)
                torch.append(self.dilated, torch.contiguous(dilated, memory_format=2))
                torch.append(self.cond, torch.squeeze(cond, 2))
                torch.append(self.cond_bias, torch.roll(bias, [self.channels], [0]))
                torch.append(self.step, w[torch.add(layer, "diffusion_projection.weight")])
                torch.append(self.step_bias, w[torch.add(layer, "diffusion_projection.bias")])
                torch.append(self.out, torch.to(out, self.dtype))
                torch.append(self.out_bias, torch.to(out_bias, self.dtype))
              return self.frequencies
            """;

    /** From the condition [B, H, T] to what each layer adds, [layers, B, T, 2 C] in the script's precision. */
    private static final String PROJECT =
            """
            def project(self, cond: Tensor) -> Tensor:
              rows = torch.permute(cond, [0, 2, 1])
              b, t, wide = torch.size(rows, 0), torch.size(rows, 1), torch.mul(self.channels, 2)
              shape = [self.layers, b, t, wide]
              projected = torch.empty(shape, dtype=self.dtype, layout=None, device=ops.prim.device(cond))
              for i in range(self.layers):
                torch.copy_(torch.select(projected, 0, i), torch.linear(rows, self.cond[i], self.cond_bias[i]))
              return projected
            """;

    /** Diffusion steps [B] to [B, C], float32. */
    private static final String EMBED =
            """
            def embed(self, t: Tensor) -> Tensor:
              angle = torch.mul(torch.unsqueeze(t, 1), self.frequencies)
              sinusoid = torch.cat([torch.sin(angle), torch.cos(angle)], 1)
              embedded = torch.linear(sinusoid, self.mlp_0_weight, self.mlp_0_bias)
              return torch.linear(torch.mish(embedded), self.mlp_2_weight, self.mlp_2_bias)
            """;

    /** spec [B, 1, M, T] to rows [B, 1, T, C]. */
    private static final String ENTER =
            """
            def enter(self, spec: Tensor) -> Tensor:
              rows = torch.to(torch.permute(spec, [0, 1, 3, 2]), self.dtype)
              return torch.relu(torch.linear(rows, self.input_weight, self.input_bias))
            """;

    /** The embedded step as layer i adds it, [B, C]. */
    private static final String STEP =
            """
            def step_of(self, embedded: Tensor, i: int) -> Tensor:
              return torch.linear(embedded, self.step[i], self.step_bias[i])
            """;

    /**
     * What goes into tanh and gate of layer i, [B, 1, T, 2 C]: its dilated convolution and what it adds of the
     * condition.
     */
    private static final String BOTH =
            """
            def both(self, x: Tensor, step: Tensor, given: Tensor, mask: Tensor, i: int) -> Tensor:
              shifted = torch.add(x, torch.unsqueeze(torch.unsqueeze(torch.to(step, self.dtype), 1), 1))
              if torch.gt(torch.numel(mask), 0):
                shifted = torch.mul_(shifted, torch.to(mask, self.dtype))
              d = torch.__lshift__(1, torch.remainder(i, self.cycle))
              y = torch.conv2d(torch.permute(shifted, [0, 3, 1, 2]), self.dilated[i], None, [1, 1], [0, d], [1, d])
              return torch.add_(torch.permute(y, [0, 2, 3, 1]), torch.unsqueeze(given, 1))
            """;

    /** tanh times gate, [B, 1, T, C]; both is used up. */
    private static final String GATED =
            """
            def gated(self, both: Tensor) -> Tensor:
              value = torch.tanh_(torch.slice(both, 3, 0, self.channels))
              return torch.glu(both, 3)
            """;

    /** Residual, times 1/sqrt(2), and skip of layer i, [B, 1, T, 2 C]. */
    private static final String OUT =
            """
            def out_of(self, gated: Tensor, i: int) -> Tensor:
              return torch.linear(gated, self.out[i], self.out_bias[i])
            """;

    private static final String ONWARD =
            """
            def onward(self, out: Tensor, x: Tensor) -> Tensor:
              return torch.add(torch.slice(out, 3, 0, self.channels), x, alpha=0.7071067811865476)
            """;

    /** The sum of the skips so far, float32. */
    private static final String SUMMED =
            """
            def summed(self, skips: Tensor, out: Tensor) -> Tensor:
              return torch.add(skips, torch.slice(out, 3, self.channels, self.channels * 2))
            """;

    private static final String LEAVE =
            """
            def leave(self, skips: Tensor, mask: Tensor) -> Tensor:
              mean = torch.to(torch.div(skips, torch.sqrt(self.layers)), self.dtype)
              hidden = torch.relu(torch.linear(mean, self.skip_weight, self.skip_bias))
              eps = torch.linear(hidden, self.output_weight, self.output_bias)
              if torch.gt(torch.numel(mask), 0):
                eps = torch.mul(eps, torch.to(mask, self.dtype))
              return torch.to(torch.permute(eps, [0, 1, 3, 2]), 6)
            """;

    /**
     * mask [B, 1, T, 1] is 1 on an item's frames and 0 on its padding: a convolution sees zeros beyond an item's end,
     * as it does where a clip is alone, and the prediction of padding is 0. Without elements it is not used.
     */
    private static final String PADDED =
            """
            def padded(self, spec: Tensor, t: Tensor, projected: Tensor, mask: Tensor) -> Tensor:
              embedded, x = self.embed(t), self.enter(spec)
              skips = torch.zeros([1], dtype=None, layout=None, device=ops.prim.device(x))
              for i in range(self.layers):
                step, given = self.step_of(embedded, i), torch.select(projected, 0, i)
                out = self.out_of(self.gated(self.both(x, step, given, mask, i)), i)
                x = self.onward(out, x)
                skips = self.summed(skips, out)
              return self.leave(skips, mask)
            """;

    private static final String FORWARD =
            """
            def forward(self, spec: Tensor, t: Tensor, projected: Tensor) -> Tensor:
              none = torch.zeros([0], dtype=None, layout=None, device=ops.prim.device(spec))
              return self.padded(spec, t, projected, none)
            """;

    /** Rows [B, 1, T, n] as whoever looks inside gets them, [B, n, T] float32. */
    private static final String SHOWN =
            """
            def shown(self, rows: Tensor) -> Tensor:
              return torch.clone(torch.to(torch.permute(torch.select(rows, 1, 0), [0, 2, 1]), 6), memory_format=0)
            """;

    /** The way back: [B, n, T] float32 to rows. */
    private static final String TAKEN =
            """
            def taken(self, value: Tensor) -> Tensor:
              rows = torch.to(torch.unsqueeze(torch.permute(value, [0, 2, 1]), 1), self.dtype)
              return torch.clone(rows, memory_format=0)
            """;

    private static final List<String> METHODS = List.of(
            PREPARE, PROJECT, EMBED, ENTER, STEP, BOTH, GATED, OUT, ONWARD, SUMMED, LEAVE, PADDED, FORWARD, SHOWN,
            TAKEN);

    private static final List<String> TENSORS = List.of(
            "frequencies",
            "mlp_0_weight",
            "mlp_0_bias",
            "mlp_2_weight",
            "mlp_2_bias",
            "input_weight",
            "input_bias",
            "skip_weight",
            "skip_bias",
            "output_weight",
            "output_bias");
    private static final List<String> LISTS =
            List.of("dilated", "cond", "cond_bias", "step", "step_bias", "out", "out_bias");

    private final WaveNet.Sizes sizes;
    private final Script script;

    private WaveNetScript(WaveNet.Sizes sizes, Script script) {
        this.sizes = sizes;
        this.script = script;
    }

    /** The script of a network of random weights: it is tried each time. */
    public static WaveNetScript of(NDManager owner, WaveNet net, Precision precision) {
        return of(owner, net, precision, TryOuts.EACH_TIME);
    }

    /**
     * The script of a network. It keeps what it needs of the weights, so the network may close.
     *
     * @param owner closes it at the latest
     * @param precision of the weights and the values between layers; not auto
     * @param tryOuts of the network's file
     * @throws Problem where this machine is wrong in the precision
     */
    public static WaveNetScript of(NDManager owner, WaveNet net, Precision precision, TryOuts tryOuts) {
        WaveNet.Sizes sizes = net.sizes();
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("layers", (long) sizes.layers());
        attributes.put("channels", (long) sizes.channels());
        attributes.put("cycle", (long) sizes.cycle());
        attributes.put("dtype", precision.elementType());
        byte[] archive = new ScriptFile(attributes, TENSORS, LISTS, METHODS).bytes();
        Script script = Script.open(owner, archive);
        script.run(net.weights().manager(), "prepare", net.weights().all()).close();
        WaveNetScript made = new WaveNetScript(sizes, script);
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

    private boolean isNear(WaveNet net, Precision precision) {
        try (NDManager scratch = net.weights().manager().newSubManager()) {
            NDArray x = Rounding.noise(scratch, new Shape(1, 1, sizes.mels(), 64)),
                    cond = Rounding.noise(scratch, new Shape(1, sizes.cond(), 64));
            Rounding.require(
                    "diffusion",
                    precision.text(),
                    1, // eps, v and F have about that level
                    net.given(cond).at(x, 500),
                    given(cond).at(x, 500));
            return true;
        }
    }

    /**
     * The network for one condition, which is projected once for all evaluations.
     *
     * @param cond [B, H, T]
     */
    public Denoiser given(NDArray cond) {
        return given(cond, new long[0]);
    }

    /**
     * The same for a batch whose items are padded at their ends. Each item gets the prediction that it gets alone, up
     * to rounding; that of padding is 0.
     *
     * @param cond [B, H, T]
     * @param frames of each item, [B], 1 to T; none: all have T
     */
    public Denoiser given(NDArray cond, long... frames) {
        return given(cond, frames, Inner.NONE);
    }

    /**
     * The same under the eyes of an {@link Inner}, which gets the values of {@link #taps}. Where it leaves a value as
     * it is, the prediction is the same to the last bit.
     */
    public Denoiser given(NDArray cond, long[] frames, Inner inner) {
        Axes.of("wavenet").fix("H", sizes.cond()).require("cond", cond, "B H T");
        NDArray projected = script.run(cond.getManager(), "project", cond), mask = mask(cond, frames);
        return (x, t) -> {
            Axes.of("wavenet").fix("M", sizes.mels()).require("spec", x, "B 1 M T");
            try (NDManager scratch = x.getManager().newSubManager()) {
                NDArray step = scratch.full(new Shape(x.getShape().get(0)), (float) t, DataType.FLOAT32);
                if (inner != Inner.NONE) {
                    scratch.tempAttachAll(x);
                    return scratch.ret(new WaveNetWalk(script, sizes, inner)
                            .predict(x, step, projected, mask == null ? scratch.create(new Shape(0)) : mask));
                }
                return mask == null
                        ? script.run(x.getManager(), "forward", x, step, projected)
                        : script.run(x.getManager(), "padded", x, step, projected, mask);
            }
        };
    }

    /** The inner values that an {@link Inner} gets, in the order of the data. */
    public List<Tap> taps() {
        return WaveNetWalk.taps(sizes);
    }

    /** 1 on the frames of each item and 0 on its padding, [B, 1, T, 1]; null where nothing is padded. */
    private static NDArray mask(NDArray cond, long[] frames) {
        int items = (int) cond.getShape().get(0),
                longest = (int) cond.getShape().get(2);
        if (frames.length != 0 && frames.length != items) {
            throw Problem.in(
                    "wavenet",
                    "the frames of each of " + items + " items",
                    String.valueOf(frames.length),
                    "give one number for each item of cond");
        }
        float[] mask = new float[items * longest];
        boolean padded = false;
        for (int b = 0; b < frames.length; b++) {
            Bound.whole("wavenet", "frames of an item", frames[b], 1, longest);
            Arrays.fill(mask, b * longest, b * longest + (int) frames[b], 1);
            padded |= frames[b] < longest;
        }
        return padded ? cond.getManager().create(mask, new Shape(items, 1, longest, 1)) : null;
    }

    /**
     * Writes the script with its weights, for torch.jit.load. Its methods: {@code project(cond)}, once per song, and
     * {@code forward(spec, t, projected)}, or {@code padded(spec, t, projected, mask)} for a batch with padding.
     *
     * @throws IOException of the stream
     */
    public void write(OutputStream out) throws IOException {
        script.write(out);
    }

    @Override
    public void close() {
        script.close();
    }
}
