package diffsvc.cli;

import diffsvc.conds.VocalRange;
import diffsvc.infer.Inference;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** One song's progress with the time that is left; a bar a stage, and none where a stage has hardly begun. */
final class SongBar implements Inference.Progress, AutoCloseable {
    private static final int PARTS = 1000;
    private ProgressBar bar;
    private String stage = "";

    @Override
    public void at(String name, long done, long of) {
        if (!name.equals(stage)) {
            close();
            stage = name;
        }
        if (bar == null && done > 0) {
            bar = new ProgressBarBuilder()
                    .setTaskName(stage)
                    .setInitialMax(PARTS)
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(200)
                    .build();
        }
        if (bar != null) {
            bar.stepTo(of == 0 ? PARTS : done * PARTS / of);
        }
    }

    @Override
    public void range(VocalRange r, double suggestedKey) {
        close();
        System.out.printf(
                Locale.ROOT,
                "range      %.0f Hz, the voice's training %.0f Hz; key %+.1f, %.0f %% of the melody outside; nearest in whole semitones %+.0f%n",
                r.songHz(),
                r.trainedHz(),
                r.key(),
                100 * r.outside(),
                suggestedKey);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
