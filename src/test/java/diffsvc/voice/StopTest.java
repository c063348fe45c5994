package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.diffusion.StepListener;
import diffsvc.hparams.Arg2Hparams;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The stop button interrupts a cell's thread: every stage that takes long leaves in its middle with a sentence, and the
 * same call works again afterwards.
 */
@Tag("conversion")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StopTest {
    private static final float[] HUM = hum(30);
    private static final int GUARD_MINUTES = 15; // only ends a test that hangs
    private Voice voice;

    private static float[] hum(int seconds) {
        float[] x = new float[seconds * 44100];
        for (int i = 0; i < x.length; i++) {
            for (int k = 1; k <= 12; k++) {
                x[i] += (float) (0.3 / k * Math.sin(2 * Math.PI * 180 * k * i / 44100));
            }
        }
        return x;
    }

    @BeforeAll
    void open() {
        voice = Voice.open("demo", h -> Arg2Hparams.apply(h, "infer.sampler=unipc2,infer.steps=4"));
    }

    @AfterAll
    void close() {
        voice.close();
    }

    /**
     * Processor time that a call has taken when stop is pressed, and that it may take to leave: no clock of the wall.
     */
    private static final long INTO_IT_MS = 150, TO_LEAVE_MS = 5000;

    private static long cpuMillis(Thread thread) {
        return TimeUnit.NANOSECONDS.toMillis(ManagementFactory.getThreadMXBean().getThreadCpuTime(thread.getId()));
    }

    private static Problem stopped(Runnable call) throws Exception {
        return stopped(call, () -> {});
    }

    /**
     * Runs a call on a thread of its own, presses stop in its middle, once it has worked for a while and what it must
     * reach first is reached, and gives the problem that it left with.
     */
    private static Problem stopped(Runnable call, Reached first) throws Exception {
        CompletableFuture<Problem> left = new CompletableFuture<>();
        long[] cpu = new long[2];
        Thread cell = new Thread(() -> {
            try {
                call.run();
                left.complete(null);
            } catch (Problem p) {
                cpu[1] = cpuMillis(Thread.currentThread());
                left.complete(p);
            } catch (Throwable t) {
                left.completeExceptionally(t);
            }
        });
        cell.start();
        first.await();
        while (!left.isDone() && cpuMillis(cell) < INTO_IT_MS) {
            Thread.onSpinWait();
        }
        cpu[0] = cpuMillis(cell);
        assertFalse(left.isDone(), "it had ended before stop was pressed");
        cell.interrupt();
        Problem problem = left.get(GUARD_MINUTES, TimeUnit.MINUTES);
        assertNotNull(problem, "it went on to its end");
        assertTrue(problem.isStop(), problem.getMessage());
        long took = cpu[1] - cpu[0];
        System.out.printf("stop: %s; %d ms of work after the button%n", problem.getMessage(), took);
        assertTrue(took < TO_LEAVE_MS, problem.getMessage() + " took " + took + " ms");
        return problem;
    }

    private interface Reached {
        void await() throws Exception;
    }

    @Test
    void thePitchLeavesBetweenTwoFrames() throws Exception {
        assertTrue(stopped(() -> voice.f0(Wave.mono(HUM, 44100)))
                .getMessage()
                .matches("pitch: stopped after \\d+ of \\d+ frames"));
        assertTrue(voice.f0(Wave.mono(Arrays.copyOf(HUM, 44100), 44100)).voicedShare() > 0.9, "it works again");
    }

    @Test
    void theVocoderLeavesBetweenTwoFrames() throws Exception {
        int frames = HUM.length / 512;
        float[] f0 = new float[frames];
        boolean[] voiced = new boolean[frames];
        Arrays.fill(f0, 180);
        Arrays.fill(voiced, true);
        NDArray mel = voice.manager().full(new Shape(1, frames, 128), -2);
        assertTrue(stopped(() -> voice.vocode(mel, f0, voiced, HUM.length, 1))
                .getMessage()
                .startsWith("vocoder: stopped after "));
        Wave half = voice.vocode(mel.get(":, :86"), Arrays.copyOf(f0, 86), Arrays.copyOf(voiced, 86), 44100, 1);
        assertArrayEquals(
                half.first(),
                voice.vocode(mel.get(":, :86"), Arrays.copyOf(f0, 86), Arrays.copyOf(voiced, 86), 44100, 1)
                        .first(),
                "it works again, and as before");
    }

    /** A conversion holds the engine's lock throughout: another call waits until it has ended. */
    @Test
    void theNextCallWaitsUntilTheOldOneHasLeft() throws Exception {
        Wave song = Wave.mono(HUM, 44100);
        CountDownLatch sampling = new CountDownLatch(1), came = new CountDownLatch(1);
        CompletableFuture<Boolean> answered = new CompletableFuture<>();
        AtomicBoolean left = new AtomicBoolean();
        Thread other = new Thread(() -> {
            try {
                sampling.await(); // the conversion holds the lock by now
                came.countDown();
                voice.f0(Wave.mono(Arrays.copyOf(HUM, 22050), 44100));
                answered.complete(left.get());
            } catch (Throwable t) {
                answered.completeExceptionally(t);
            }
        });
        other.start();
        stopped(
                () -> {
                    try {
                        voice.convert(song)
                                .watching((done, of, t, step) -> {
                                    sampling.countDown();
                                    while (!Thread.currentThread().isInterrupted()) {
                                        Thread.onSpinWait(); // stop is pressed while the other call waits
                                    }
                                })
                                .wave();
                    } finally {
                        left.set(true);
                    }
                },
                () -> {
                    came.await();
                    while (other.getState() == Thread.State.RUNNABLE) {
                        Thread.onSpinWait(); // until it waits for the lock
                    }
                });
        assertTrue(
                answered.get(GUARD_MINUTES, TimeUnit.MINUTES),
                "the second call had its answer before the first one had left");
    }

    @Test
    void aThreadThatIsInterruptedAlreadyDoesNotBegin() {
        Thread.currentThread().interrupt();
        try {
            Problem p = org.junit.jupiter.api.Assertions.assertThrows(
                    Problem.class, () -> voice.mel(Wave.mono(HUM, 44100)));
            assertEquals("mel: stopped before it began", p.getMessage());
        } finally {
            assertTrue(Thread.interrupted());
        }
        assertFalse(Thread.currentThread().isInterrupted());
    }

    @Test
    void twoListenersBothHear() {
        StringBuilder calls = new StringBuilder();
        StepListener both = ((StepListener)
                        (done, of, t, step) -> calls.append("a").append(done))
                .and((done, of, t, step) -> calls.append("b").append(done));
        both.after(1, 2, 0, null);
        both.stopped(1, 2, null, null);
        assertEquals("a1b1", calls.toString());
    }
}
