package diffsvc.testing;

import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * {@code ./diffsvc test --poison}: the whole suite with freed memory that is NaN. glibc fills what is freed with 0xFF
 * (MALLOC_PERTURB_), which reads as NaN in every float; a thread calls the collector all the time, so that Java buffers
 * which nothing holds are freed at once. A value that is read after it was freed then spoils a result or ends the
 * process, where an ordinary run would find the old value still in place most of the time.
 */
public final class Poison implements LauncherSessionListener {
    /** The collector takes one part in so many of the time. */
    private static final int SHARE = 3, PAUSE_MS = 10;

    @Override
    public void launcherSessionOpened(LauncherSession session) {
        if (!Boolean.getBoolean("diffsvc.poison")) {
            return;
        }
        if (System.getenv("MALLOC_PERTURB_") == null) {
            throw new IllegalStateException(
                    "-Ddiffsvc.poison=true needs MALLOC_PERTURB_=255 in the environment: call ./diffsvc test --poison");
        }
        Thread collector = new Thread(
                () -> {
                    try {
                        while (true) {
                            long began = System.nanoTime();
                            System.gc();
                            Thread.sleep(Math.max(PAUSE_MS, SHARE * (System.nanoTime() - began) / 1_000_000));
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "poison");
        collector.setDaemon(true);
        collector.start();
    }
}
