package diffsvc.platform;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.util.NativeResource;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A manager whose arrays go when nobody refers to them any more, so that a notebook's cell needs no close(): a variable
 * that is assigned anew, or a result that was only looked at, gives its memory back.
 *
 * <p>DJL's managers hold their arrays strongly until they close. Here the manager refers to them weakly and keeps their
 * native handle beside; what the collector found unreachable is freed by the next operation on any such manager, on the
 * thread that works, so never while the engine still reads it. The collector knows nothing of native memory, therefore
 * it is called each time another {@value #PRESSURE_MIB} MiB were made.
 *
 * <p>An array made from Java values borrows a Java buffer in DJL, and a view of it would outlive that buffer; arrays
 * made here own their memory instead.
 */
public final class WeakManager implements AutoCloseable {
    private static final int PRESSURE_MIB = 192;
    private static final ReferenceQueue<NDArray> GONE = new ReferenceQueue<>();
    private static final AtomicLong MADE = new AtomicLong();
    private static final Field RESOURCES = field(BaseNDManager.class, "resources"),
            HANDLE = field(NativeResource.class, "handle"),
            BUFFER = field(PtNDArray.class, "dataRef");
    private static final Object LIBRARY = library();
    private static final Method CLONE = tensorClone();
    private static final StackWalker STACK = StackWalker.getInstance();
    private final NDManager manager;
    private final Weakly arrays = new Weakly();

    /** What stands for an array once it is unreachable: its place and its handle. */
    private static final class Ref extends WeakReference<NDArray> {
        private final Map<String, Ref> place;
        private final String id;
        private final AtomicReference<Long> handle;
        private final long bytes;

        Ref(NDArray array, Map<String, Ref> place, String id, AtomicReference<Long> handle, long bytes) {
            super(array, GONE);
            this.place = place;
            this.id = id;
            this.handle = handle;
            this.bytes = bytes;
        }

        void free() {
            Long native0 = handle.getAndSet(null); // null where somebody closed it
            if (native0 != null) {
                JniUtils.deleteNDArray(native0);
            }
            place.remove(id, this);
        }
    }

    /** In the place of a manager's map of what it owns; child managers stay strong. */
    private static final class Weakly extends ConcurrentHashMap<String, AutoCloseable> {
        private final Map<String, Ref> refs = new ConcurrentHashMap<>();

        @Override
        public AutoCloseable put(String id, AutoCloseable resource) {
            if (!(resource instanceof PtNDArray array)) {
                return super.put(id, resource);
            }
            own(array);
            long bytes = array.getDevice().isGpu()
                    ? 0
                    : array.size() * array.getDataType().getNumOfBytes();
            refs.put(id, new Ref(array, refs, id, handleOf(array), bytes));
            sweep();
            if (MADE.addAndGet(bytes) > PRESSURE_MIB * 1048576L) {
                collect();
            }
            Reference.reachabilityFence(array);
            return null;
        }

        @Override
        public AutoCloseable remove(Object id) {
            Ref ref = refs.remove(id);
            return ref == null ? super.remove(id) : ref.get();
        }

        @Override
        public Collection<AutoCloseable> values() {
            List<AutoCloseable> all = new ArrayList<>(super.values());
            for (NDArray array : living()) {
                all.add(array);
            }
            return all;
        }

        @Override
        public int size() {
            return super.size() + refs.size();
        }

        @Override
        public void clear() {
            super.clear();
            refs.values().forEach(Ref::free); // those whose array is gone and not yet swept
        }

        List<NDArray> living() {
            List<NDArray> living = new ArrayList<>();
            for (Ref ref : refs.values()) {
                NDArray array = ref.get();
                if (array != null) {
                    living.add(array);
                }
            }
            return living;
        }
    }

    private WeakManager(NDManager manager) {
        this.manager = manager;
        try {
            RESOURCES.set(manager, arrays);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * A manager of its own, beside all others.
     *
     * @return a manager that holds weakly
     */
    public static WeakManager open() {
        return new WeakManager(NDManager.newBaseManager());
    }

    /**
     * One that closes with {@code parent} at the latest.
     *
     * @param parent closes it at the latest
     * @return a manager that holds weakly
     */
    public static WeakManager under(NDManager parent) {
        return new WeakManager(parent.newSubManager());
    }

    /**
     * The manager to work with.
     *
     * @return to make arrays with
     */
    public NDManager manager() {
        return manager;
    }

    /**
     * What somebody still refers to, after a collection.
     *
     * @return in no order
     */
    public List<NDArray> arrays() {
        collect();
        return arrays.living();
    }

    /**
     * Bytes of what somebody still refers to, after a collection; views count as if they were copies.
     *
     * @return the bytes of their values
     */
    public long bytes() {
        collect();
        return arrays.refs.values().stream().mapToLong(r -> r.bytes).sum();
    }

    /**
     * Frees every array at once, referred to or not; who still uses one gets DJL's "Native resource has been released
     * already".
     */
    public void clear() {
        for (NDArray array : arrays.living()) {
            array.close();
        }
        sweep();
    }

    @Override
    public void close() {
        manager.close();
        sweep();
    }

    /** Frees what the collector has found by now. */
    private static void sweep() {
        for (Reference<? extends NDArray> ref = GONE.poll(); ref != null; ref = GONE.poll()) {
            ((Ref) ref).free();
        }
    }

    /** Calls the collector and frees what it finds. */
    public static void collect() {
        MADE.set(0);
        System.gc();
        try {
            for (Reference<? extends NDArray> ref = GONE.remove(20);
                    ref != null;
                    ref = GONE.remove(2)) { // it tells of them a moment later, on a thread of its own
                ((Ref) ref).free();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the work that was interrupted looks for it
        }
        sweep();
    }

    /** Exchanges a borrowed buffer for memory of the array's own, before any view of it can be made. */
    private static void own(PtNDArray array) {
        try {
            boolean borrows = BUFFER.get(array) != null
                    || STACK.walk(frames ->
                            frames.limit(10).anyMatch(f -> f.getMethodName().equals("createNdFromByteBuffer")));
            if (borrows && handleOf(array).get() != null) {
                long copy = (Long) CLONE.invoke(LIBRARY, handleOf(array).get());
                JniUtils.deleteNDArray(handleOf(array).getAndSet(copy));
                BUFFER.set(array, null); // an array still under construction gets it afterwards; then it is idle
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @SuppressWarnings("unchecked")
    private static AtomicReference<Long> handleOf(PtNDArray array) {
        try {
            return (AtomicReference<Long>) HANDLE.get(array);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The native calls themselves: DJL's own clone would register the copy in the middle of a registration. */
    private static Object library() {
        try {
            return field(Class.forName("ai.djl.pytorch.jni.PyTorchLibrary"), "LIB")
                    .get(null);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Method tensorClone() {
        try {
            Method clone = LIBRARY.getClass().getDeclaredMethod("tensorClone", long.class);
            clone.setAccessible(true);
            return clone;
        } catch (NoSuchMethodException e) {
            throw new IllegalStateException(
                    "tensor: need DJL 0.35.1, whose native library has tensorClone; pom.xml pins it", e);
        }
    }

    private static Field field(Class<?> type, String name) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException(
                    "tensor: need DJL 0.35.1, whose " + type.getSimpleName() + " has a field " + name
                            + "; pom.xml pins it",
                    e);
        }
    }
}
