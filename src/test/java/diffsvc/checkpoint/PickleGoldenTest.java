package diffsvc.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.types.Shape;
import diffsvc.testing.Golden;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The corners of torch's two file formats, with values the reference stored beside them. */
class PickleGoldenTest {
    @TempDir
    Path folder;

    private static Map<String, TorchTensor> tensors(Object root) {
        Map<String, TorchTensor> found = new LinkedHashMap<>();
        collect("", root, found);
        return found;
    }

    private static void collect(String name, Object value, Map<String, TorchTensor> found) {
        if (value instanceof TorchTensor t) {
            found.put(name, t);
        } else if (value instanceof Map<?, ?> map) {
            map.forEach((k, v) -> collect(String.valueOf(k), v, found));
        } else if (value instanceof List<?> list) {
            list.forEach(v -> collect(name, v, found));
        }
    }

    @Test
    void bothFormatsHoldTheReferencesValues() {
        Object zip = TorchFile.read(Golden.FOLDER.resolve("pickle/odd.pt")),
                stream = TorchFile.read(Golden.FOLDER.resolve("pickle/odd_legacy.pt"));
        assertEquals(zip, stream);
        try (Golden g = new Golden("pickle.npz")) {
            for (Object root : new Object[] {zip, stream}) {
                Map<String, TorchTensor> tensors = tensors(root);
                int compared = 0;
                for (String name : g.names()) {
                    TorchTensor t = tensors.get(name.endsWith("_f64") ? name.substring(0, name.length() - 4) : name);
                    t = t == null ? tensors.get(name) : t;
                    assertTrue(t != null, name + " among " + tensors.keySet());
                    assertEquals(g.get(name).getShape(), new Shape(t.shape()), name);
                    g.same(name, t.toDoubles());
                    compared++;
                }
                assertEquals(g.listed().size(), compared);
            }
        }
    }

    @Test
    void aRewriteKeepsValuesKindsAndSharedStorages() {
        for (String name : new String[] {"pickle/odd.pt", "pickle/odd_legacy.pt"}) {
            Object root = TorchFile.read(Golden.FOLDER.resolve(name));
            Path copy = folder.resolve("copy.pt");
            TorchFile.write(copy, (Map<?, ?>) root);
            Object back = TorchFile.read(copy);
            assertEquals(root, back);
            kinds(root, back);
            Map<String, TorchTensor> a = tensors(root), b = tensors(back);
            int shared = 0;
            for (String x : a.keySet()) {
                for (String y : a.keySet()) {
                    assertEquals(a.get(x).sharesStorage(a.get(y)), b.get(x).sharesStorage(b.get(y)), x + " and " + y);
                    shared += !x.equals(y) && a.get(x).sharesStorage(a.get(y)) ? 1 : 0;
                }
            }
            assertTrue(shared > 0);
        }
    }

    private static void kinds(Object a, Object b) {
        assertEquals(a == null ? null : a.getClass(), b == null ? null : b.getClass());
        if (a instanceof Map<?, ?> map) {
            map.forEach((k, v) -> kinds(v, ((Map<?, ?>) b).get(k)));
        } else if (a instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                kinds(list.get(i), ((List<?>) b).get(i));
            }
        }
    }

    @Test
    void aNumpyScalarIsAPlainNumberAndSaysSo() {
        TorchFile.Content content = TorchFile.open(Golden.FOLDER.resolve("pickle/numpy_scalar.pt"));
        double stored = Double.parseDouble(Golden.file("pickle/numpy_scalar.pt")
                .get("note")
                .getAsString()
                .replaceAll(".*scalar ([\\d.]+) .*", "$1"));
        assertEquals(stored, (Double) ((Map<?, ?>) content.root()).get("checkpoint_callback_best"));
        assertEquals(List.of("1 numpy scalar read as plain numbers"), content.notes());
    }
}
