package diffsvc.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A Python OrderedDict, with the attributes a state dict carries ({@code _metadata}); a plain dict is a LinkedHashMap.
 */
public final class OrderedDict extends LinkedHashMap<Object, Object> {
    private static final long serialVersionUID = 1;
    private transient Map<Object, Object> attributes;

    /**
     * What Python would find in its {@code __dict__}; null if nothing was set.
     *
     * @return by name, or null
     */
    public Map<Object, Object> attributes() {
        return attributes;
    }

    void attributes(Map<Object, Object> set) {
        attributes = set;
    }
}
