package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import diffsvc.check.Problem;
import diffsvc.platform.WeakManager;
import diffsvc.tensor.Npz;
import diffsvc.tensor.Summary;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Every stage's value of one conversion, by name and in the order of the stages:
 *
 * <p>wav_in [N], mel_in [T, M], f0_hz [T], units [1, P, H], mel2ph [1, T], energy [1, T], f0_log2 [1, T] (key
 * included), pitch_ids [1, T], f0_denorm [1, T], cond [1, H, T], x_T and x_0 [1, 1, M, T], mel_out and vocoder_mel [1,
 * T, M], vocoder_f0 [T], wav [N].
 *
 * <p>{@link #save} writes a .npz that {@code numpy.load} opens; {@link Compare} finds the first stage that differs from
 * a .npz made in Python with some of these names.
 */
public final class Stages implements AutoCloseable {
    /** The names, in the order of the stages. */
    public static final List<String> NAMES = List.of(
            "wav_in",
            "mel_in",
            "f0_hz",
            "units",
            "mel2ph",
            "energy",
            "f0_log2",
            "pitch_ids",
            "f0_denorm",
            "cond",
            "x_T",
            "x_0",
            "mel_out",
            "vocoder_mel",
            "vocoder_f0",
            "wav");

    private final NDManager manager;
    private final int sampleRateHz;
    private final Map<String, NDArray> values = new LinkedHashMap<>();
    private final Map<String, Double> seconds = new LinkedHashMap<>();

    Stages(NDManager parent, int sampleRateHz) {
        this.manager = WeakManager.under(parent).manager();
        this.sampleRateHz = sampleRateHz;
    }

    NDManager manager() {
        return manager;
    }

    /** Keeps a copy. Values that one stage makes together carry its time at the first of them. */
    void keep(String name, NDArray value, double spent) {
        NDArray own = value.duplicate();
        own.attach(manager);
        own.setName(name);
        values.put(name, own);
        seconds.put(name, spent);
    }

    /**
     * Opens a file that {@link #save} or Python's {@code numpy.savez} wrote.
     *
     * @param parent closes the values at the latest
     * @param file .npz, values by the names above
     */
    public static Stages load(NDManager parent, Path file) {
        Stages stages = new Stages(parent, 0);
        try {
            stages.values.putAll(Npz.read(stages.manager, "stages", file));
            return stages;
        } catch (RuntimeException e) {
            stages.close();
            throw e;
        }
    }

    /** Samples per second of {@code wav}; 0 where the values come from a file. */
    public int sampleRateHz() {
        return sampleRateHz;
    }

    /** Values by name, in the order of the stages. */
    public Map<String, NDArray> values() {
        return Collections.unmodifiableMap(values);
    }

    /**
     * One value.
     *
     * @param name one of {@link #NAMES}
     * @return an array that belongs to these stages
     */
    public NDArray get(String name) {
        NDArray value = values.get(name);
        if (value == null) {
            throw Problem.in("stages", "one of " + String.join(", ", values.keySet()), name, "correct the name");
        }
        return value;
    }

    /**
     * One row per value.
     *
     * @return columns stage, shape, values (type, range, mean), not finite, seconds (0 where a value is given or made
     *     together with the one above), bytes
     */
    public Table table() {
        Table table = Table.create(
                "stages",
                StringColumn.create("stage"),
                StringColumn.create("shape"),
                StringColumn.create("values"),
                StringColumn.create("not finite"),
                DoubleColumn.create("seconds"),
                LongColumn.create("bytes"));
        values.forEach((name, value) -> {
            Summary s = Summary.of(value);
            table.stringColumn(0).append(name);
            table.stringColumn(1).append(s.shape());
            table.stringColumn(2).append(s.text());
            table.stringColumn(3).append(String.valueOf(s.nonFinite()));
            table.doubleColumn(4).append(Math.round(seconds.getOrDefault(name, 0.0) * 1000) / 1000.0);
            table.longColumn(5).append(Values.bytes(value));
        });
        return table;
    }

    /** Writes all values into one .npz and returns its path. */
    public Path save(Path file) {
        return Npz.write("stages", file, values);
    }

    /** Values of any type as float64, so that any two of them compare. */
    static double[] doubles(NDArray value) {
        try (NDArray wide = value.toType(DataType.FLOAT64, true)) {
            return wide.toDoubleArray();
        }
    }

    @Override
    public String toString() {
        return values.size() + " values: " + String.join(", ", values.keySet())
                + "; table() describes them, save(path) writes them for numpy.load";
    }

    @Override
    public void close() {
        manager.close();
    }
}
