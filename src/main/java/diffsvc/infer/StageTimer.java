package diffsvc.infer;

import diffsvc.platform.ProcessMemory;
import diffsvc.progress.Progress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Seconds and memory by stage, over all slices of a song. Memory is sampled fifty times per second, so a shorter peak
 * goes unseen.
 */
final class StageTimer implements Progress, AutoCloseable {
    private static final long EVERY_MS = 20;
    private final Map<String, Manifest.Stage> lines = new LinkedHashMap<>();
    private final Set<String> reported = new HashSet<>();
    private final Thread watch;
    private volatile boolean open = true;
    private long peak;

    StageTimer() {
        watch = new Thread(
                () -> {
                    while (open) {
                        sample();
                        try {
                            Thread.sleep(EVERY_MS);
                        } catch (InterruptedException e) {
                            return;
                        }
                    }
                },
                "memory");
        watch.setDaemon(true);
        watch.setUncaughtExceptionHandler((thread, e) -> {}); // out of memory: the work itself meets and reports it
        watch.start();
    }

    private synchronized void sample() {
        peak = Math.max(peak, ProcessMemory.resident());
    }

    @Override
    public void at(String stage, long done, long of) {}

    @Override
    public synchronized void ended(Stage stage) {
        sample();
        Manifest.Stage before = lines.get(stage.name());
        lines.put(
                stage.name(),
                before == null
                        ? new Manifest.Stage(stage.name(), stage.what(), stage.shape(), 1, stage.seconds(), peak)
                        : new Manifest.Stage(
                                stage.name(),
                                before.what(),
                                before.shape(),
                                before.slices() + 1,
                                before.seconds() + stage.seconds(),
                                Math.max(before.peakBytes(), peak)));
        peak = 0;
    }

    /** Reports every stage that the listener has not received yet, with the sum over all slices so far. */
    synchronized void report(Progress progress) {
        for (Manifest.Stage line : lines.values()) {
            if (reported.add(line.stage())) {
                progress.ended(line.progress());
            }
        }
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
