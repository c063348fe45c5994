package diffsvc.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class MapOrderTest {
    private static List<String> shown(Map<String, Integer> map) {
        return List.copyOf(MapOrder.of(map).keySet());
    }

    /** A film strip is a view of such a map: step 5 comes before step 13. */
    @Test
    void aMapThatKeepsAnOrderIsShownInIt() {
        Map<String, Integer> steps = new LinkedHashMap<>();
        List.of("step 1", "step 5", "step 13").forEach(name -> steps.put(name, 0));
        List<String> order = List.copyOf(steps.keySet());
        assertEquals(order, shown(steps));
        assertEquals(order, shown(Collections.unmodifiableMap(steps)));
        assertEquals(order, shown(Collections.synchronizedMap(steps)));
        assertEquals(
                List.of("step 13", "step 1"), shown(new TreeMap<>(Map.of("step 1", 1, "step 13", 2)).descendingMap()));
    }

    @Test
    void aMapWithoutAnOrderIsShownByName() {
        Map<String, Integer> three = Map.of("c", 1, "a", 2, "b", 3);
        assertEquals(List.of("a", "b", "c"), shown(three));
        assertEquals(List.of("a", "b", "c"), shown(new HashMap<>(three)));
    }
}
