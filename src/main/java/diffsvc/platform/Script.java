package diffsvc.platform;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.IValueUtils;
import ai.djl.pytorch.jni.JniUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * A TorchScript network inside the engine: one call runs a whole method of it, without a call from Java for each
 * operation. It owns its attributes until it or its owner closes, or nothing refers to it any more.
 *
 * <p>DJL's own call reads the names of the inputs as instructions; this one passes values alone.
 */
public final class Script implements AutoCloseable {
    private static final Cleaner UNREACHABLE = Cleaner.create();
    private final PtSymbolBlock block;
    private final Cleaner.Cleanable closing;
    private final PartListener listener;
    /** The script that owns the attributes, if it is another one; here so that it stays reachable. */
    private final Script owning;

    private Script(NDManager owner, Model model) {
        listener = PartListener.NONE;
        owning = null;
        block = (PtSymbolBlock) model.getBlock();
        String id = UUID.randomUUID().toString();
        owner.attachInternal(id, model);
        closing = UNREACHABLE.register(this, () -> {
            owner.detachInternal(id);
            model.close();
        });
    }

    private Script(Script owning, PartListener listener) {
        block = owning.block;
        closing = owning.closing;
        this.listener = listener;
        this.owning = owning;
    }

    /**
     * Opens an archive.
     *
     * @param owner closes it at the latest; its device gets the archive's own tensors
     * @param archive the file of torch.jit.save
     * @throws IllegalArgumentException with the engine's words when its source does not compile
     */
    public static Script open(NDManager owner, byte[] archive) {
        Model model = Model.newInstance("network", owner.getDevice(), "PyTorch");
        try {
            model.load(new ByteArrayInputStream(archive));
            return new Script(owner, model);
        } catch (IOException | MalformedModelException | RuntimeException e) {
            model.close();
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** The same network, with a listener that hears of each call by its method's name; closing one closes both. */
    public Script heardBy(PartListener listener) {
        return listener == PartListener.NONE ? this : new Script(owning == null ? this : owning, listener);
    }

    /**
     * Runs a method of tensors that returns a tensor.
     *
     * @param owner of the result
     */
    public NDArray run(NDManager owner, String method, NDArray... inputs) {
        return run(owner, method, List.of(inputs));
    }

    /**
     * Runs a method of tensors and then integers that returns a tensor.
     *
     * @param owner of the result
     */
    public NDArray run(NDManager owner, String method, List<NDArray> inputs, long... numbers) {
        return result(
                owner,
                method,
                Stream.concat(
                                inputs.stream().map(a -> IValue.from((PtNDArray) a)),
                                LongStream.of(numbers).mapToObj(IValue::from))
                        .toArray(IValue[]::new));
    }

    /**
     * Runs a method of one {@code Dict[str, Tensor]} that returns a tensor.
     *
     * @param owner of the result
     */
    public NDArray run(NDManager owner, String method, Map<String, NDArray> named) {
        Map<String, PtNDArray> all = new LinkedHashMap<>();
        named.forEach((name, array) -> all.put(name, (PtNDArray) array));
        return result(owner, method, IValue.stringMapFrom(all));
    }

    /**
     * Runs the method {@code forward} of tensors and then one {@code Dict[str, Tensor]}; where gradients are recorded,
     * the result is attached to the graph.
     *
     * @param inputs the manager of the first owns the result
     * @param named borrowed
     */
    public NDArray forward(List<NDArray> inputs, Map<String, NDArray> named) {
        NDList all = new NDList(inputs);
        named.forEach((name, array) -> {
            array.setName("named." + name); // DJL gathers what stands before a point into one dictionary
            all.add(array);
        });
        JniUtils.setGraphExecutorOptimize(false); // it would compile again for each new length of a batch
        try {
            return IValueUtils.forward(block, all, true).singletonOrThrow();
        } finally {
            named.values().forEach(array -> array.setName(null));
            Reference.reachabilityFence(this);
        }
    }

    private NDArray result(NDManager owner, String method, IValue... inputs) {
        // on a GPU the optimizer would compile kernels for each new length of a slice; the switch is this thread's
        JniUtils.setGraphExecutorOptimize(!owner.getDevice().isGpu());
        try (IValue result = listener.timed(method, () -> IValueUtils.runMethod(block, method, inputs))) {
            return result.toTensor((PtNDManager) owner);
        } finally {
            Stream.of(inputs).forEach(IValue::close);
            Reference.reachabilityFence(this); // the network must not go while the engine runs it
        }
    }

    /**
     * Writes the network with its tensors as torch.jit.save does: torch.jit.load opens it.
     *
     * @throws IOException of the stream
     */
    public void write(OutputStream out) throws IOException {
        Caller caller = new Caller(out);
        JniUtils.writeModule(block, caller, false);
        if (caller.failure != null) {
            throw caller.failure;
        }
    }

    /** The engine's C++ code calls it, and nothing may be thrown through that: the first failure waits. */
    private static final class Caller extends OutputStream {
        private final OutputStream out;
        private IOException failure;

        Caller(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int b) {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            try {
                if (failure == null) {
                    out.write(bytes, from, length);
                }
            } catch (IOException e) {
                failure = e;
            }
        }
    }

    @Override
    public void close() {
        closing.clean();
    }
}
