package diffsvc.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;

/** A Python OrderedDict with the attributes of a state dict ({@code _metadata}). A plain dict is a LinkedHashMap. */
public final class OrderedDict extends LinkedHashMap<Object, Object> {
    private static final long serialVersionUID = 1;
    private transient Map<Object, Object> attributes;

    /** The content of Python's {@code __dict__}, or null if nothing was set. */
    public Map<Object, Object> attributes() {
        return attributes;
    }

    void attributes(Map<Object, Object> set) {
        attributes = set;
    }
}
