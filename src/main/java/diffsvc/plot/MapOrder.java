package diffsvc.plot;

import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** The order in which the entries of a map are shown. */
public final class MapOrder {
    private MapOrder() {}

    /**
     * The entries in the map's own order, or by name where it has none (Map.of, HashMap) and would show another one in
     * each run.
     */
    public static <K, V> Map<K, V> of(Map<K, V> map) {
        boolean none =
                map.getClass() == HashMap.class || map.getClass().getName().contains("ImmutableCollections");
        Map<K, V> shown = none ? new TreeMap<>(Comparator.comparing(String::valueOf)) : new LinkedHashMap<>();
        shown.putAll(map);
        return shown;
    }
}
