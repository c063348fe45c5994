package diffsvc.dataset;

import diffsvc.audio.Recording;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Lets only as many recordings be analysed at once as memory holds: a number of them for what lies outside the Java
 * heap, and the decoded samples of all in half of the heap. A recording that fills the half by itself is alone in it.
 */
final class Room {
    private static final int MIB = 1 << 20;
    private final Semaphore recordings, heap;
    private final int heapMib;

    /**
     * Room for recordings.
     *
     * @param atOnce how many, 1 or more
     * @param heapBytes largest size of the Java heap
     */
    Room(int atOnce, long heapBytes) {
        heapMib = (int) Math.min(Integer.MAX_VALUE, Math.max(1, heapBytes / 2 / MIB));
        recordings = new Semaphore(atOnce, true);
        heap = new Semaphore(heapMib, true);
    }

    /** Opens a recording once there is room, works on it and closes it. */
    <T> T take(Supplier<Recording> open, Function<Recording, T> work) {
        recordings.acquireUninterruptibly(); // the others come to their ends; who was interrupted leaves in its work
        try (Recording recording = open.get()) {
            long bytes = (long) Float.BYTES * recording.channels() * recording.samples();
            int mib = (int) Math.min(heapMib, 1 + bytes / MIB);
            heap.acquireUninterruptibly(mib);
            try {
                return work.apply(recording);
            } finally {
                heap.release(mib);
            }
        } finally {
            recordings.release();
        }
    }
}
