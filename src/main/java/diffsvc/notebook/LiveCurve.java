package diffsvc.notebook;

import diffsvc.plot.CurveStyle;
import diffsvc.plot.Picture;
import diffsvc.plot.Plots;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;

/**
 * A curve that grows in place in the notebook while a cell runs; without a kernel it prints a line now and then. Single
 * values are drawn faintly, their running mean strongly.
 */
public final class LiveCurve {
    private static final double MEAN_DECAY = 0.95;
    private static final long PAUSE_NS = 500_000_000L;
    private final String id = UUID.randomUUID().toString(), title, xName, yName;
    private final List<Double> x = new ArrayList<>(), y = new ArrayList<>();
    private double weight, sum;
    private long drawn;
    private boolean shown;

    /** An empty curve; it appears with its first value. */
    public LiveCurve(String title, String xName, String yName) {
        this.title = title;
        this.xName = xName;
        this.yName = yName;
    }

    /**
     * Adds a value; the picture is redrawn at most twice per second.
     *
     * @param at place on the horizontal axis
     * @param value finite, or a gap
     */
    public LiveCurve add(double at, double value) {
        if (Double.isFinite(value)) {
            weight = MEAN_DECAY * weight + 1;
            sum = MEAN_DECAY * sum + value;
        }
        x.add(at);
        y.add(value);
        if (System.nanoTime() - drawn >= PAUSE_NS) {
            draw();
        }
        return this;
    }

    /** Draws what was added since the last drawing. */
    public void done() {
        draw();
    }

    /** All values so far: single values faintly, their running mean strongly. */
    public Picture picture() {
        return Plots.withoutVoice()
                .curve(title, x, y, CurveStyle.axes(xName, yName).smoothed(MEAN_DECAY));
    }

    private void draw() {
        if (x.isEmpty()) {
            return;
        }
        drawn = System.nanoTime();
        if (!Display.isThere()) {
            System.out.printf(
                    Locale.ROOT,
                    "%s %.0f  %s %.4f, running mean %.4f%n",
                    xName,
                    x.get(x.size() - 1),
                    yName,
                    y.get(y.size() - 1),
                    sum / Math.max(1, weight));
            return;
        }
        Display.show(picture(), id, shown);
        shown = true;
    }
}
