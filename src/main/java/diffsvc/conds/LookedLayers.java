package diffsvc.conds;

import ai.djl.ndarray.NDArray;
import diffsvc.platform.Script;
import diffsvc.tensor.Inner;
import diffsvc.tensor.ScriptInner;
import diffsvc.tensor.Tap;
import java.util.ArrayList;
import java.util.List;

/**
 * The transformer layers of a content encoder's script under the eyes of an {@link Inner}: "layer0.attention" is what
 * the attention adds, "layer0.output" the layer's result. A value that it leaves as it is stays in the script's
 * precision.
 *
 * @param script has the methods layer, heard, fed, shown and taken
 */
public record LookedLayers(Script script, Inner inner) {
    /** Methods of such a script: values of its precision as whoever looks inside gets them, and the way back. */
    public static final String
            SHOWN =
                    """
            def shown(self, x: Tensor) -> Tensor:
              return torch.clone(torch.to(x, 6), memory_format=0)
            """,
            TAKEN =
                    """
                    def taken(self, x: Tensor) -> Tensor:
                      return torch.clone(torch.to(x, self.dtype), memory_format=0)
                    """;

    /** The values of so many layers, [1, P, width]. */
    public static List<Tap> taps(int layers, int width) {
        String shape = "[1, P, " + width + "]";
        List<Tap> taps = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            taps.add(new Tap("layer" + i + ".attention", shape, "what the attention of the layer adds"));
            taps.add(new Tap("layer" + i + ".output", shape, "the layer's result"));
        }
        return taps;
    }

    /** A value that somebody may look at, of the script's precision. */
    public NDArray at(String name, NDArray value) {
        return new ScriptInner(script, inner).at(name, value);
    }

    /** Layer i of x [B, P, D]. */
    public NDArray layer(int i, NDArray x) {
        String attention = "layer" + i + ".attention";
        NDArray y = inner.asks(attention)
                ? script.run(
                        x.getManager(),
                        "fed",
                        List.of(x, at(attention, script.run(x.getManager(), "heard", List.of(x), i))),
                        i)
                : script.run(x.getManager(), "layer", List.of(x), i);
        return at("layer" + i + ".output", y);
    }
}
