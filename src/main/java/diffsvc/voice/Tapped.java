package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.platform.WeakManager;
import diffsvc.tensor.Summary;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Inner values of one run, kept by {@link Conversion#tap}: a value for each tap and each step. The arrays live as long
 * as something refers to this or to them.
 */
public final class Tapped implements AutoCloseable {
    /** More would fill the memory of a small machine while the run goes on. */
    private static final long MOST_BYTES = 1L << 30;

    private final String names;
    private final Pattern pattern;
    private final Steps steps;
    private final NDManager manager;
    private final List<Value> values = new ArrayList<>();
    private long bytes;

    /**
     * One value.
     *
     * @param tap name of the place
     * @param step the sampler's step that begins at this time, from 0; -1 where the network runs once for a song
     * @param time diffusion step t where that step begins; NaN where the network runs once for a song
     * @param array float32
     */
    public record Value(String tap, int step, double time, NDArray array) {
        /** "step 3 (t = 699)"; empty where the network runs once for a song. */
        public String when() {
            return step < 0 ? "" : String.format(Locale.ROOT, "step %d (t = %.0f)", step, time);
        }

        @Override
        public String toString() {
            return tap + (step < 0 ? "" : " at " + when()) + " " + Summary.of(array);
        }
    }

    Tapped(String names, Steps steps, NDManager parent) {
        this.names = names;
        this.pattern = Taps.pattern(names);
        this.steps = steps;
        manager = WeakManager.under(parent).manager();
    }

    boolean asks(String name, int step) {
        return steps.hold(step) && pattern.matcher(name).matches();
    }

    void keep(String name, int step, double time, NDArray value) {
        bytes += Values.bytes(value);
        if (bytes > MOST_BYTES) {
            throw Problem.in(
                    "tap",
                    "values of up to " + (MOST_BYTES >> 20) + " MiB",
                    names + " at " + steps + " is more",
                    "name fewer taps or steps, or take a slice of the song");
        }
        NDArray own = value.duplicate();
        own.attach(manager);
        own.setName(name);
        values.add(new Value(name, step, time, own));
    }

    /** All values, in the order in which the run made them. */
    public List<Value> values() {
        return Collections.unmodifiableList(values);
    }

    /** The names of the taps, in the order of the data. */
    public List<String> names() {
        return values.stream().map(Value::tap).distinct().toList();
    }

    /**
     * The first value.
     *
     * @throws Problem when there is none: the run did not come to these steps
     */
    public NDArray first() {
        if (values.isEmpty()) {
            throw Problem.in(
                    "tap", "a value of " + names + " at " + steps, "none", "ask for steps that the sampler takes");
        }
        return values.get(0).array;
    }

    /**
     * The value at a step; of a sampler that evaluates twice there, the first.
     *
     * @param step from 0
     * @throws Problem when there is none
     */
    public NDArray at(String tap, int step) {
        return values.stream()
                .filter(v -> v.tap.equals(tap) && (v.step < 0 || v.step == step))
                .findFirst()
                .orElseThrow(
                        () -> Problem.in("tap", "a value that was kept", tap + " at step " + step, "values: " + this))
                .array;
    }

    /** The values of one tap by step, for a film strip or a comparison: "step 3 (t = 699)" to its array. */
    public Map<String, NDArray> of(String tap) {
        Map<String, NDArray> all = new LinkedHashMap<>();
        for (Value v : values) {
            if (v.tap.equals(tap)) {
                all.putIfAbsent(v.step < 0 ? v.tap : v.when(), v.array);
            }
        }
        return all;
    }

    /**
     * One row per value.
     *
     * @return columns tap, step, t, shape, min, max, mean, deviation, zeros (share of values that are exactly 0), not
     *     finite; step and t are missing where the network runs once for a song
     */
    public Table table() {
        Table table = Table.create(
                "tapped",
                StringColumn.create("tap"),
                IntColumn.create("step"),
                DoubleColumn.create("t"),
                StringColumn.create("shape"),
                DoubleColumn.create("min"),
                DoubleColumn.create("max"),
                DoubleColumn.create("mean"),
                DoubleColumn.create("deviation"),
                DoubleColumn.create("zeros"),
                IntColumn.create("not finite"));
        for (Value v : values) {
            Summary s = Summary.of(v.array);
            table.stringColumn("tap").append(v.tap);
            if (v.step < 0) {
                table.intColumn("step").appendMissing();
                table.doubleColumn("t").appendMissing();
            } else {
                table.intColumn("step").append(v.step);
                table.doubleColumn("t").append(v.time);
            }
            table.stringColumn("shape").append(s.shape());
            table.doubleColumn("min").append(rounded(s.min()));
            table.doubleColumn("max").append(rounded(s.max()));
            table.doubleColumn("mean").append(rounded(s.mean()));
            table.doubleColumn("deviation").append(rounded(s.deviation()));
            table.doubleColumn("zeros").append(rounded(s.zeros() / (double) v.array.size()));
            table.intColumn("not finite").append((int) s.nonFinite());
        }
        return table;
    }

    /** Four digits, for people. */
    private static double rounded(double v) {
        return !Double.isFinite(v)
                ? v
                : Math.abs(v) < 1e-6 ? 0 : Double.parseDouble(String.format(Locale.ROOT, "%.4g", v));
    }

    @Override
    public String toString() {
        return values.isEmpty()
                ? "no values of " + names + " at " + steps
                : values.size() + " values of " + String.join(", ", names()) + ", "
                        + String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20))
                        + "; table() describes them, at(tap, step) gives one";
    }

    /** Frees the arrays. */
    @Override
    public void close() {
        manager.close();
    }
}
