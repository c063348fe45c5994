package diffsvc.infer;

import diffsvc.platform.ProcessMemory;
import diffsvc.voice.DiffSvc;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Seconds and memory by stage, over all slices of a song. Memory is looked at fifty times a second: a peak between two
 * looks goes unseen.
 */
final class StageTimer implements DiffSvc.Stages, AutoCloseable {
    private static final long EVERY_MS = 20;
    private final Map<String, Manifest.Stage> lines = new LinkedHashMap<>();
    private final Thread watch;
    private volatile boolean open = true;
    private long peak;

    StageTimer() {
        watch = new Thread(
                () -> {
                    while (open) {
                        look();
                        try {
                            Thread.sleep(EVERY_MS);
                        } catch (InterruptedException e) {
                            return;
                        }
                    }
                },
                "memory");
        watch.setDaemon(true);
        watch.setUncaughtExceptionHandler((thread, e) -> {}); // out of memory: the work itself meets it and says so
        watch.start();
    }

    private synchronized void look() {
        peak = Math.max(peak, ProcessMemory.resident());
    }

    @Override
    public synchronized void done(String stage, String what, String shape, double seconds) {
        look();
        Manifest.Stage before = lines.get(stage);
        lines.put(
                stage,
                before == null
                        ? new Manifest.Stage(stage, what, shape, 1, seconds, peak)
                        : new Manifest.Stage(
                                stage,
                                before.what(),
                                before.shape(),
                                before.slices() + 1,
                                before.seconds() + seconds,
                                Math.max(before.peakBytes(), peak)));
        peak = 0;
    }

    synchronized List<Manifest.Stage> lines() {
        return new ArrayList<>(lines.values());
    }

    @Override
    public void close() {
        open = false;
        watch.interrupt();
    }
}
