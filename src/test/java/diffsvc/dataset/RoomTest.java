package diffsvc.dataset;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import diffsvc.audio.Recording;
import diffsvc.audio.Wave;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RoomTest {
    private static final int MIB = 1 << 20, GUARD_MINUTES = 5; // only ends a test that hangs

    /** A recording of so many MiB of samples. */
    private static Recording recording(int mib) {
        return Recording.of(Wave.mono(new float[mib * MIB / Float.BYTES - 1], 44100));
    }

    /** Whether a second recording begins while the first one is at work. */
    private static boolean together(Room room, int first, int second) throws Exception {
        CountDownLatch begun = new CountDownLatch(1), asked = new CountDownLatch(1);
        CompletableFuture<Boolean> other = new CompletableFuture<>();
        boolean[] done = new boolean[1];
        Thread thread = new Thread(() -> {
            try {
                begun.await();
                asked.countDown();
                other.complete(room.take(() -> recording(second), r -> !done[0]));
            } catch (Throwable t) {
                other.completeExceptionally(t);
            }
        });
        thread.start();
        room.take(() -> recording(first), r -> {
            try {
                begun.countDown();
                asked.await();
                while (thread.getState() != Thread.State.WAITING && !other.isDone()) {
                    Thread.onSpinWait();
                }
                done[0] = true;
                return null;
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        return other.get(GUARD_MINUTES, TimeUnit.MINUTES);
    }

    @Test
    void theSamplesOfAllLieInHalfOfTheHeap() throws Exception {
        assertEquals(true, together(new Room(2, 16 * MIB), 4, 4));
        assertEquals(false, together(new Room(2, 16 * MIB), 4, 5));
        assertEquals(false, together(new Room(1, 16 * MIB), 1, 1));
        assertEquals(false, together(new Room(2, 16 * MIB), 20, 1), "a large one is alone");
    }

    @Test
    void aRecordingThatFailsLeavesItsRoom() throws Exception {
        Room room = new Room(1, 16 * MIB);
        assertThrows(
                IllegalStateException.class,
                () -> room.take(() -> recording(20), r -> {
                    throw new IllegalStateException();
                }));
        assertThrows(
                IllegalArgumentException.class,
                () -> room.take(
                        () -> {
                            throw new IllegalArgumentException();
                        },
                        r -> null));
        assertEquals("done", room.take(() -> recording(20), r -> "done"));
    }
}
