package diffsvc.platform;

import java.util.function.Supplier;

/**
 * Hears when the parts of a stage began and ended: a measurement passes one, a conversion {@link #NONE}, and then no
 * clock is read. On a GPU a call ends before its work does, so the times mean something on a CPU only.
 */
@FunctionalInterface
public interface PartListener {
    /** Hears nothing. */
    PartListener NONE = (part, from, to) -> {};

    /**
     * A part has ended.
     *
     * @param part features, layer, source, ...
     * @param fromNanos of {@link System#nanoTime} when it began
     * @param toNanos the same when it ended
     */
    void took(String part, long fromNanos, long toNanos);

    /** Runs a part, and reports it unless this is {@link #NONE}. */
    default <T> T timed(String part, Supplier<T> work) {
        if (this == NONE) {
            return work.get();
        }
        long from = System.nanoTime();
        T result = work.get();
        took(part, from, System.nanoTime());
        return result;
    }
}
