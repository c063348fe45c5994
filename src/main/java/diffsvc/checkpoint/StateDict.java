package diffsvc.checkpoint;

import diffsvc.check.Problem;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Named tensors of one file, in the file's order.
 *
 * @param file where they come from, named in errors; null if they were not read from a file
 */
public record StateDict(Path file, Map<String, TorchTensor> tensors) {
    /**
     * The tensors of a torch or safetensors file, or of CTranslate2's model.bin. Known containers are opened
     * ("state_dict", "model_state_dict", "hubert", "generator", "model_gen", "model_state", "model"), and a prefix that
     * all names share ("module.", "model.") is removed.
     *
     * @throws Problem when the file is missing or damaged, or holds no named tensors
     */
    public static StateDict read(Path file) {
        return of(
                file,
                Safetensors.isOne(file)
                        ? Safetensors.read(file)
                        : CTranslate2.isOne(file) ? CTranslate2.read(file) : TorchFile.read(file));
    }

    /** The same without a mapping, see {@link TorchFile#openUnmapped}; CTranslate2's files are mapped. */
    public static StateDict readUnmapped(Path file) {
        return of(
                file,
                Safetensors.isOne(file)
                        ? Safetensors.openUnmapped(file).tensors()
                        : CTranslate2.isOne(file)
                                ? CTranslate2.read(file)
                                : TorchFile.openUnmapped(file).root());
    }

    private static StateDict of(Path file, Object opened) {
        Object root = opened;
        for (String container : new String[] {
            "state_dict", "model_state_dict", "hubert", "generator", "model_gen", "model_state", "model"
        }) {
            if (root instanceof Map<?, ?> map && map.get(container) instanceof Map<?, ?> inner) {
                root = inner;
            }
        }
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        if (root instanceof Map<?, ?> map) {
            map.forEach((k, v) -> {
                if (v instanceof TorchTensor t) {
                    tensors.put(String.valueOf(k), t);
                }
            });
        }
        if (tensors.isEmpty()) {
            throw Problem.in("checkpoint", file, "named tensors", "none", "give a file with a state_dict");
        }
        StateDict result = new StateDict(file, tensors);
        for (String prefix : new String[] {"module.", "model."}) {
            if (tensors.keySet().stream().allMatch(k -> k.startsWith(prefix))) {
                result = result.under(prefix);
            }
        }
        return result;
    }

    /** The tensors whose names start with the prefix, by their names without it. */
    public StateDict under(String prefix) {
        Map<String, TorchTensor> part = new LinkedHashMap<>();
        tensors.forEach((k, v) -> {
            if (k.startsWith(prefix)) {
                part.put(k.substring(prefix.length()), v);
            }
        });
        return new StateDict(file, part);
    }

    /**
     * Folds weight norm in: {@code weight_g} and {@code weight_v} (or their names as parametrizations) become
     * {@code weight} = g v / ||v||, the norm over the axes on which g has size 1 (Salimans and Kingma,
     * arXiv:1602.07868). The other tensors are kept.
     */
    public StateDict withoutWeightNorm() {
        Map<String, TorchTensor> folded = new LinkedHashMap<>();
        for (Map.Entry<String, TorchTensor> e : tensors.entrySet()) {
            String name = e.getKey();
            for (String[] pair : new String[][] {
                {"weight_g", "weight_v"}, {"parametrizations.weight.original0", "parametrizations.weight.original1"}
            }) {
                String stem = name.endsWith(pair[0]) ? name.substring(0, name.length() - pair[0].length()) : null;
                TorchTensor v = stem == null ? null : tensors.get(stem + pair[1]);
                if (v != null && v.shape().length == e.getValue().shape().length) {
                    folded.put(stem + "weight", fold(e.getValue(), v));
                    name = null;
                    break;
                }
                if (name.endsWith(pair[1])
                        && tensors.containsKey(name.substring(0, name.length() - pair[1].length()) + pair[0])) {
                    name = null;
                    break;
                }
            }
            if (name != null) {
                folded.put(name, e.getValue());
            }
        }
        return new StateDict(file, folded);
    }

    private static TorchTensor fold(TorchTensor g, TorchTensor v) {
        float[] length = g.toFloats(), x = v.toFloats();
        int[] group = new int[x.length];
        for (int i = 0; i < x.length; i++) {
            long rest = i, size = x.length, at = 0;
            for (int axis = 0; axis < v.shape().length; axis++) {
                size /= v.shape()[axis];
                long index = rest / size;
                rest %= size;
                at = at * g.shape()[axis] + (g.shape()[axis] == 1 ? 0 : index);
            }
            group[i] = (int) at;
        }
        double[] squares = new double[length.length];
        for (int i = 0; i < x.length; i++) {
            squares[group[i]] += x[i] * (double) x[i];
        }
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (x[i] * (length[group[i]] / Math.sqrt(squares[group[i]])));
        }
        return TorchTensor.of(x, v.shape());
    }

    /**
     * All tensors but those whose names pass a test.
     *
     * @param name true for a name to leave out
     */
    public StateDict without(Predicate<String> name) {
        Map<String, TorchTensor> part = new LinkedHashMap<>(tensors);
        part.keySet().removeIf(name);
        return new StateDict(file, part);
    }

    /**
     * Size of one axis of a tensor. Networks take their sizes from here.
     *
     * @param axis 0-based
     * @throws Problem when the tensor is missing or has fewer axes
     */
    public int size(String name, int axis) {
        TorchTensor t = tensors.get(name);
        if (t == null || t.shape().length <= axis) {
            throw Problem.in(
                    "checkpoint",
                    file,
                    "the tensor " + name,
                    t == null ? "a file without it" : t.toString(),
                    "give a file of the right network");
        }
        return Math.toIntExact(t.shape()[axis]);
    }

    /** The number of layers: the smallest n for which no name starts with {@code prefix + n + "."}. */
    public int layers(String prefix) {
        int n = 0;
        while (true) {
            String start = prefix + n + ".";
            if (tensors.keySet().stream().noneMatch(k -> k.startsWith(start))) {
                return n;
            }
            n++;
        }
    }
}
