package diffsvc.platform;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;

/**
 * A manager whose arrays go when no variable refers to them any more, so that a notebook's cell needs no close(): a
 * variable that gets another value, or a result that was only displayed, gives its memory back.
 *
 * <p>DJL's managers hold their arrays strongly until they close. This one refers to them weakly and keeps their native
 * handle beside ({@link WeakArrays}). The next operation on any such manager frees what the collector found
 * unreachable, on the thread that works, so never while the engine still reads it. The collector knows nothing of
 * native memory; therefore it is called each time another {@value WeakArrays#PRESSURE_MIB} MiB were made and not
 * closed.
 *
 * <p>An array made from Java values borrows a Java buffer in DJL, and a view of it would outlive that buffer; arrays
 * made here own their memory instead.
 *
 * <p>Where {@link Reach#ARRAYS} does not work or is switched off, this is an ordinary manager: arrays stay until
 * {@link #clear} or {@link #close}.
 */
public final class WeakManager implements AutoCloseable {
    private final NDManager manager;
    /** Null in an ordinary manager. */
    private final WeakArrays arrays;

    private WeakManager(NDManager manager, boolean weak) {
        this.manager = manager;
        this.arrays = weak ? WeakArrays.into(manager) : null;
    }

    /** A manager on the CPU beside all others, not below one of them. */
    public static WeakManager open() {
        return open(ComputeDevice.CPU);
    }

    /** A manager of arrays on a device, beside all others, not below one of them. */
    public static WeakManager open(ComputeDevice device) {
        return new WeakManager(device.newManager(), Reach.ARRAYS.works());
    }

    /** A manager that closes with {@code parent} at the latest. */
    public static WeakManager under(NDManager parent) {
        return new WeakManager(parent.newSubManager(), Reach.ARRAYS.works());
    }

    /** An ordinary manager, as {@link #open} gives it where the reach is off. */
    static WeakManager plain() {
        return new WeakManager(ComputeDevice.CPU.newManager(), false);
    }

    /** DJL's manager: what is made with it is held weakly. */
    public NDManager manager() {
        return manager;
    }

    /** Whether arrays go by themselves; false where they stay until {@link #clear}. */
    public boolean isWeak() {
        return arrays != null;
    }

    /** What somebody still refers to, after a collection, in no order; of an ordinary manager all its arrays. */
    public List<NDArray> arrays() {
        collect();
        return living();
    }

    /** Bytes of {@link #arrays}; views count as if they were copies. */
    public long bytes() {
        collect();
        return arrays != null
                ? arrays.bytes()
                : living().stream()
                        .mapToLong(a -> a.size() * a.getDataType().getNumOfBytes())
                        .sum();
    }

    /**
     * Frees every array at once, whether a variable refers to it or not. A later use of such a variable throws DJL's
     * "Native resource has been released already".
     */
    public void clear() {
        living().forEach(NDArray::close);
        if (arrays != null) {
            WeakArrays.sweep();
        }
    }

    @Override
    public void close() {
        manager.close();
        if (arrays != null) {
            WeakArrays.sweep();
        }
    }

    /** Calls the Java collector and frees what it finds. */
    public static void collect() {
        if (Reach.ARRAYS.works()) {
            WeakArrays.collect();
        }
    }

    private List<NDArray> living() {
        return arrays != null ? arrays.living() : new ArrayList<>(owned(manager));
    }

    /** Arrays of this manager itself; those of its child managers go with the children. */
    private static List<NDArray> owned(NDManager manager) {
        return manager.getManagedArrays().stream()
                .filter(a -> a.getManager() == manager)
                .toList();
    }
}
