package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * A change of inner values.
 *
 * @param names pattern of taps
 * @param steps at which it is made
 */
record Patch(String names, Pattern pattern, Steps steps, UnaryOperator<NDArray> change) {
    Patch(String names, Steps steps, UnaryOperator<NDArray> change) {
        this(names, Taps.pattern(names), steps, change);
    }

    boolean isAt(String name, int step) {
        return steps.hold(step) && pattern.matcher(name).matches();
    }

    @Override
    public String toString() {
        return names + (steps.equals(Steps.ALL) ? "" : " at " + steps);
    }
}
