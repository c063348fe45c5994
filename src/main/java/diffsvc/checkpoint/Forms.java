package diffsvc.checkpoint;

import diffsvc.hparams.Precision;
import diffsvc.platform.ProcessMemory;
import java.lang.ref.WeakReference;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One network in the forms that are in use: conversions run a script of it in one precision, and whoever looks inside
 * gets the network operation by operation. Each form opens when first asked for, and a script takes the network's
 * place, so that the weights are in memory once. Threads may share it.
 *
 * @param <N> the network operation by operation
 * @param <S> its script
 */
public final class Forms<N extends AutoCloseable, S extends AutoCloseable> implements AutoCloseable {
    private final Supplier<N> load;
    private final BiFunction<N, Precision, S> make;
    private final Map<Precision, S> scripts = new EnumMap<>(Precision.class);
    private Open<N> open;
    /** A network that a script replaced while somebody held it. */
    private WeakReference<N> held = new WeakReference<>(null);

    private boolean closed;

    /** The open network, and who uses it. */
    private static final class Open<N> {
        final N network;
        boolean handedOut, replaced;
        int walks;

        Open(N network, boolean handedOut) {
            this.network = network;
            this.handedOut = handedOut;
        }
    }

    /**
     * Opens nothing yet.
     *
     * @param load opens the network, as often as it is needed again
     * @param make the script of the network in a precision other than auto and mixed; it keeps what it needs
     */
    public Forms(Supplier<N> load, BiFunction<N, Precision, S> make) {
        this.load = load;
        this.make = make;
    }

    /** The forms of a network that is open already and stays open beside its scripts. */
    public static <N extends AutoCloseable, S extends AutoCloseable> Forms<N, S> of(
            N network, BiFunction<N, Precision, S> make) {
        Forms<N, S> forms = new Forms<>(() -> network, make);
        forms.network();
        return forms;
    }

    /** Opens the network, which checks its file; the first script takes its place. */
    public synchronized Forms<N, S> opened() {
        opening();
        return this;
    }

    /** The network, for whoever keeps it: it stays open as long as something refers to it, until {@link #close}. */
    public synchronized N network() {
        Open<N> now = opening();
        now.handedOut = true;
        return now.network;
    }

    /**
     * Walks through the network. It stays open while the walk runs, whatever other threads ask for meanwhile.
     *
     * @param walk must not keep the network
     */
    public <R> R walk(Function<N, R> walk) {
        Open<N> now;
        synchronized (this) {
            now = opening();
            now.walks++;
        }
        try {
            return walk.apply(now.network);
        } finally {
            synchronized (this) {
                now.walks--;
                closeUnused(now);
            }
        }
    }

    /** The network in one call, in a precision other than auto and mixed. */
    public synchronized S script(Precision precision) {
        S known = scripts.get(precision);
        if (known != null) {
            return known;
        }
        try {
            S script = make.apply(opening().network, precision);
            scripts.put(precision, script);
            return script;
        } finally {
            replace();
            ProcessMemory.release();
        }
    }

    private Open<N> opening() {
        if (closed) {
            throw new IllegalStateException("the network was closed");
        }
        if (open == null) {
            N still = held.get();
            open = new Open<>(still != null ? still : load.get(), still != null);
        }
        return open;
    }

    /** Lets the network go: at once, after the last walk, or when nobody holds it any more. */
    private void replace() {
        Open<N> now = open;
        open = null;
        if (now != null && now.handedOut) {
            held = new WeakReference<>(now.network);
        } else if (now != null) {
            now.replaced = true;
            closeUnused(now);
        }
    }

    private static void closeUnused(Open<?> now) {
        if (now.replaced && now.walks == 0) {
            close((AutoCloseable) now.network);
        }
    }

    private static void close(AutoCloseable form) {
        try {
            form.close();
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e); // no network and no script throws one
        }
    }

    /** Closes all forms; a walk that still runs ends first. */
    @Override
    public synchronized void close() {
        closed = true;
        scripts.values().forEach(Forms::close);
        scripts.clear();
        N still = held.get();
        Open<N> now = open != null || still == null ? open : new Open<>(still, true);
        open = null;
        held.clear();
        if (now != null) {
            now.replaced = true;
            closeUnused(now);
        }
    }
}
