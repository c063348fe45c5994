package diffsvc.diffusion.wavenet;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.checkpoint.ScriptFile;
import diffsvc.hparams.Precision;
import diffsvc.platform.Script;
import diffsvc.tensor.Rounding;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The forward pass of {@link WaveNet} in training as one script, which the engine differentiates. It takes the weights
 * with each call, in float32, so the optimizer updates the network's own. Frames are rows, as in {@link WaveNetScript}.
 *
 * <p>In bfloat16, products and values between layers are rounded, forward and backward. The embedded step, the sum of
 * the skips, the prediction and the gradients of the weights are float32 (mixed precision: Micikevicius et al.,
 * arXiv:1710.03740). The loss needs no scale, because bfloat16 has the exponents of float32 (Kalamkar et al.,
 * arXiv:1905.12322).
 */
public final class WaveNetPass implements AutoCloseable {
    /** A convolution of kernel 1, x [B, T, in] to [B, T, out]. */
    private static final String PROJECT =
            """
            def project(self, x: Tensor, w: Dict[str, Tensor], name: str) -> Tensor:
              weight = torch.to(torch.squeeze(w[torch.add(name, ".weight")], 2), self.dtype)
              return torch.linear(x, weight, torch.to(w[torch.add(name, ".bias")], self.dtype))
            """;

    /**
     * The convolution of kernel 3 over x [B, T, C] and the condition's projection [B, T, H], both at once: one product
     * of each frame, its neighbours d before and behind, and its condition. Its backward pass is two products, where
     * that of the engine's convolution is slow in bfloat16 on some processors.
     */
    private static final String BOTH =
            """
            def both(self, x: Tensor, cond: Tensor, w: Dict[str, Tensor], layer: str, d: int) -> Tensor:
              t = torch.size(x, 1)
              around = torch.constant_pad_nd(x, [0, 0, d, d])
              before = torch.slice(around, 1, 0, t)
              behind = torch.slice(around, 1, torch.mul(d, 2), torch.add(torch.mul(d, 2), t))
              rows = torch.cat([before, x, behind, cond], 2)
              taps = torch.unbind(w[torch.add(layer, "dilated_conv.weight")], 2)
              given = torch.squeeze(w[torch.add(layer, "conditioner_projection.weight")], 2)
              weight = torch.cat([taps[0], taps[1], taps[2], given], 1)
              bias = w[torch.add(layer, "dilated_conv.bias")]
              bias = torch.add(bias, w[torch.add(layer, "conditioner_projection.bias")])
              return torch.linear(rows, torch.to(weight, self.dtype), torch.to(bias, self.dtype))
            """;

    /** Diffusion steps [B] to [B, C]. */
    private static final String EMBED =
            """
            def embed(self, t: Tensor, w: Dict[str, Tensor]) -> Tensor:
              half = self.channels // 2
              rate = torch.neg(torch.div(torch.log(10000.0), half - 1))
              steps = torch.arange(half, dtype=6, layout=None, device=ops.prim.device(t))
              angle = torch.mul(torch.unsqueeze(t, 1), torch.unsqueeze(torch.exp(torch.mul(steps, rate)), 0))
              x = torch.cat([torch.sin(angle), torch.cos(angle)], 1)
              x = torch.mish(torch.linear(x, w["mlp.0.weight"], w["mlp.0.bias"]))
              return torch.linear(x, w["mlp.2.weight"], w["mlp.2.bias"])
            """;

    private static final String FORWARD =
            """
            def forward(self, spec: Tensor, t: Tensor, cond: Tensor, w: Dict[str, Tensor]) -> Tensor:
              embedded = self.embed(t, w)
              given = torch.to(torch.permute(cond, [0, 2, 1]), self.dtype)
              rows = torch.to(torch.permute(torch.select(spec, 1, 0), [0, 2, 1]), self.dtype)
              x = torch.relu(self.project(rows, w, "input_projection"))
              skips = torch.zeros([1], dtype=None, layout=None, device=ops.prim.device(x))
              for i in range(self.layers):
                layer = torch.add(torch.add("residual_layers.", str(i)), ".")
                name = torch.add(layer, "diffusion_projection")
                step = torch.linear(embedded, w[torch.add(name, ".weight")], w[torch.add(name, ".bias")])
                shifted = torch.add(x, torch.unsqueeze(torch.to(step, self.dtype), 1))
                d = torch.__lshift__(1, torch.remainder(i, self.cycle))
                gate, value = torch.split(self.both(shifted, given, w, layer, d), self.channels, 2)
                gated = torch.mul(torch.sigmoid(gate), torch.tanh(value))
                out = self.project(gated, w, torch.add(layer, "output_projection"))
                residual, skip = torch.split(out, self.channels, 2)
                x = torch.mul(torch.add(x, residual), 0.7071067811865476)
                skips = torch.add(skips, skip)
              x = torch.to(torch.div(skips, torch.sqrt(self.layers)), self.dtype)
              x = torch.relu(self.project(x, w, "skip_projection"))
              eps = torch.permute(torch.to(self.project(x, w, "output_projection"), 6), [0, 2, 1])
              return torch.unsqueeze(eps, 1)
            """;

    private final WaveNet net;
    private final Script script;

    private WaveNetPass(WaveNet net, Script script) {
        this.net = net;
        this.script = script;
    }

    /**
     * The pass of a network, whose weights it reads at each call.
     *
     * @param owner closes it at the latest
     * @param precision of products and of values between layers; not auto or mixed
     */
    public static WaveNetPass of(NDManager owner, WaveNet net, Precision precision) {
        WaveNet.Sizes sizes = net.sizes();
        Map<String, Object> attributes = new LinkedHashMap<>();
        attributes.put("layers", (long) sizes.layers());
        attributes.put("channels", (long) sizes.channels());
        attributes.put("cycle", (long) sizes.cycle());
        attributes.put("dtype", precision.elementType());
        ScriptFile file = new ScriptFile(attributes, List.of(), List.of(), List.of(PROJECT, BOTH, EMBED, FORWARD));
        return new WaveNetPass(net, Script.open(owner, file.bytes()));
    }

    /**
     * Tries a precision on a network of one layer, forward and backward: a processor or an engine can be wrong in it.
     * No graph may be recorded meanwhile.
     *
     * @param owner of nothing that stays
     * @throws Problem where prediction or gradient are far from those in float32
     */
    public static void tryOut(NDManager owner, WaveNet.Sizes sizes, Precision precision) {
        WaveNet.Sizes one = new WaveNet.Sizes(sizes.mels(), sizes.channels(), sizes.cond(), 1, sizes.cycle());
        try (NDManager scratch = owner.newSubManager();
                WaveNet net = WaveNet.random(scratch, one, 1);
                WaveNetPass pass = of(scratch, net, precision)) {
            NDArray x = Rounding.noise(scratch, new Shape(2, 1, one.mels(), 48)),
                    cond = Rounding.noise(scratch, new Shape(2, one.cond(), 48)),
                    step = scratch.full(new Shape(2), 500f, DataType.FLOAT32);
            String weight = "residual_layers.0.dilated_conv.weight";
            NDArray[] values = new NDArray[2], gradients = new NDArray[2];
            for (int i = 0; i < 2; i++) {
                NDArray leaf = net.weights().all().get(weight).stopGradient(); // shares the storage
                leaf.attach(scratch);
                leaf.setRequiresGradient(true);
                net.weights().lend(weight, leaf);
                try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                    values[i] = i == 0
                            ? net.walk(x, step, net.project(cond), (name, value) -> {})
                            : pass.predict(x, step, cond);
                    collector.backward(values[i].square().mean());
                }
                gradients[i] = leaf.getGradient();
                gradients[i].attach(scratch);
                net.weights().lend(weight, null);
            }
            Rounding.require("train", precision.text(), 0, values[0].stopGradient(), values[1].stopGradient());
            Rounding.require("train", precision.text(), 0, gradients[0], gradients[1]);
        }
    }

    /**
     * What the network predicts, attached to the graph where one is recorded.
     *
     * @param spec [B, 1, M, T]
     * @param step [B] or [B, 1], int64 or float32, diffusion steps from 0 on
     * @param cond [B, H, T]
     * @return [B, 1, M, T], in the manager of spec
     */
    public NDArray predict(NDArray spec, NDArray step, NDArray cond) {
        Axes.of("wavenet")
                .fix("M", net.sizes().mels())
                .fix("H", net.sizes().cond())
                .require("spec", spec, "B 1 M T")
                .require("cond", cond, "B H T");
        NDArray t = step.reshape(-1).toType(DataType.FLOAT32, false);
        return script.forward(List.of(spec, t, cond), net.weights().inUse());
    }

    @Override
    public void close() {
        script.close();
    }
}
