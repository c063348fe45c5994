package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import diffsvc.diffusion.Sampler;
import diffsvc.diffusion.StepListener;
import diffsvc.platform.EngineLock;
import diffsvc.plot.HtmlParts;
import diffsvc.progress.Progress;
import java.util.Locale;
import java.util.UUID;

/**
 * A bar that grows in place in the page while a cell works; without a page it prints a line now and then. Give it to
 * any call that takes a {@link Progress}, or call {@link #at(long, long)} in a loop of your own: that checks for the
 * stop button too.
 */
public final class ProgressBar implements Progress, StepListener {
    private static final long PAUSE_NS = 200_000_000L, PAUSE_TEXT_NS = 5_000_000_000L;
    private final String id = UUID.randomUUID().toString(), what;
    private final long since = System.nanoTime();
    private long drawn;
    private boolean shown;

    private ProgressBar(String what) {
        this.what = what;
    }

    /**
     * An empty bar.
     *
     * @param what stands before the bar
     */
    public static ProgressBar of(String what) {
        return new ProgressBar(what);
    }

    /** The bar as it stands. */
    public record Bar(String what, long done, long of, double seconds, String note) {
        /** The share that is done, 0 to 1. */
        public double share() {
            return of <= 0 ? 0 : Math.min(1, done / (double) of);
        }

        String html() {
            return String.format(
                    Locale.ROOT,
                    "<div>%s <progress value=\"%.4f\" max=\"1\" style=\"width:20em\"></progress> %s</div>",
                    HtmlParts.escaped(what),
                    share(),
                    HtmlParts.escaped(text()));
        }

        private String text() {
            double left = share() <= 0 ? Double.NaN : seconds / share() - seconds;
            return String.format(
                    Locale.ROOT,
                    "%d of %d, %.0f s%s%s",
                    done,
                    of,
                    seconds,
                    done >= of || Double.isNaN(left) ? "" : String.format(Locale.ROOT, ", about %.0f s left", left),
                    note);
        }

        @Override
        public String toString() {
            return what + ": " + text();
        }
    }

    /**
     * Moves the bar.
     *
     * @param done units that are finished
     * @param of units in all
     * @throws diffsvc.check.Problem {@link diffsvc.check.Problem#isStop() stopped} after the stop button was pressed
     */
    public void at(long done, long of) {
        at(done, of, "");
        EngineLock.check(what, "after " + done + " of " + of);
    }

    private synchronized void at(long done, long of, String note) {
        boolean last = done >= of;
        long now = System.nanoTime();
        if (!last && shown && now - drawn < (Display.isThere() ? PAUSE_NS : PAUSE_TEXT_NS)) {
            return;
        }
        drawn = now;
        Bar bar = new Bar(what, done, of, (now - since) / 1e9, note);
        if (Display.isThere()) {
            Display.show(bar, id, shown);
        } else {
            System.out.println(bar);
        }
        shown = true;
    }

    @Override
    public void after(int done, int of, double t, Sampler.Step step) {
        at(done, of, "");
    }

    @Override
    public void stopped(int done, int of, NDArray x, NDArray x0) {
        at(done, of, Display.isThere() ? ", stopped: bench.last() has it" : ", stopped: bench().last() has it");
    }

    @Override
    public void at(String stage, long done, long of) {
        at(done, of, stage.isEmpty() || stage.equals(what) ? "" : ", " + stage);
    }

    /** Shows a remark below the bar. */
    @Override
    public void note(String text) {
        Display.show("note: " + text);
    }
}
