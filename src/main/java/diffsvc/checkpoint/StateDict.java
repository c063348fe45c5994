package diffsvc.checkpoint;

import diffsvc.check.Problem;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Named tensors of one file, in the file's order.
 *
 * @param file where they come from, for messages
 * @param tensors name to tensor
 */
public record StateDict(Path file, Map<String, TorchTensor> tensors) {
    /**
     * The tensors of a torch file. Containers in use are opened ("state_dict", "hubert", "generator", "model_gen"), and
     * a prefix that every name has ("module.", "model.") is taken off.
     *
     * @param file path; relative ones from the project's folder where text
     * @return by name
     */
    public static StateDict read(Path file) {
        return of(file, Safetensors.isOne(file) ? Safetensors.read(file) : TorchFile.read(file));
    }

    /**
     * The same without a mapping, see {@link TorchFile#openUnmapped}.
     *
     * @param file path; relative ones from the project's folder where text
     * @return by name
     */
    public static StateDict readUnmapped(Path file) {
        return of(
                file,
                Safetensors.isOne(file)
                        ? Safetensors.openUnmapped(file).tensors()
                        : TorchFile.openUnmapped(file).root());
    }

    private static StateDict of(Path file, Object opened) {
        Object root = opened;
        for (String container : new String[] {"state_dict", "hubert", "generator", "model_gen"}) {
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

    /**
     * Those whose names start with the prefix, without it.
     *
     * @param prefix of names
     * @return their names without it
     */
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
     * Weight norm folded in: {@code weight_g} and {@code weight_v} (or their names as parametrizations) become
     * {@code weight} = g v / ||v||, the norm over the axes on which g has size 1 (Salimans and Kingma,
     * arXiv:1602.07868). The other tensors stay as they are.
     *
     * @return the same under plain names
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
     * All but those whose name the test takes.
     *
     * @param name a test of names
     * @return the others
     */
    public StateDict without(java.util.function.Predicate<String> name) {
        Map<String, TorchTensor> part = new LinkedHashMap<>(tensors);
        part.keySet().removeIf(name);
        return new StateDict(file, part);
    }

    /**
     * Size of one axis of a tensor; networks take their sizes from here.
     *
     * @param name of a tensor
     * @param axis 0-based
     * @return its size
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

    /**
     * How many layers there are: the smallest n for which no name starts with {@code prefix + n + "."}.
     *
     * @param prefix of names
     * @return 0 where there is none
     */
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
