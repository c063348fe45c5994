package diffsvc.checkpoint;

import java.util.AbstractList;
import java.util.List;

/** A Python tuple, or a torch.Size: a list that cannot change, and is written back as what it was. */
public final class Tuple extends AbstractList<Object> {
    private final Object[] values;
    private final boolean size;

    Tuple(List<?> values, boolean size) {
        this.values = values.toArray();
        this.size = size;
    }

    /**
     * A tuple of these values.
     *
     * @param values in order
     * @return a tuple
     */
    public static Tuple of(Object... values) {
        return new Tuple(List.of(values), false);
    }

    /** Whether Python wrote a torch.Size. */
    boolean isSize() {
        return size;
    }

    @Override
    public Object get(int index) {
        return values[index];
    }

    @Override
    public int size() {
        return values.length;
    }
}
