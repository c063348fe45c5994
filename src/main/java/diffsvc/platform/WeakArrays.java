package diffsvc.platform;

import ai.djl.Device;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Takes the place of a DJL manager's map of what it owns: arrays are held weakly, child managers strongly. Everything
 * that {@link WeakManager} needs from the insides of DJL is in this class, so that a manager works without it
 * ({@link Reach#ARRAYS}).
 *
 * <p>DJL copies an array to another device, as it does to read a GPU's values, on a manager that it makes below the
 * array's own and never closes. Such a manager is held weakly too and goes with its copy.
 */
final class WeakArrays extends ConcurrentHashMap<String, AutoCloseable> {
    static final int PRESSURE_MIB = 192;
    private static final ReferenceQueue<Object> GONE = new ReferenceQueue<>();
    /** Bytes made since the last collection, without those that were closed or given away meanwhile. */
    private static final AtomicLong MADE = new AtomicLong();
    /** Collections so far. */
    private static final AtomicInteger COLLECTIONS = new AtomicInteger();

    private static final StackWalker STACK = StackWalker.getInstance();
    /** Set by {@link #attempt}, before the first object of this class exists. */
    private static volatile Inside inside;

    private final Device device;
    private final Map<String, Ref> refs = new ConcurrentHashMap<>();
    private final Map<String, Elsewhere> elsewhere = new ConcurrentHashMap<>();

    /** Private parts of DJL: fields of its managers and arrays, and the native calls below its own clone. */
    private record Inside(Field resources, Field handle, Field buffer, Object library, Method copy) {
        static Inside find() throws ReflectiveOperationException {
            Object library = field(Class.forName("ai.djl.pytorch.jni.PyTorchLibrary"), "LIB")
                    .get(null);
            Method copy = library.getClass().getDeclaredMethod("tensorClone", long.class);
            copy.setAccessible(true);
            return new Inside(
                    field(BaseNDManager.class, "resources"),
                    field(NativeResource.class, "handle"),
                    field(PtNDArray.class, "dataRef"),
                    library,
                    copy);
        }

        private static Field field(Class<?> type, String name) throws NoSuchFieldException {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        }
    }

    /** What stands for something that is unreachable. */
    private interface Gone {
        void free();
    }

    /** A manager of another device below a weak one. */
    private static final class Elsewhere extends WeakReference<PtNDManager> implements Gone {
        private final Map<String, Elsewhere> place;
        private final String id;

        Elsewhere(PtNDManager manager, Map<String, Elsewhere> place, String id) {
            super(manager, GONE);
            this.place = place;
            this.id = id;
        }

        @Override
        public void free() {
            place.remove(id, this);
        }
    }

    /** What stands for an array once it is unreachable: its place and its handle. */
    private static final class Ref extends WeakReference<NDArray> implements Gone {
        private final Map<String, Ref> place;
        private final String id;
        private final AtomicReference<Long> handle;
        private final long bytes;
        private final int made;

        Ref(NDArray array, Map<String, Ref> place, String id, AtomicReference<Long> handle, long bytes) {
            super(array, GONE);
            this.place = place;
            this.id = id;
            this.handle = handle;
            this.bytes = bytes;
            this.made = COLLECTIONS.get();
        }

        /** Takes it off what was made since the last collection. */
        void forget() {
            if (made == COLLECTIONS.get()) {
                MADE.addAndGet(-bytes);
            }
        }

        @Override
        public void free() {
            Long native0 = handle.getAndSet(null); // null where somebody closed it
            if (native0 != null) {
                JniUtils.deleteNDArray(native0);
            }
            if (place.remove(id, this)) {
                forget();
            }
        }
    }

    private WeakArrays(Device device) {
        this.device = device;
    }

    /**
     * Finds DJL's private parts and tries them on two arrays: the closed one must leave the manager, the other must
     * keep its values in memory of its own.
     */
    static void attempt() throws Exception {
        inside = Inside.find();
        try (NDManager manager = ComputeDevice.CPU.newManager()) {
            WeakArrays arrays = into(manager);
            NDArray kept = manager.create(new float[] {1, 2, 3});
            manager.ones(kept.getShape()).close();
            if (arrays.size() != 1 || arrays.living().size() != 1 || kept.getFloat(2) != 3) {
                throw new IllegalStateException("a manager does not ask for what it owns");
            }
        }
    }

    /** Makes a manager hold its arrays weakly. */
    static WeakArrays into(NDManager manager) {
        return into(manager, manager.getDevice());
    }

    /** The same for a manager whose arrays are on a device. */
    static WeakArrays into(NDManager manager, Device device) {
        WeakArrays arrays = new WeakArrays(device);
        try {
            inside.resources().set(manager, arrays);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
        return arrays;
    }

    @Override
    public AutoCloseable put(String id, AutoCloseable resource) {
        if (resource instanceof PtNDManager other && !other.getDevice().equals(device)) {
            into(other);
            elsewhere.put(id, new Elsewhere(other, elsewhere, id));
            return null;
        }
        if (!(resource instanceof PtNDArray array)) {
            return super.put(id, resource);
        }
        if (!array.getDevice().isGpu()) { // from Java values DJL copies to a GPU
            own(array);
        }
        long bytes = array.size() * array.getDataType().getNumOfBytes();
        refs.put(id, new Ref(array, refs, id, handleOf(array), bytes));
        sweep();
        if (MADE.addAndGet(bytes) > PRESSURE_MIB * 1048576L) { // of arrays that only the collector can free
            collect();
        }
        Reference.reachabilityFence(array);
        return null;
    }

    @Override
    public AutoCloseable remove(Object id) {
        Ref ref = refs.remove(id);
        if (ref != null) {
            ref.forget();
        }
        Elsewhere other = elsewhere.remove(id);
        return ref != null ? ref.get() : other != null ? other.get() : super.remove(id);
    }

    @Override
    public Collection<AutoCloseable> values() {
        List<AutoCloseable> all = new ArrayList<>(super.values());
        for (NDArray array : living()) {
            all.add(array);
        }
        for (Elsewhere ref : elsewhere.values()) {
            PtNDManager other = ref.get();
            if (other != null) {
                all.add(other);
            }
        }
        return all;
    }

    @Override
    public int size() {
        return super.size() + refs.size() + elsewhere.size();
    }

    @Override
    public void clear() {
        super.clear();
        elsewhere.clear();
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

    /** Bytes of the arrays that somebody still refers to. */
    long bytes() {
        return refs.values().stream().mapToLong(r -> r.bytes).sum();
    }

    /** Frees what the collector has found by now. */
    static void sweep() {
        for (Reference<?> ref = GONE.poll(); ref != null; ref = GONE.poll()) {
            ((Gone) ref).free();
        }
    }

    static int collections() {
        return COLLECTIONS.get();
    }

    /** Calls the collector and frees what it finds. */
    static void collect() {
        COLLECTIONS.incrementAndGet();
        MADE.set(0);
        System.gc();
        try {
            for (Reference<?> ref = GONE.remove(20);
                    ref != null;
                    ref = GONE.remove(2)) { // the collector queues them a moment later, on a thread of its own
                ((Gone) ref).free();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the interrupted work checks for it
        }
        sweep();
    }

    /** Exchanges a borrowed buffer for memory of the array's own, before any view of it can be made. */
    private static void own(PtNDArray array) {
        try {
            boolean borrows = inside.buffer().get(array) != null
                    || STACK.walk(frames ->
                            frames.limit(10).anyMatch(f -> f.getMethodName().equals("createNdFromByteBuffer")));
            if (borrows && handleOf(array).get() != null) {
                // the native call itself: DJL's own clone would register the copy in the middle of a registration
                long copy = (Long)
                        inside.copy().invoke(inside.library(), handleOf(array).get());
                JniUtils.deleteNDArray(handleOf(array).getAndSet(copy));
                inside.buffer().set(array, null); // an array still under construction gets it afterwards, unused
            }
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    @SuppressWarnings("unchecked")
    private static AtomicReference<Long> handleOf(PtNDArray array) {
        try {
            return (AtomicReference<Long>) inside.handle().get(array);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
