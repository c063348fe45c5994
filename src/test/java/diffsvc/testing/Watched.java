package diffsvc.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * A process whose output is read while it runs: a test waits for words of it, by a signal of the thread that reads. The
 * guard only ends a test that hangs; no test's result depends on how fast the machine is.
 */
public final class Watched implements AutoCloseable {
    private static final long GUARD_MINUTES = 15;

    private final Process process;
    private final StringBuilder text = new StringBuilder();
    private boolean ended;

    public Watched(ProcessBuilder builder) throws IOException {
        process = builder.redirectErrorStream(true).start();
        Thread reader = new Thread(this::read, "output of " + process.pid());
        reader.setDaemon(true);
        reader.start();
    }

    private void read() {
        char[] some = new char[4096];
        try (Reader in = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)) {
            for (int n = in.read(some); n >= 0; n = in.read(some)) {
                synchronized (this) {
                    text.append(some, 0, n);
                    notifyAll();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            synchronized (this) {
                ended = true;
                notifyAll();
            }
        }
    }

    public Process process() {
        return process;
    }

    /** What it has said so far, errors among it. */
    public synchronized String text() {
        return text.toString();
    }

    /** Waits until the output holds a word, and gives the output; fails where it ends without. */
    public synchronized String until(String word) throws InterruptedException {
        long left = TimeUnit.MINUTES.toMillis(GUARD_MINUTES), end = System.currentTimeMillis() + left;
        while (text.indexOf(word) < 0 && !ended && left > 0) {
            wait(left);
            left = end - System.currentTimeMillis();
        }
        if (text.indexOf(word) < 0) {
            fail((ended ? "it ended without \"" : "it hangs without \"") + word + "\": " + text);
        }
        return text.toString();
    }

    /** Waits for its end and gives the exit code. */
    public int end() throws InterruptedException {
        boolean gone = process.waitFor(GUARD_MINUTES, TimeUnit.MINUTES);
        if (!gone) {
            close(); // or it would hold its locks against the tests that follow
        }
        assertTrue(gone, () -> "it hangs: " + text());
        synchronized (this) {
            while (!ended) {
                wait();
            }
        }
        return process.exitValue();
    }

    /** Its output, once it has ended well. */
    public String done() throws InterruptedException {
        int code = end();
        assertEquals(0, code, text());
        return text();
    }

    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
