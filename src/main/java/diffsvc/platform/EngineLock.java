package diffsvc.platform;

import diffsvc.check.Problem;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Process-wide lock of the engine, with cooperative cancellation.
 *
 * <p>A notebook's stop button frees the page at once and interrupts the cell's thread, which runs on until it checks
 * the interruption. Loops check at each step ({@link #check}). Until they have ended, the next call waits in
 * {@link #take}, so two cells never share the engine, its generator or its gradient collector.
 */
public final class EngineLock implements AutoCloseable {
    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final EngineLock TAKEN = new EngineLock();

    private EngineLock() {}

    /**
     * Waits until no other thread holds the lock, and takes it. A thread may take it several times.
     *
     * @param stage for the error, "diffusion"
     * @return close it to release the lock
     * @throws Problem {@link Problem#isStop() stopped} when this thread was interrupted, before or while it waited
     */
    public static EngineLock take(String stage) {
        try {
            LOCK.lockInterruptibly();
            return TAKEN;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // the next call of this cell must stop too
            throw Problem.stopped(stage, "before it began");
        }
    }

    /**
     * Throws if the stop button was pressed.
     *
     * @param stage for the error
     * @param soFar what was done, "after 12 of 200 steps"
     * @throws Problem {@link Problem#isStop() stopped} when this thread was interrupted
     */
    public static void check(String stage, String soFar) {
        if (pressed()) {
            throw Problem.stopped(stage, soFar);
        }
    }

    /**
     * The same for a loop; the sentence is made only when it is needed.
     *
     * @param done units that are finished
     * @param of units in all
     * @param what steps, frames, layers
     */
    public static void check(String stage, long done, long of, String what) {
        if (pressed()) {
            throw Problem.stopped(stage, "after " + done + " of " + of + " " + what);
        }
    }

    /** Whether this thread was interrupted; true until the flag is cleared. */
    public static boolean pressed() {
        return Thread.currentThread().isInterrupted();
    }

    @Override
    public void close() {
        LOCK.unlock();
    }
}
