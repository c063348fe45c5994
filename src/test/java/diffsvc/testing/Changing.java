package diffsvc.testing;

import ai.djl.ndarray.NDArray;
import diffsvc.tensor.Inner;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** Asks for every inner value, notes its shape, and changes those of one name. */
public final class Changing implements Inner {
    private final String name;
    private final UnaryOperator<NDArray> change;
    private final Map<String, long[]> shapes = new TreeMap<>();

    /** Changes the values of one name. */
    public Changing(String name, UnaryOperator<NDArray> change) {
        this.name = name;
        this.change = change;
    }

    /** Gives each value back as a copy that is equal: the network takes it in all the same. */
    public static Changing everythingIntoCopies() {
        return new Changing(null, NDArray::duplicate);
    }

    /** The shapes that were seen, by name. */
    public Map<String, long[]> shapes() {
        return shapes;
    }

    @Override
    public boolean asks(String asked) {
        return true;
    }

    @Override
    public NDArray at(String at, NDArray value) {
        shapes.put(at, value.getShape().getShape());
        return name == null || name.equals(at) ? change.apply(value) : value;
    }
}
