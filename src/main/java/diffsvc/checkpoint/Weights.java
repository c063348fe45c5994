package diffsvc.checkpoint;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Finite;
import diffsvc.check.Problem;
import diffsvc.platform.WeakManager;
import diffsvc.random.KeyedRandom;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The parameters of one network by their names in a checkpoint. A network has a table of names and shapes; loading
 * compares all names and shapes and reports all differences together before it copies any.
 */
public final class Weights implements AutoCloseable {
    /** Names of norms; Whisper's are attn_ln, mlp_ln and ln_post. */
    private static final Pattern NORM = Pattern.compile("norm|_ln\\.|(^|\\.)ln_");

    private final NDManager manager;
    private final Map<String, NDArray> arrays = new LinkedHashMap<>(), lent = new LinkedHashMap<>();

    private Weights(NDManager manager) {
        this.manager = manager;
    }

    /** A setting as the configuration has it, and as the shapes of the file show it. */
    public record Setting(String key, Object config, Object file) {
        boolean differs() {
            return !config.equals(file);
        }

        @Override
        public String toString() {
            return key + " is " + config + " in the configuration and " + file + " in the file";
        }
    }

    /**
     * Copies the tensors of a table from a file. Other tensors of the file are differences too, unless their names
     * begin with an {@code ignored} prefix.
     *
     * @param parent owner of the weights
     * @param network named in errors
     * @param ignored prefixes that the network does not use
     */
    public static Weights load(
            NDManager parent, String network, Map<String, Shape> table, StateDict from, String... ignored) {
        return load(parent, network, table, from, List.of(), ignored);
    }

    /**
     * The same for a network whose table follows from a configuration.
     *
     * @param parent owner of the weights
     * @param network named in errors
     * @param settings those that differ are named in the error
     * @param ignored prefixes that the network does not use
     * @throws Problem with all differences together, before anything is copied
     */
    public static Weights load(
            NDManager parent,
            String network,
            Map<String, Shape> table,
            StateDict from,
            List<Setting> settings,
            String... ignored) {
        List<String> differences = new ArrayList<>();
        table.forEach((name, shape) -> {
            TorchTensor t = from.tensors().get(name);
            if (t == null) {
                differences.add(name + " " + shape + " is missing");
            } else if (!new Shape(t.shape()).equals(shape)) {
                differences.add(name + " is " + new Shape(t.shape()) + " instead of " + shape);
            }
        });
        for (String name : from.tensors().keySet()) {
            boolean known = table.containsKey(name);
            for (String prefix : ignored) {
                known |= name.startsWith(prefix);
            }
            if (!known) {
                differences.add(name + " " + new Shape(from.tensors().get(name).shape()) + " is not part of it");
            }
        }
        if (!differences.isEmpty()) {
            int shown = Math.min(12, differences.size());
            List<String> differing = settings.stream()
                    .filter(Setting::differs)
                    .map(Setting::toString)
                    .toList();
            throw Problem.in(
                    "checkpoint",
                    from.file(),
                    "the tensors of " + network,
                    differences.size() + " differences: " + String.join("; ", differences.subList(0, shown))
                            + (differences.size() > shown ? "; ..." : ""),
                    differing.isEmpty()
                            ? "config and checkpoint are one pair: use the hparams that came with this file"
                            : String.join(", ", differing) + ": use the one that came with this file");
        }
        Weights weights =
                new Weights(WeakManager.under(parent).manager()); // a network that is no longer referenced frees itself
        table.keySet()
                .forEach(name ->
                        weights.arrays.put(name, from.tensors().get(name).toFloat32(weights.manager)));
        try {
            weights.requireFinite(from.file(), network);
        } catch (Problem e) {
            weights.close();
            throw e;
        }
        return weights;
    }

    /** One weight that is NaN or infinite spoils every later value, and a later stage would report it. */
    private void requireFinite(Path file, String network) {
        List<String> bad = new ArrayList<>();
        arrays.forEach((name, array) -> {
            if (!Finite.all(array)) {
                bad.add(name);
            }
        });
        if (!bad.isEmpty()) {
            throw Problem.in(
                    "checkpoint",
                    file,
                    "finite weights of " + network,
                    "NaN or infinity in " + bad.get(0)
                            + (bad.size() > 1 ? " and " + (bad.size() - 1) + " other tensors" : ""),
                    "the file is damaged or its training diverged: copy it again, or use an earlier checkpoint");
        }
    }

    /**
     * Random weights: normal with variance 2 / fan-in for convolutions (He et al., arXiv:1502.01852) and 1 / (3 fan-in)
     * for matrices (PyTorch's default), 1 for the weights of norms, 0 for biases. The same seed gives the same weights.
     *
     * @param parent owner of the weights
     */
    public static Weights random(NDManager parent, Map<String, Shape> table, long seed) {
        Weights weights =
                new Weights(WeakManager.under(parent).manager()); // a network that is no longer referenced frees itself
        int index = 0;
        for (Map.Entry<String, Shape> e : table.entrySet()) {
            Shape shape = e.getValue();
            NDArray array;
            if (shape.dimension() >= 2) {
                long fanIn = shape.size() / shape.get(0);
                array = KeyedRandom.of(weights.manager, seed, "weights", index++)
                        .normal(shape)
                        .muli((float) Math.sqrt((shape.dimension() == 2 ? 1.0 / 3 : 2.0) / fanIn));
            } else {
                array = NORM.matcher(e.getKey()).find() && e.getKey().endsWith("weight")
                        ? weights.manager.ones(shape)
                        : weights.manager.zeros(shape);
            }
            weights.arrays.put(e.getKey(), array);
        }
        return weights;
    }

    /**
     * The tensor of a name in the table, or what was {@linkplain #lend lent} for it.
     *
     * @throws IllegalArgumentException for a name that the table lacks
     */
    public NDArray get(String name) {
        NDArray array = lent.getOrDefault(name, arrays.get(name));
        if (array == null) {
            throw new IllegalArgumentException("no weight named " + name);
        }
        return array;
    }

    /** What {@link #get} gives, by name, in the table's order. */
    public Map<String, NDArray> inUse() {
        Map<String, NDArray> used = new LinkedHashMap<>(arrays);
        used.putAll(lent);
        return used;
    }

    /** All tensors by name, in the table's order. */
    public Map<String, NDArray> all() {
        return Collections.unmodifiableMap(arrays);
    }

    /**
     * Makes the network compute with another array of the same memory: the optimizer lends one that collects a
     * gradient.
     *
     * @param alias of the tensor's shape, or null for the tensor itself
     */
    public void lend(String name, NDArray alias) {
        if (alias == null) {
            lent.remove(name);
        } else {
            lent.put(name, alias);
        }
    }

    /** Copies of the weights for a file, by their names with {@code prefix} in front. */
    public Map<String, TorchTensor> toTensors(String prefix) {
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        arrays.forEach((k, v) -> tensors.put(prefix + k, TorchTensor.of(v)));
        return tensors;
    }

    /**
     * Copies values into the tensor of a name.
     *
     * @param values in C order
     */
    public void fill(String name, float[] values) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray raw = get(name).stopGradient();
            raw.attach(scratch);
            raw.muli(0f).addi(scratch.create(values, raw.getShape()));
        }
    }

    /** The number of values in all tensors. */
    public long parameters() {
        return arrays.values().stream().mapToLong(NDArray::size).sum();
    }

    /** The manager that owns the tensors and closes with them. */
    public NDManager manager() {
        return manager;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%d tensors, %,d parameters", arrays.size(), parameters());
    }

    @Override
    public void close() {
        manager.close();
    }
}
