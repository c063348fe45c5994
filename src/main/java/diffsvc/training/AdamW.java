package diffsvc.training;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.checkpoint.Weights;
import diffsvc.platform.WeakManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ObjIntConsumer;
import java.util.stream.IntStream;

/**
 * AdamW by PyTorch's formula (Loshchilov and Hutter, arXiv:1711.05101): decay first, epsilon outside the bias-corrected
 * root. DJL's optimizer keeps its moments private, so they could not be saved. On the CPU one pass over memory does the
 * whole update (moments, weights, average), in blocks that fit the cache. On other devices array operations do the
 * same, on many parameters at once: each operation costs a call and a launch.
 */
public final class AdamW implements AutoCloseable {
    private static final int BLOCK = 16384;
    /** Elements of the parameters that one array operation updates, unless a single parameter has more: 16 MiB. */
    private static final long AT_ONCE = 4 << 20;

    private final NDManager manager;
    private final Map<String, Weights> networks;
    private final Map<String, NDArray> parameters = new LinkedHashMap<>(), leaves = new LinkedHashMap<>();
    private final double beta1, beta2, eps, weightDecay;
    private final NDArray m, v, average;
    private final boolean onePass;
    /** On the CPU, of {@link #mirrors}. */
    private final NDManager host;
    /** What lies on another device, on the CPU; written again each time it is asked for. */
    private final Map<NDArray, NDArray> mirrors = new IdentityHashMap<>();

    private long updates;

    /**
     * An optimizer of all parameters of some networks, which must be closed after it.
     *
     * @param parent owner of moments and average
     * @param networks by the prefix of their parameters' names, in the order of the checkpoint
     * @param beta1 decay of the first moments, 0 to 1
     * @param beta2 decay of the second moments, 0 to 1
     * @param eps added to the root of the second moments
     * @param weightDecay decoupled decay; the weights are multiplied by 1 - lr weightDecay
     * @param averaged whether to keep an exponential average of the weights too
     */
    public AdamW(
            NDManager parent,
            Map<String, Weights> networks,
            double beta1,
            double beta2,
            double eps,
            double weightDecay,
            boolean averaged) {
        this(
                parent,
                networks,
                beta1,
                beta2,
                eps,
                weightDecay,
                averaged,
                parent.getDevice().equals(Device.cpu()));
    }

    /** The same, by one pass over memory or by array operations; these work on the CPU too. */
    AdamW(
            NDManager parent,
            Map<String, Weights> networks,
            double beta1,
            double beta2,
            double eps,
            double weightDecay,
            boolean averaged,
            boolean onePass) {
        this.manager = WeakManager.under(parent).manager();
        this.networks = new LinkedHashMap<>(networks);
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.eps = eps;
        this.weightDecay = weightDecay;
        networks.forEach(
                (prefix, weights) -> weights.all().forEach((name, array) -> parameters.put(prefix + name, array)));
        long total = parameters.values().stream().mapToLong(NDArray::size).sum();
        m = manager.zeros(new Shape(total));
        v = manager.zeros(new Shape(total));
        this.onePass = onePass;
        host = NDManager.newBaseManager(Device.cpu());
        average = averaged ? manager.zeros(new Shape(total)) : null;
        average();
        clear();
    }

    /** The weights by name, in the order of the checkpoint. */
    public Map<String, NDArray> parameters() {
        return parameters;
    }

    /** Updates behind the moments; 0 for a new optimizer. */
    public long updates() {
        return updates;
    }

    /**
     * The gradient of one parameter.
     *
     * @param scratch owner of the result
     * @return in the parameter's shape; null if no loss reached it
     */
    public NDArray gradient(NDManager scratch, String name) {
        NDArray g = leaves.get(name).getGradient();
        g.attach(scratch);
        return g.getShape().equals(parameters.get(name).getShape())
                ? g
                : null; // the engine gives an empty array where no loss reached the parameter
    }

    /** Norms of the gradients by parameter name; 0 where no loss reached the parameter. */
    public Map<String, Double> gradientNorms() {
        Map<String, Double> norms = new LinkedHashMap<>();
        try (NDManager scratch = manager.newSubManager()) {
            if (onePass) {
                List<Part> parts = parts(scratch);
                double[] squares = squares(parts);
                for (int i = 0; i < parts.size(); i++) {
                    norms.merge(parts.get(i).name, squares[i], Double::sum);
                }
                norms.replaceAll((name, square) -> Math.sqrt(square));
            } else {
                NDList squares = new NDList();
                for (String name : parameters.keySet()) {
                    NDArray g = gradient(scratch, name);
                    squares.add(
                            g == null
                                    ? scratch.zeros(new Shape(1))
                                    : g.square().sum().reshape(1));
                }
                float[] all = NDArrays.concat(squares).toFloatArray(); // one wait for the device, not one per parameter
                int i = 0;
                for (String name : parameters.keySet()) {
                    norms.put(name, Math.sqrt(all[i++]));
                }
            }
        }
        return norms;
    }

    /** The norm over all gradients together. */
    public double gradientNorm() {
        return Math.sqrt(
                gradientNorms().values().stream().mapToDouble(n -> n * n).sum());
    }

    /**
     * Discards all gradients: the networks get new arrays that share the weights' memory and hold no gradient. Writing
     * zeros instead would cost a pass over memory here, and another in the next backward pass, which would add to them.
     */
    public void clear() {
        leaves.values().forEach(NDArray::close);
        networks.forEach((prefix, weights) -> parameters.forEach((name, p) -> {
            if (name.startsWith(prefix)) {
                NDArray leaf = p.stopGradient(); // shares the storage
                leaf.attach(manager);
                leaf.setRequiresGradient(true);
                weights.lend(name.substring(prefix.length()), leaf);
                leaves.put(name, leaf);
            }
        }));
    }

    /**
     * One update without an average.
     *
     * @param lr learning rate
     * @param clipNorm limit of the total norm; 0 = none
     * @return the norm over all gradients before clipping
     */
    public double update(double lr, double clipNorm) {
        return update(lr, clipNorm, 1, gradientNorm());
    }

    /**
     * One update from the gradients held, which are then discarded. If the norm is not finite nothing changes.
     *
     * @param lr learning rate
     * @param clipNorm limit of the total norm; 0 = none
     * @param averageDecay decay of the average, 0 to 1, if one is kept
     * @param norm as {@link #gradientNorm} gives it
     * @return {@code norm}
     */
    public double update(double lr, double clipNorm, double averageDecay, double norm) {
        if (!Double.isFinite(norm)) {
            return norm;
        }
        updates++;
        Step step = new Step(
                (float) (clipNorm > 0 ? Math.min(1, clipNorm / (norm + 1e-6)) : 1),
                (float) (1 - lr * weightDecay),
                (float) (1 - beta1),
                (float) beta2,
                (float) (1 - beta2),
                (float) Math.sqrt(1 - Math.pow(beta2, updates)),
                (float) (lr / (1 - Math.pow(beta1, updates))),
                (float) eps,
                (float) (1 - averageDecay));
        try (NDManager scratch = manager.newSubManager()) {
            if (onePass) {
                List<Part> parts = parts(scratch);
                FloatBuffer first = floats(m), second = floats(v), mean = average == null ? null : floats(average);
                each(parts, (room, i) -> parts.get(i).update(step, room, first, second, mean));
            } else {
                onDevice(scratch, step);
            }
        }
        clear();
        return norm;
    }

    /** The numbers of one update. */
    private record Step(
            float clip,
            float decay,
            float rise1,
            float beta2,
            float rise2,
            float root2,
            float rate,
            float eps,
            float pull) {}

    /** A stretch of one parameter: its weights and gradient from {@code from}, its moments from {@code at}. */
    private record Part(String name, FloatBuffer weight, FloatBuffer gradient, int from, int at, int size) {
        double squares(float[] g) {
            if (gradient == null) {
                return 0;
            }
            gradient.get(from, g, 0, size);
            double a = 0, b = 0, c = 0, d = 0; // four sums, so that additions do not wait for one another
            int i = 0;
            for (; i + 3 < size; i += 4) {
                a += (double) g[i] * g[i];
                b += (double) g[i + 1] * g[i + 1];
                c += (double) g[i + 2] * g[i + 2];
                d += (double) g[i + 3] * g[i + 3];
            }
            for (; i < size; i++) {
                a += (double) g[i] * g[i];
            }
            return a + b + (c + d);
        }

        void update(Step s, Room room, FloatBuffer first, FloatBuffer second, FloatBuffer mean) {
            float[] p = room.p, g = room.g, m = room.m, v = room.v;
            weight.get(from, p, 0, size);
            if (gradient != null) { // a parameter that no loss reached stays as it is, without decay, as in PyTorch
                gradient.get(from, g, 0, size);
                first.get(at, m, 0, size);
                second.get(at, v, 0, size);
                step(s.clip, s.decay, s.rise1, s.beta2, s.rise2, s.root2, s.rate, s.eps, p, g, m, v, size);
                weight.put(from, p, 0, size);
                first.put(at, m, 0, size);
                second.put(at, v, 0, size);
            }
            if (mean != null) {
                mean.get(at, g, 0, size);
                for (int i = 0; i < size; i++) {
                    g[i] += (p[i] - g[i]) * s.pull;
                }
                mean.put(at, g, 0, size);
            }
        }

        private static void step(
                float clip,
                float decay,
                float rise1,
                float beta2,
                float rise2,
                float root2,
                float rate,
                float eps,
                float[] p,
                float[] g,
                float[] m,
                float[] v,
                int size) {
            for (int i = 0; i < size; i++) {
                float x = g[i] * clip;
                float first = m[i] + (x - m[i]) * rise1, second = v[i] * beta2 + x * x * rise2;
                m[i] = first;
                v[i] = second;
                p[i] = p[i] * decay - rate * (first / ((float) Math.sqrt(second) / root2 + eps));
            }
        }
    }

    /** Arrays of one thread, small enough for its cache. */
    private static final class Room {
        private final float[] p = new float[BLOCK], g = new float[BLOCK], m = new float[BLOCK], v = new float[BLOCK];
    }

    /** Processes all parts on all processors; the assignment does not change the result. */
    private static void each(List<Part> parts, ObjIntConsumer<Room> work) {
        AtomicInteger next = new AtomicInteger();
        IntStream.range(0, Runtime.getRuntime().availableProcessors())
                .parallel()
                .forEach(thread -> {
                    Room room = new Room();
                    for (int i = next.getAndIncrement(); i < parts.size(); i = next.getAndIncrement()) {
                        work.accept(room, i);
                    }
                });
    }

    private static double[] squares(List<Part> parts) {
        double[] squares = new double[parts.size()];
        each(parts, (room, i) -> squares[i] = parts.get(i).squares(room.g));
        return squares; // summed in their order: threads do not change the result
    }

    private List<Part> parts(NDManager scratch) {
        List<Part> parts = new ArrayList<>();
        int at = 0;
        for (Map.Entry<String, NDArray> e : parameters.entrySet()) {
            NDArray p = e.getValue();
            int n = (int) p.size();
            NDArray g = gradient(scratch, e.getKey());
            FloatBuffer weight = floats(p), gradient = g == null ? null : floats(g);
            for (int from = 0; from < n; from += BLOCK) {
                parts.add(new Part(e.getKey(), weight, gradient, from, at + from, Math.min(BLOCK, n - from)));
            }
            at += n;
        }
        return parts;
    }

    private static FloatBuffer floats(NDArray array) {
        return memory(array).asFloatBuffer();
    }

    /** An array's own memory on a CPU. */
    private static ByteBuffer memory(NDArray array) {
        return array.toByteBuffer(true).order(ByteOrder.nativeOrder());
    }

    /** Writes values into an array in place: NDArray.set would move it into a Java buffer. */
    private void put(NDManager scratch, NDArray array, float[] values) {
        if (onePass) {
            floats(array).put(values);
        } else {
            array.muli(0f).addi(scratch.create(values, array.getShape()));
        }
    }

    private void onDevice(NDManager scratch, Step s) {
        scratch.tempAttachAll(m, v);
        long at = 0, from = 0, n = 0;
        List<NDArray> some = new ArrayList<>(), gradients = new ArrayList<>(); // neighbours in the moments
        for (Map.Entry<String, NDArray> e : parameters.entrySet()) {
            NDArray g = gradient(scratch, e.getKey());
            long size = e.getValue().size();
            if (g == null || n + size > AT_ONCE) {
                together(scratch, s, some, gradients, from, n);
                some.clear();
                gradients.clear();
                n = 0;
            }
            if (g != null) { // a parameter that no loss reached stays as it is, without decay, as in PyTorch
                from = n == 0 ? at : from;
                some.add(e.getValue());
                gradients.add(g);
                n += size;
            }
            at += size;
        }
        together(scratch, s, some, gradients, from, n);
        if (average != null) {
            scratch.tempAttachAll(average);
            average.addi(flat(scratch).sub(average).mul(s.pull));
        }
    }

    /** Updates parameters whose moments lie side by side, {@code n} elements from {@code from}. */
    private void together(NDManager scratch, Step s, List<NDArray> some, List<NDArray> gradients, long from, long n) {
        if (some.isEmpty()) {
            return;
        }
        try (NDManager one = scratch.newSubManager()) {
            NDList rows = new NDList();
            gradients.forEach(g -> {
                g.attach(one);
                rows.add(g.reshape(-1));
            });
            NDArray g = NDArrays.concat(rows).mul(s.clip),
                    first = m.get(from + ":" + (from + n)),
                    second = v.get(from + ":" + (from + n));
            first.attach(one);
            second.attach(one);
            first.addi(g.sub(first).mul(s.rise1));
            second.muli(s.beta2).addi(g.square().mul(s.rise2));
            NDArray change = first.div(second.sqrt().div(s.root2).add(s.eps)).mul(s.rate);
            long at = 0;
            for (NDArray p : some) {
                NDArray raw = p.stopGradient(); // shares the storage
                raw.attach(one);
                raw.muli(s.decay).subi(change.get(at + ":" + (at + p.size())).reshape(raw.getShape()));
                at += p.size();
            }
        }
    }

    private NDArray flat(NDManager scratch) {
        NDList parts = new NDList();
        for (NDArray p : parameters.values()) {
            NDArray raw = p.stopGradient();
            raw.attach(scratch);
            parts.add(raw.reshape(-1));
        }
        return NDArrays.concat(parts);
    }

    /** Resets the average to the current weights. */
    public void average() {
        if (average != null) {
            fill(average, weights());
        }
    }

    /**
     * The weights by name, valid until the optimizer closes. On the CPU they share the arrays' memory; from another
     * device they are copied to the same place each time.
     */
    public Map<String, TorchTensor> weights() {
        Map<String, TorchTensor> named = new LinkedHashMap<>();
        parameters.forEach((name, p) -> named.put(
                name,
                TorchTensor.ofBytes(
                        TorchTensor.Type.FLOAT, bytes(p), p.getShape().getShape())));
        return named;
    }

    /** First moments by parameter name, sharing memory as {@link #weights} do. */
    public Map<String, TorchTensor> firstMoments() {
        return named(m);
    }

    /** Second moments by parameter name, sharing memory as {@link #weights} do. */
    public Map<String, TorchTensor> secondMoments() {
        return named(v);
    }

    /**
     * The averaged weights by name, or the weights themselves if no average is kept; they share memory as
     * {@link #weights} do.
     */
    public Map<String, TorchTensor> averages() {
        return average == null ? weights() : named(average);
    }

    private Map<String, TorchTensor> named(NDArray flat) {
        ByteBuffer all = bytes(flat);
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        int at = 0;
        for (Map.Entry<String, NDArray> e : parameters.entrySet()) {
            int n = (int) e.getValue().size() * 4;
            tensors.put(
                    e.getKey(),
                    TorchTensor.ofBytes(
                            TorchTensor.Type.FLOAT,
                            all.slice(at, n),
                            e.getValue().getShape().getShape()));
            at += n;
        }
        return tensors;
    }

    /** An array's values: its own memory on the CPU, else a mirror's. */
    private ByteBuffer bytes(NDArray array) {
        if (onePass) {
            return memory(array);
        }
        ByteBuffer mirror = memory(mirrors.computeIfAbsent(array, a -> host.create(a.getShape())));
        try (NDManager scratch = host.newSubManager()) {
            NDArray copy = array.toDevice(Device.cpu(), true);
            copy.attach(scratch);
            mirror.duplicate().put(memory(copy));
        }
        return mirror;
    }

    /**
     * Resumes from saved moments; a missing name keeps zeros, as a parameter that never had a gradient.
     *
     * @param first moments by parameter name
     * @param second moments by parameter name
     * @param updates behind the moments
     */
    public void resume(Map<String, TorchTensor> first, Map<String, TorchTensor> second, long updates) {
        this.updates = updates;
        fill(m, first);
        fill(v, second);
    }

    /**
     * Sets all weights.
     *
     * @param saved by parameter name, each in the parameter's shape
     */
    public void restore(Map<String, TorchTensor> saved) {
        try (NDManager scratch = manager.newSubManager()) {
            parameters.forEach((name, p) -> {
                NDArray raw = p.stopGradient(); // shares the storage, keeps no history
                raw.attach(scratch);
                put(scratch, raw, saved.get(name).toFloats());
            });
        }
    }

    /**
     * Sets the average, if one is kept.
     *
     * @param saved by parameter name; a missing one becomes zeros
     */
    public void resumeAverage(Map<String, TorchTensor> saved) {
        if (average != null) {
            fill(average, saved);
        }
    }

    private void fill(NDArray flat, Map<String, TorchTensor> saved) {
        long at = 0;
        for (Map.Entry<String, NDArray> e : parameters.entrySet()) {
            TorchTensor t = saved.get(e.getKey());
            long n = e.getValue().size();
            float[] values = t == null ? new float[(int) n] : t.toFloats();
            if (onePass) {
                floats(flat).put((int) at, values);
            } else {
                try (NDManager scratch = manager.newSubManager();
                        NDArray part = flat.get(at + ":" + (at + n))) {
                    part.muli(0f).addi(scratch.create(values, part.getShape()));
                }
            }
            at += n;
        }
    }

    @Override
    public void close() {
        networks.forEach((prefix, weights) -> parameters.keySet().stream()
                .filter(n -> n.startsWith(prefix))
                .forEach(n -> weights.lend(n.substring(prefix.length()), null)));
        manager.close();
        host.close();
    }
}
