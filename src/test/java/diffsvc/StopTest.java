package diffsvc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.F0Track;
import diffsvc.diffusion.StepListener;
import diffsvc.voice.DiffSvc;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * The stop button interrupts a cell's thread: every stage that takes long leaves in its middle with a sentence, and the
 * same call works again afterwards.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StopTest {
    private static final float[] HUM = hum(30);
    private DiffSvc svc;

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
        svc = DiffSvc.open("demo", "infer.sampler=unipc2,infer.steps=4");
    }

    @AfterAll
    void close() {
        svc.close();
    }

    /** Runs a call on a thread of its own, presses stop after a while, and gives the problem that it left with. */
    private static Problem stopped(long afterMillis, Runnable call) throws Exception {
        CompletableFuture<Problem> left = new CompletableFuture<>();
        Thread cell = new Thread(() -> {
            try {
                call.run();
                left.complete(null);
            } catch (Problem p) {
                left.complete(p);
            } catch (Throwable t) {
                left.completeExceptionally(t);
            }
        });
        cell.start();
        Thread.sleep(afterMillis);
        assertTrue(cell.isAlive(), "it had ended before stop was pressed");
        long pressed = System.nanoTime();
        cell.interrupt();
        Problem problem = left.get(60, TimeUnit.SECONDS);
        assertNotNull(problem, "it went on to its end");
        assertTrue(problem.isStop(), problem.getMessage());
        double seconds = (System.nanoTime() - pressed) / 1e9;
        System.out.printf("stop: %s; %.2f s after the button%n", problem.getMessage(), seconds);
        assertTrue(seconds < 5, problem.getMessage() + " took " + seconds + " s");
        return problem;
    }

    @Test
    void thePitchLeavesBetweenTwoFrames() throws Exception {
        assertTrue(stopped(300, () -> svc.pitch(HUM)).getMessage().matches("pitch: stopped after \\d+ of \\d+ frames"));
        assertTrue(svc.pitch(Arrays.copyOf(HUM, 44100)).voicedShare() > 0.9, "it works again");
    }

    @Test
    void theVocoderLeavesBetweenTwoFrames() throws Exception {
        int frames = HUM.length / 512;
        float[] f0 = new float[frames];
        boolean[] voiced = new boolean[frames];
        Arrays.fill(f0, 180);
        Arrays.fill(voiced, true);
        NDArray mel = svc.manager().full(new Shape(1, frames, 128), -2);
        assertTrue(stopped(300, () -> svc.vocode(mel, f0, voiced, HUM.length, 1))
                .getMessage()
                .startsWith("vocoder: stopped after "));
        float[] half = svc.vocode(mel.get(":, :86"), Arrays.copyOf(f0, 86), Arrays.copyOf(voiced, 86), 44100, 1);
        assertArrayEquals(
                half,
                svc.vocode(mel.get(":, :86"), Arrays.copyOf(f0, 86), Arrays.copyOf(voiced, 86), 44100, 1),
                "it works again, and as before");
    }

    /** A conversion is one turn: whoever calls meanwhile waits until it has left. */
    @Test
    void theNextCallWaitsUntilTheOldOneHasLeft() throws Exception {
        Wave song = Wave.mono(HUM, 44100);
        var other = Executors.newSingleThreadExecutor();
        try {
            CompletableFuture<Long> done = new CompletableFuture<>();
            long[] left = new long[1];
            stopped(600, () -> {
                other.submit(() -> {
                    Thread.sleep(200); // the conversion has its turn by now
                    F0Track track = svc.pitch(Arrays.copyOf(HUM, 22050));
                    done.complete(track.frames() > 0 ? System.nanoTime() : 0);
                    return null;
                });
                try {
                    svc.convert(song);
                } finally {
                    left[0] = System.nanoTime();
                }
            });
            assertTrue(
                    done.get(60, TimeUnit.SECONDS) >= left[0],
                    "the second call had its answer before the first one had left");
        } finally {
            other.shutdownNow();
        }
    }

    @Test
    void aThreadThatIsInterruptedAlreadyDoesNotBegin() {
        Thread.currentThread().interrupt();
        try {
            Problem p = org.junit.jupiter.api.Assertions.assertThrows(Problem.class, () -> svc.mel(HUM));
            assertEquals("mel: stopped before it began", p.getMessage());
        } finally {
            assertTrue(Thread.interrupted());
        }
        assertFalse(Thread.currentThread().isInterrupted());
    }

    @Test
    void twoListenersBothHear() {
        StringBuilder heard = new StringBuilder();
        StepListener both = ((StepListener)
                        (done, of, t, step) -> heard.append("a").append(done))
                .and((done, of, t, step) -> heard.append("b").append(done));
        both.after(1, 2, 0, null);
        both.stopped(1, 2, null, null);
        assertEquals("a1b1", heard.toString());
    }
}
