package diffsvc.platform;

import diffsvc.check.Problem;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Heavy work takes turns, one piece at a time in a process, and looks for the stop button.
 *
 * <p>A notebook's stop button lets the page go at once and interrupts the cell's thread, which works on until it looks.
 * The loops look at each step; until they have left, the next call waits here, so that two cells never share the
 * engine, its generator or its gradient collector.
 */
public final class EngineLock implements AutoCloseable {
    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final EngineLock TURN = new EngineLock();

    private EngineLock() {}

    /**
     * Waits until the work of other threads has left; calls inside one another pass.
     *
     * @param stage who asks, "diffusion"
     * @return to be closed when the work has left
     * @throws Problem {@link Problem#isStop() stopped} when this thread was interrupted, before or while it waited
     */
    public static EngineLock take(String stage) {
        try {
            LOCK.lockInterruptibly();
            return TURN;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // whatever the cell calls next shall stop too
            throw Problem.stopped(stage, "before it began");
        }
    }

    /**
     * Leaves if somebody pressed stop.
     *
     * @param stage who asks
     * @param soFar what was done, "after 12 of 200 steps"
     * @throws Problem {@link Problem#isStop() stopped} when this thread was interrupted
     */
    public static void look(String stage, String soFar) {
        if (pressed()) {
            throw Problem.stopped(stage, soFar);
        }
    }

    /**
     * The same for a loop, whose sentence is made only when it is needed.
     *
     * @param stage who asks
     * @param done finished
     * @param of in all
     * @param what steps, frames, layers
     */
    public static void look(String stage, long done, long of, String what) {
        if (pressed()) {
            throw Problem.stopped(stage, "after " + done + " of " + of + " " + what);
        }
    }

    /**
     * Whether this thread was interrupted.
     *
     * @return true until somebody clears the flag
     */
    public static boolean pressed() {
        return Thread.currentThread().isInterrupted();
    }

    @Override
    public void close() {
        LOCK.unlock();
    }
}
