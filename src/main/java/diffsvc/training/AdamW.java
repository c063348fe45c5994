package diffsvc.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.checkpoint.TorchTensor;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * AdamW by PyTorch's formula (Loshchilov and Hutter, arXiv:1711.05101): decay first, epsilon outside the bias-corrected root. DJL's own keeps
 * its moments private, so nothing could be saved. Moments are two long vectors over all parameters: a dozen kernels an update instead of a
 * dozen a parameter.
 */
public final class AdamW implements AutoCloseable {
    private final NDManager manager;
    private final Map<String, NDArray> parameters;
    private final double beta1, beta2, eps, weightDecay;
    private final NDArray m, v;
    private long updates;

    /** An optimizer of these parameters, by name; they must live longer than it. */
    public AdamW(NDManager parent, Map<String, NDArray> parameters, double beta1, double beta2, double eps, double weightDecay) {
        this.manager = parent.newSubManager();
        this.parameters = new LinkedHashMap<>(parameters);
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.eps = eps;
        this.weightDecay = weightDecay;
        long total = parameters.values().stream().mapToLong(NDArray::size).sum();
        m = manager.zeros(new Shape(total));
        v = manager.zeros(new Shape(total));
        parameters.values().forEach(p -> p.setRequiresGradient(true));
    }

    public Map<String, NDArray> parameters() {
        return parameters;
    }

    /** Updates made so far. */
    public long updates() {
        return updates;
    }

    /** All gradients as one vector [total] of {@code scratch}; a parameter that got none counts as 0. */
    NDArray gradient(NDManager scratch) {
        NDList parts = new NDList();
        for (NDArray p : parameters.values()) {
            NDArray part;
            if (p.hasGradient()) {
                NDArray g = p.getGradient();
                g.attach(scratch);
                part = g.size() == p.size() && g.getShape().dimension() == p.getShape().dimension() ? g.reshape(-1) : scratch.zeros(new Shape(p.size()));
            } else {
                part = scratch.zeros(new Shape(p.size()));
            }
            parts.add(part);
        }
        return ai.djl.ndarray.NDArrays.concat(parts);
    }

    /** Names and norms of the gradients, for a table. */
    public Map<String, Double> gradientNorms() {
        Map<String, Double> norms = new LinkedHashMap<>();
        try (NDManager scratch = manager.newSubManager()) {
            NDList parts = split(gradient(scratch));
            int i = 0;
            for (String name : parameters.keySet()) {
                norms.put(name, (double) parts.get(i++).norm().getFloat());
            }
        }
        return norms;
    }

    /**
     * One update from the gradients the parameters hold, which are then zero again.
     *
     * @param clipNorm limit of the total norm; 0 = none
     * @return the total gradient norm before clipping
     */
    public double update(double lr, double clipNorm) {
        try (NDManager scratch = manager.newSubManager()) {
            scratch.tempAttachAll(m, v);
            NDArray g = gradient(scratch).stopGradient();
            double norm = Math.sqrt(g.square().sum().getFloat());
            if (clipNorm > 0) {
                g = g.mul((float) Math.min(1, clipNorm / (norm + 1e-6)));
            }
            updates++;
            m.muli((float) beta1).addi(g.mul((float) (1 - beta1)));
            v.muli((float) beta2).addi(g.square().mul((float) (1 - beta2)));
            NDArray root = scratch.create(0f).add(v.sqrt().div((float) Math.sqrt(1 - Math.pow(beta2, updates)))).add((float) eps);
            NDArray step = scratch.create((float) (lr / (1 - Math.pow(beta1, updates)))).mul(m).div(root);
            NDList steps = split(step);
            int i = 0;
            for (NDArray p : parameters.values()) {
                NDArray raw = p.stopGradient();                     // shares the storage, keeps no history
                raw.attach(scratch);
                if (weightDecay != 0) {
                    raw.muli((float) (1 - lr * weightDecay));
                }
                raw.subi(steps.get(i++).reshape(p.getShape()));
                if (p.hasGradient()) {
                    NDArray own = p.getGradient();
                    own.attach(scratch);
                    own.muli(0f);
                }
            }
            return norm;
        }
    }

    private NDList split(NDArray flat) {
        long[] at = new long[parameters.size() - 1];
        long sum = 0;
        int i = 0;
        for (NDArray p : parameters.values()) {
            sum += p.size();
            if (i < at.length) {
                at[i++] = sum;
            }
        }
        return flat.split(at);
    }

    /** All parameters as one vector, for averages; it belongs to {@code scratch}. */
    NDArray flat(NDManager scratch) {
        NDList parts = new NDList();
        for (NDArray p : parameters.values()) {
            NDArray raw = p.stopGradient();
            raw.attach(scratch);
            parts.add(raw.reshape(-1));
        }
        return ai.djl.ndarray.NDArrays.concat(parts);
    }

    /** A vector as {@link #flat} gives it, cut back into named tensors. */
    Map<String, TorchTensor> named(NDArray flat) {
        float[] all = flat.toFloatArray();
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        int at = 0;
        for (Map.Entry<String, NDArray> e : parameters.entrySet()) {
            int n = (int) e.getValue().size();
            tensors.put(e.getKey(), TorchTensor.of(java.util.Arrays.copyOfRange(all, at, at + n), e.getValue().getShape().getShape()));
            at += n;
        }
        return tensors;
    }

    /** First moments by parameter name. */
    public Map<String, TorchTensor> firstMoments() {
        return named(m);
    }

    /** Second moments by parameter name. */
    public Map<String, TorchTensor> secondMoments() {
        return named(v);
    }

    /** Goes on from saved moments; names that are missing keep zeros, as parameters that never had a gradient. */
    public void resume(Map<String, TorchTensor> first, Map<String, TorchTensor> second, long updates) {
        this.updates = updates;
        restore(m, first);
        restore(v, second);
    }

    private void restore(NDArray flat, Map<String, TorchTensor> saved) {
        float[] all = new float[(int) flat.size()];
        int at = 0;
        for (Map.Entry<String, NDArray> e : parameters.entrySet()) {
            TorchTensor t = saved.get(e.getKey());
            if (t != null) {
                System.arraycopy(t.toFloats(), 0, all, at, (int) e.getValue().size());
            }
            at += (int) e.getValue().size();
        }
        try (NDManager scratch = manager.newSubManager()) {
            flat.muli(0f).addi(scratch.create(all));
        }
    }

    @Override public void close() {
        parameters.values().forEach(p -> p.setRequiresGradient(false));
        manager.close();
    }
}
