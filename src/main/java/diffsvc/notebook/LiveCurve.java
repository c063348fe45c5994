package diffsvc.notebook;

import diffsvc.plot.Colours;
import diffsvc.plot.Picture;
import diffsvc.plot.Plots;
import java.awt.Color;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.knowm.xchart.XYChart;

/**
 * A curve that grows in its place in the notebook while a cell runs; without a kernel a line of text now and then.
 * Single values are drawn faintly, their running mean strongly.
 */
public final class LiveCurve {
    private static final double MEAN_DECAY = 0.95;
    private static final long PAUSE_NS = 500_000_000L;
    private static final int MOST_POINTS = 2000;
    private final String id = UUID.randomUUID().toString(), title, xName, yName;
    private final List<Double> x = new ArrayList<>(), y = new ArrayList<>(), mean = new ArrayList<>();
    private double weight, sum;
    private long drawn;
    private boolean shown;

    /**
     * An empty one; it shows with its first value.
     *
     * @param title stands above it
     * @param xName below the axis
     * @param yName beside the axis
     */
    public LiveCurve(String title, String xName, String yName) {
        this.title = title;
        this.xName = xName;
        this.yName = yName;
    }

    /**
     * One more value; the picture is drawn anew at most twice a second.
     *
     * @param at value to the right
     * @param value upwards
     * @return the curve itself
     */
    public LiveCurve add(double at, double value) {
        if (Double.isFinite(value)) {
            weight = MEAN_DECAY * weight + 1;
            sum = MEAN_DECAY * sum + value;
        }
        x.add(at);
        y.add(value);
        mean.add(sum / Math.max(1, weight));
        if (System.nanoTime() - drawn >= PAUSE_NS) {
            draw();
        }
        return this;
    }

    /** Draws what came since the last drawing. */
    public void done() {
        draw();
    }

    /**
     * All of it as a chart, thinned out where there are thousands of points.
     *
     * @return single values faint, their running mean strong
     */
    public XYChart chart() {
        int every = Math.max(1, (x.size() + MOST_POINTS - 1) / MOST_POINTS);
        List<Double> xs = new ArrayList<>(), ys = new ArrayList<>(), means = new ArrayList<>();
        for (int i = 0; i < x.size(); i++) {
            if (i % every == 0 || i == x.size() - 1) {
                xs.add(x.get(i));
                ys.add(y.get(i));
                means.add(mean.get(i));
            }
        }
        XYChart chart = Plots.curve(title, xName, yName, xs, ys);
        chart.getStyler().setSeriesColors(new Color[] {Colours.FAINT, Colours.STRONG});
        Plots.line(chart, "running mean", xs, means);
        return chart;
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
                    mean.get(mean.size() - 1));
            return;
        }
        Display.show(Picture.of(chart()), id, shown);
        shown = true;
    }
}
