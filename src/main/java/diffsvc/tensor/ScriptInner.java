package diffsvc.tensor;

import ai.djl.ndarray.NDArray;
import diffsvc.platform.Script;
import java.util.function.UnaryOperator;

/**
 * An {@link Inner} before a script whose values have a layout and a precision of their own. A value that it leaves as
 * it is stays there, so that looking changes no bit.
 *
 * @param script has the methods shown, from its values to float32 in a tap's shape, and taken, the way back
 */
public record ScriptInner(Script script, Inner inner) {
    /** A value that somebody may look at. */
    public NDArray at(String name, NDArray value) {
        return at(name, value, UnaryOperator.identity(), UnaryOperator.identity());
    }

    /**
     * The same for one that the script has in another form than its tap.
     *
     * @param show from what shown gives to the tap's form
     * @param back the way back
     */
    public NDArray at(String name, NDArray value, UnaryOperator<NDArray> show, UnaryOperator<NDArray> back) {
        if (!inner.asks(name)) {
            return value;
        }
        NDArray shown = show.apply(script.run(value.getManager(), "shown", value)), other = inner.at(name, shown);
        return other == shown ? value : script.run(value.getManager(), "taken", back.apply(other));
    }
}
