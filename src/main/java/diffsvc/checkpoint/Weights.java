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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parameters of one network under their checkpoint names. A network gives its table of names and shapes; loading
 * compares all keys and shapes and reports every difference together before it copies any.
 */
public final class Weights implements AutoCloseable {
    private final NDManager manager;
    private final Map<String, NDArray> arrays = new LinkedHashMap<>(), lent = new LinkedHashMap<>();

    private Weights(NDManager manager) {
        this.manager = manager;
    }

    /**
     * A number that the configuration gives and the file shows.
     *
     * @param key of the configuration, "wavenet.residual_layers" for instance
     */
    public record Setting(String key, Object config, Object file) {
        boolean atOdds() {
            return !config.equals(file);
        }

        @Override
        public String toString() {
            return key + " is " + config + " in the configuration and " + file + " in the file";
        }
    }

    /**
     * Copies the tensors of a table from a file; names that the table lacks and {@code ignored} prefixes don't cover
     * are differences too.
     *
     * @param parent owner of the weights
     * @param network for errors
     * @param table names and shapes
     * @param from tensors of the file
     * @param ignored prefixes that the network does not use
     * @return the weights
     */
    public static Weights load(
            NDManager parent, String network, Map<String, Shape> table, StateDict from, String... ignored) {
        return load(parent, network, table, from, List.of(), ignored);
    }

    /**
     * The same for a network whose table follows from a configuration.
     *
     * @param parent owner of the weights
     * @param network for errors
     * @param table names and shapes
     * @param from tensors of the file
     * @param settings what the configuration says and what the file shows; those at odds are named beside the tensors
     * @param ignored prefixes that the network does not use
     * @return the weights
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
            List<String> odds = settings.stream()
                    .filter(Setting::atOdds)
                    .map(Setting::toString)
                    .toList();
            throw Problem.in(
                    "checkpoint",
                    from.file(),
                    "the tensors of " + network,
                    differences.size() + " differences: " + String.join("; ", differences.subList(0, shown))
                            + (differences.size() > shown ? "; ..." : ""),
                    odds.isEmpty()
                            ? "config and checkpoint are one pair: use the hparams that came with this file"
                            : String.join(", ", odds) + ": use the one that came with this file");
        }
        Weights weights = new Weights(
                WeakManager.under(parent).manager()); // a network that nobody refers to any more frees itself
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

    /** A weight that is NaN or infinite makes every value after it so, and the song would be blamed. */
    private void requireFinite(Path file, String network) {
        List<String> spoilt = new ArrayList<>();
        arrays.forEach((name, array) -> {
            if (!Finite.all(array)) {
                spoilt.add(name);
            }
        });
        if (!spoilt.isEmpty()) {
            throw Problem.in(
                    "checkpoint",
                    file,
                    "finite weights of " + network,
                    "NaN or infinity in " + spoilt.get(0)
                            + (spoilt.size() > 1 ? " and " + (spoilt.size() - 1) + " other tensors" : ""),
                    "the file is damaged or its training ran away: take it again, or an earlier checkpoint");
        }
    }

    /**
     * Random weights: normal with variance 2 / fan-in for convolutions (He et al., arXiv:1502.01852) and 1 / (3 fan-in)
     * for matrices (PyTorch's default), 1 for the weights of norms, 0 for biases. One seed gives one network, name by
     * name.
     *
     * @param parent owner of the weights
     * @param table names and shapes
     * @param seed the same seed, the same result
     * @return the weights
     */
    public static Weights random(NDManager parent, Map<String, Shape> table, long seed) {
        Weights weights = new Weights(
                WeakManager.under(parent).manager()); // a network that nobody refers to any more frees itself
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
                array = e.getKey().contains("norm") && e.getKey().endsWith("weight")
                        ? weights.manager.ones(shape)
                        : weights.manager.zeros(shape);
            }
            weights.arrays.put(e.getKey(), array);
        }
        return weights;
    }

    /**
     * The tensor of a name.
     *
     * @param name as the table lists it
     * @return an array of the table's shape
     */
    public NDArray get(String name) {
        NDArray array = lent.getOrDefault(name, arrays.get(name));
        if (array == null) {
            throw new IllegalArgumentException("no weight named " + name);
        }
        return array;
    }

    /**
     * All, in the table's order.
     *
     * @return by name
     */
    public Map<String, NDArray> all() {
        return java.util.Collections.unmodifiableMap(arrays);
    }

    /**
     * Lets the network calculate with another array of the same memory: an optimizer gives one that gathers a gradient.
     *
     * @param name as the table lists it
     * @param alias of the tensor's shape, or null for the tensor itself
     */
    public void lend(String name, NDArray alias) {
        if (alias == null) {
            lent.remove(name);
        } else {
            lent.put(name, alias);
        }
    }

    /**
     * Copies of the weights as a file takes them.
     *
     * @param prefix of the names
     * @return by name
     */
    public Map<String, TorchTensor> toTensors(String prefix) {
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        arrays.forEach((k, v) -> tensors.put(prefix + k, TorchTensor.of(v)));
        return tensors;
    }

    /**
     * Copies values into the tensor of a name, in C order.
     *
     * @param name as the table lists it
     * @param values in C order
     */
    public void fill(String name, float[] values) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray raw = get(name).stopGradient();
            raw.attach(scratch);
            raw.muli(0f).addi(scratch.create(values, raw.getShape()));
        }
    }

    /**
     * How many values there are in all.
     *
     * @return numbers
     */
    public long parameters() {
        return arrays.values().stream().mapToLong(NDArray::size).sum();
    }

    /**
     * The manager that owns them.
     *
     * @return closes with them
     */
    public NDManager manager() {
        return manager;
    }

    @Override
    public void close() {
        manager.close();
    }
}
