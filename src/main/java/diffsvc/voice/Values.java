package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.WeakManager;
import diffsvc.tensor.Summary;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * The arrays that a voice's stages have handed out, and the partial result of the call that was stopped last. An array
 * lives as long as something refers to it ({@link WeakManager}), so a cell needs no {@code close()}.
 */
public final class Values implements AutoCloseable {
    private final WeakManager arrays;
    private volatile PartialResult last;

    Values(ComputeDevice device) {
        arrays = WeakManager.open(device);
    }

    /** The manager of every array that a stage hands out. */
    public NDManager manager() {
        return arrays.manager();
    }

    /**
     * The arrays that something still refers to, the largest first. The networks' weights are not among them.
     *
     * @return columns value (the name a stage gave, or empty), shape, type, bytes
     */
    public Table held() {
        Table table = Table.create(
                "held",
                StringColumn.create("value"),
                StringColumn.create("shape"),
                StringColumn.create("type"),
                LongColumn.create("bytes"));
        List<NDArray> all = new ArrayList<>(arrays.arrays());
        all.sort(Comparator.comparingLong(Values::bytes).reversed());
        for (NDArray a : all) {
            table.stringColumn(0).append(a.getName() == null ? "" : a.getName());
            table.stringColumn(1).append(Summary.shape(a));
            table.stringColumn(2).append(a.getDataType().name().toLowerCase(Locale.ROOT));
            table.longColumn(3).append(bytes(a));
        }
        return table;
    }

    /** Gives an array to the caller: a copy that owns its memory and outlives the scratch manager. */
    NDArray handOut(String name, NDArray array) {
        NDArray own = array.duplicate();
        own.attach(manager());
        own.setName(name);
        return own;
    }

    /**
     * A copy on a scratch manager and its device: what a stage makes of it goes when the stage ends, and an array that
     * somebody made elsewhere serves as well.
     */
    static NDArray lent(NDManager scratch, NDArray array) {
        NDArray copy = array.getDevice().equals(scratch.getDevice())
                ? array.duplicate()
                : array.toDevice(scratch.getDevice(), true);
        copy.attach(scratch);
        return copy;
    }

    static long bytes(NDArray a) {
        return a.size() * a.getDataType().getNumOfBytes();
    }

    /** Frees every array at once, referred to or not, and forgets {@link #last}; the networks stay open. */
    public void clear() {
        last = null;
        arrays.clear();
    }

    /**
     * What the call that was stopped last had made until then.
     *
     * @throws Problem when no call was stopped since the voice was opened or its values were cleared
     */
    public PartialResult last() {
        PartialResult partial = last;
        if (partial == null) {
            throw Problem.in(
                    "last",
                    "a call that was stopped",
                    "none since the voice was opened or cleared",
                    "press stop while a call runs");
        }
        return partial;
    }

    /** Keeps what a stopped call has made, for {@link #last}. */
    public void keep(PartialResult partial) {
        last = partial;
    }

    @Override
    public void close() {
        arrays.close();
    }
}
