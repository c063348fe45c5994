package diffsvc.diffusion.wavenet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import diffsvc.platform.Script;
import diffsvc.tensor.Inner;
import diffsvc.tensor.ScriptInner;
import diffsvc.tensor.Tap;
import java.util.ArrayList;
import java.util.List;

/**
 * One evaluation of the denoiser with its inner values laid open: the steps of the script of {@link WaveNetScript} one
 * call after the other, as its {@code padded} takes them. A value that an {@link Inner} leaves as it is stays in the
 * script's own layout and precision, so that looking changes nothing.
 */
final class WaveNetWalk {
    private static final float ROOT_HALF = 0.70710677f;
    private final Script script;
    private final WaveNet.Sizes sizes;
    private final Inner inner;
    private final ScriptInner looked;

    WaveNetWalk(Script script, WaveNet.Sizes sizes, Inner inner) {
        this.script = script;
        this.sizes = sizes;
        this.inner = inner;
        looked = new ScriptInner(script, inner);
    }

    /** The values of a network, in the order of the data. */
    static List<Tap> taps(WaveNet.Sizes sizes) {
        String c = "[1, " + sizes.channels() + ", T]", both = "[1, " + 2 * sizes.channels() + ", T]";
        List<Tap> taps = new ArrayList<>();
        taps.add(new Tap(
                "step_embedding", "[1, " + sizes.channels() + "]", "the diffusion step, behind its two layers"));
        taps.add(new Tap("input", c, "the noisy mel, projected to the channels"));
        for (int i = 0; i < sizes.layers(); i++) {
            String block = "block" + i + ".";
            taps.add(new Tap(
                    block + "step", "[1, " + sizes.channels() + "]", "the step, as this block adds it to its input"));
            taps.add(new Tap(
                    block + "conditioner",
                    both,
                    "the condition, as this block adds it: the gate's half, then the filter's"));
            taps.add(new Tap(block + "filter", c, "tanh of the filter's half, -1 to 1"));
            taps.add(new Tap(block + "gate", c, "sigmoid of the gate's half, 0 to 1"));
            taps.add(new Tap(block + "residual", c, "what the block adds to its input"));
            taps.add(new Tap(block + "skip", c, "what the block adds to the prediction"));
            taps.add(new Tap(block + "output", c, "(input + residual) / sqrt(2), the input of the next block"));
        }
        taps.add(new Tap("skips", c, "the sum of all skips"));
        taps.add(new Tap("output", "[1, 1, " + sizes.mels() + ", T]", "what the network predicts: eps, v or F"));
        return taps;
    }

    /**
     * The prediction [B, 1, M, T] of spec [B, 1, M, T]; all arrays belong to spec's manager.
     *
     * @param t [B], float32
     * @param projected [layers, B, T, 2 C]
     * @param mask [B, 1, T, 1], or without elements
     */
    NDArray predict(NDArray spec, NDArray t, NDArray projected, NDArray mask) {
        NDManager scratch = spec.getManager();
        NDArray embedded = inner.at("step_embedding", script.run(scratch, "embed", t));
        NDArray x = looked.at("input", script.run(scratch, "enter", spec));
        NDArray skips = scratch.zeros(new Shape(1));
        for (int i = 0; i < sizes.layers(); i++) {
            try (NDManager layer = scratch.newSubManager()) { // its temporaries go with it
                layer.tempAttachAll(embedded, mask, projected);
                x.attach(layer);
                skips.attach(layer);
                NDArray out = block(layer, i, x, embedded, projected.get(i), mask);
                x = layer.ret(looked.at("block" + i + ".output", script.run(layer, "onward", out, x)));
                skips = layer.ret(script.run(layer, "summed", skips, out));
            }
        }
        return inner.at("output", script.run(scratch, "leave", summed(skips), mask));
    }

    /** Residual and skip of a block, [B, 1, T, 2 C]. */
    private NDArray block(NDManager layer, int i, NDArray x, NDArray embedded, NDArray given, NDArray mask) {
        String block = "block" + i + ".";
        NDArray step = inner.at(block + "step", script.run(layer, "step_of", List.of(embedded), i));
        NDArray both = script.run(layer, "both", List.of(x, step, conditioner(block + "conditioner", given), mask), i);
        NDArray out = script.run(layer, "out_of", List.of(gated(layer, block, both)), i);
        NDArray residual = half(out, 0), skip = half(out, 1), kept = residual(block + "residual", residual);
        NDArray other = looked.at(block + "skip", skip);
        return kept == residual && other == skip ? out : kept.concat(other, 3);
    }

    /** tanh times gate. They are one operation unless somebody changes one of them. */
    private NDArray gated(NDManager layer, String block, NDArray both) {
        if (!inner.asks(block + "filter") && !inner.asks(block + "gate")) {
            return script.run(layer, "gated", both);
        }
        NDArray filter = script.run(layer, "shown", half(both, 0)).tanh(),
                gate = Activation.sigmoid(script.run(layer, "shown", half(both, 1)));
        NDArray otherFilter = inner.at(block + "filter", filter), otherGate = inner.at(block + "gate", gate);
        return filter == otherFilter && gate == otherGate
                ? script.run(layer, "gated", both)
                : script.run(layer, "taken", otherFilter.mul(otherGate));
    }

    /** The halves change places: the script has the filter's first, checkpoints have the gate's. */
    private NDArray conditioner(String name, NDArray given) {
        return looked.at(name, given.expandDims(1), this::turned, this::turned).squeeze(1);
    }

    private NDArray turned(NDArray both) {
        int c = sizes.channels();
        return both.get(":, " + c + ":").concat(both.get(":, :" + c), 1);
    }

    /** The script has 1/sqrt(2) of the residual. */
    private NDArray residual(String name, NDArray rows) {
        return looked.at(name, rows, x -> x.div(ROOT_HALF), x -> x.mul(ROOT_HALF));
    }

    /** The skips are float32 whatever the precision, so they need no way back. */
    private NDArray summed(NDArray skips) {
        if (!inner.asks("skips")) {
            return skips;
        }
        NDArray shown = script.run(skips.getManager(), "shown", skips), other = inner.at("skips", shown);
        return shown == other ? skips : other.transpose(0, 2, 1).expandDims(1);
    }

    private NDArray half(NDArray both, int which) {
        int c = sizes.channels();
        return both.get(":, :, :, " + which * c + ":" + (which + 1) * c);
    }
}
