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
     * The tensors of a torch file. Containers in use are opened ("state_dict", "hubert", "generator"), and a prefix that every name has
     * ("module.", "model.") is taken off.
     */
    public static StateDict read(Path file) {
        Object root = TorchFile.read(file);
        for (String container : new String[] {"state_dict", "hubert", "generator"}) {
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

    /** Those whose names start with the prefix, without it. */
    public StateDict under(String prefix) {
        Map<String, TorchTensor> part = new LinkedHashMap<>();
        tensors.forEach((k, v) -> {
            if (k.startsWith(prefix)) {
                part.put(k.substring(prefix.length()), v);
            }
        });
        return new StateDict(file, part);
    }

    /** Size of one axis of a tensor; networks take their sizes from here. */
    public int size(String name, int axis) {
        TorchTensor t = tensors.get(name);
        if (t == null || t.shape().length <= axis) {
            throw Problem.in("checkpoint", file, "the tensor " + name, t == null ? "a file without it" : t.toString(), "give a file of the right network");
        }
        return Math.toIntExact(t.shape()[axis]);
    }

    /** How many layers there are: the smallest n for which no name starts with {@code prefix + n + "."}. */
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
