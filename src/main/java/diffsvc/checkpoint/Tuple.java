package diffsvc.checkpoint;

import java.util.AbstractList;
import java.util.List;

/** A Python tuple or a torch.Size, as an immutable list; it is written as what it was read as. */
public final class Tuple extends AbstractList<Object> {
    private final Object[] values;
    private final boolean size;

    Tuple(List<?> values, boolean size) {
        this.values = values.toArray();
        this.size = size;
    }

    /** A tuple of these values. */
    public static Tuple of(Object... values) {
        return new Tuple(List.of(values), false);
    }

    /** Whether it is a torch.Size. */
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
