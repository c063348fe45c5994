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
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Every stage's value of one conversion, by name and in the order of the stages:
 *
 * <p>wav_in [N], mel_in [T, M], f0_hz [T], units [1, P, H], mel2ph [1, T], energy [1, T], f0_log2 [1, T] (key
 * included), pitch_ids [1, T], f0_denorm [1, T], cond [1, H, T], x_T and x_0 [1, 1, M, T], mel_out and vocoder_mel [1,
 * T, M], vocoder_f0 [T], wav [N].
 *
 * <p>Saved as .npz it is {@code numpy.load}'s; a .npz with some of these names, made in Python, is {@link Compare}'s
 * other side.
 */
public final class Trace implements AutoCloseable {
    /** The names, in the order of the stages. */
    public static final List<String> STAGES = List.of(
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

    Trace(NDManager manager, int sampleRateHz) {
        this.manager = WeakManager.under(manager).manager();
        this.sampleRateHz = sampleRateHz;
    }

    NDManager manager() {
        return manager;
    }

    void keep(String name, NDArray value) {
        NDArray own = value.duplicate();
        own.attach(manager);
        values.put(name, own);
    }

    /**
     * Opens what {@link #save} wrote, or Python's {@code numpy.savez}; the values belong to the trace.
     *
     * @param parent owner of the trace
     * @param file path; relative ones from the project's folder where text
     * @return the values of the file
     */
    public static Trace load(NDManager parent, Path file) {
        Trace trace = new Trace(parent, 0);
        try {
            trace.values.putAll(Npz.read(trace.manager, "trace", file));
            return trace;
        } catch (RuntimeException e) {
            trace.close();
            throw e;
        }
    }

    /**
     * Samples a second of {@code wav}; 0 where a file does not tell.
     *
     * @return Hz
     */
    public int sampleRateHz() {
        return sampleRateHz;
    }

    /**
     * Values by name.
     *
     * @return in the order of the stages
     */
    public Map<String, NDArray> values() {
        return Collections.unmodifiableMap(values);
    }

    /**
     * One value.
     *
     * @param name a stage's, see above
     * @return the array, which belongs to the trace
     */
    public NDArray get(String name) {
        NDArray value = values.get(name);
        if (value == null) {
            throw Problem.in("trace", "one of " + String.join(", ", values.keySet()), name, "correct the name");
        }
        return value;
    }

    /**
     * A row a value: name, shape, type, range, mean, and how many are not finite.
     *
     * @return name, shape, type, min, max, mean, non_finite
     */
    public Table table() {
        Table table = Table.create(
                "trace",
                StringColumn.create("stage"),
                StringColumn.create("shape"),
                StringColumn.create("values"),
                StringColumn.create("not finite"));
        values.forEach((name, value) -> {
            Summary s = Summary.of(value);
            table.stringColumn(0).append(name);
            table.stringColumn(1).append(s.shape());
            table.stringColumn(2).append(s.text());
            table.stringColumn(3).append(String.valueOf(s.nonFinite()));
        });
        return table;
    }

    /**
     * Writes all values into one .npz.
     *
     * @param file path; relative ones from the project's folder where text
     * @return the path
     */
    public Path save(Path file) {
        return Npz.write("trace", file, values);
    }

    /** Ids as float64 too, so that any two values compare. */
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
