package diffsvc.plot;

import ai.djl.ndarray.NDArray;
import diffsvc.check.Problem;
import diffsvc.tensor.Summary;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.AxesChartStyler;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;
import tech.tablesaw.api.NumericColumn;
import tech.tablesaw.api.Table;

/** Charts of XChart in the workbench's style, and the numbers that go into them. */
final class Charts {
    static final int WIDTH = 760, HEIGHT = 300;
    private static final int MOST_POINTS = 2000;
    private static final Color GRID = new Color(0xe4e4e4), FRAME = new Color(0xb0b0b0);
    private static final Color[] SERIES = {
        new Color(0x1f6fb4),
        new Color(0xe07b1a),
        new Color(0x2a9d60),
        new Color(0xc63d4f),
        new Color(0x8257b0),
        new Color(0x8a6a4f),
        new Color(0x4bb3c4),
        new Color(0x7f7f7f)
    };

    private Charts() {}

    static XYChart xy(String title, String x, String y) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        chart.getStyler().setXAxisTickMarkSpacingHint(90);
        return styled(chart);
    }

    static CategoryChart categories(String title, String x, String y) {
        CategoryChart chart = new CategoryChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        chart.getStyler().setAvailableSpaceFill(0.7);
        return styled(chart);
    }

    /** Gives a chart the workbench's style where it still has XChart's own. */
    static <C extends Chart<?, ?>> C styled(C chart) {
        Styler style = chart.getStyler(), untouched = new XYChart(10, 10).getStyler();
        if (style.getChartBackgroundColor().equals(untouched.getChartBackgroundColor())) {
            style.setChartBackgroundColor(Color.WHITE);
        }
        if (style.getChartTitleFont().equals(untouched.getChartTitleFont())) {
            style.setChartTitleFont(new Font(Font.SANS_SERIF, Font.BOLD, 13));
        }
        if (Arrays.equals(style.getSeriesColors(), untouched.getSeriesColors())) {
            style.setSeriesColors(SERIES);
        }
        style.setPlotBorderColor(FRAME).setLegendBorderColor(FRAME);
        if (style instanceof AxesChartStyler axes) {
            AxesChartStyler old = (AxesChartStyler) untouched;
            if (axes.getPlotGridLinesColor().equals(old.getPlotGridLinesColor())) {
                axes.setPlotGridLinesColor(GRID).setPlotGridLinesStroke(new BasicStroke(1));
            }
            if (axes.getAxisTickLabelsFont().equals(old.getAxisTickLabelsFont())) {
                axes.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
            }
            if (axes.getAxisTitleFont().equals(old.getAxisTitleFont())) {
                axes.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
            }
        }
        return chart;
    }

    /** Curves by name against x, or against their index where x is null. */
    static XYChart curves(String title, Object x, Map<String, ?> series, CurveStyle style) {
        if (series.isEmpty()) {
            throw Problem.in("plots", "at least one series of numbers", "none", "give name and numbers");
        }
        XYChart chart = xy(title, style.x(), style.y());
        chart.getStyler().setYAxisLogarithmic(style.logY()).setLegendVisible(series.size() > 1);
        double[] across = x == null ? null : numbers("x", x);
        List<Color> colours = new ArrayList<>();
        boolean any = false;
        for (Map.Entry<String, ?> e : MapOrder.of(series).entrySet()) {
            double[] y = numbers(e.getKey(), e.getValue());
            if (across != null && across.length != y.length) {
                throw Problem.in(
                        "plots",
                        e.getKey() + " with a value for each of " + across.length + " places",
                        y.length + " values",
                        "cut the longer one");
            }
            Color colour = SERIES[colours.size() % SERIES.length];
            if (style.smoothing() > 0) {
                any |= line(chart, e.getKey() + " ", across, y, style, faint(colour), false);
                any |= line(chart, e.getKey(), across, mean(y, style.smoothing()), style, colour, true);
            } else {
                any |= line(chart, e.getKey(), across, y, style, colour, true);
            }
            colours.add(colour);
        }
        if (!any) {
            throw Problem.in(
                    "plots",
                    style.logY() ? "a value above 0 for a logarithmic axis" : "a finite value",
                    "none in " + String.join(", ", series.keySet()),
                    "check the values");
        }
        return chart;
    }

    /**
     * A line without marks; gaps where a value is not finite. Values that each stand alone between gaps, as a
     * validation loss every hundredth update, are dots. Returns whether there is anything to see.
     */
    static boolean line(
            XYChart chart, String name, double[] x, double[] y, CurveStyle style, Color colour, boolean legend) {
        List<Double> xs = new ArrayList<>(), ys = new ArrayList<>();
        for (int i : places(y)) {
            xs.add(x == null ? i : x[i]);
            ys.add(Double.isFinite(y[i]) && !(style.logY() && y[i] <= 0) ? (Double) y[i] : null);
        }
        boolean joined = IntStream.range(1, ys.size()).anyMatch(i -> ys.get(i - 1) != null && ys.get(i) != null);
        roundTicks(xs, ys);
        if (ys.stream().allMatch(v -> v == null)) {
            return false;
        }
        chart.addSeries(name, xs, ys)
                .setMarker(joined ? SeriesMarkers.NONE : SeriesMarkers.CIRCLE)
                .setMarkerColor(colour)
                .setLineColor(colour)
                .setLineWidth(1.6f)
                .setShowInLegend(legend);
        return true;
    }

    /**
     * XChart puts its ticks onto the values where they are equally spaced, 0.7314 s for instance. One more point in the
     * middle of the last stretch, where the line goes through anyway, gives round ones.
     */
    private static void roundTicks(List<Double> xs, List<Double> ys) {
        int last = xs.size() - 1;
        if (last >= 1) {
            Double before = ys.get(last - 1), at = ys.get(last);
            xs.add(last, (xs.get(last - 1) + xs.get(last)) / 2);
            ys.add(last, before == null || at == null ? null : (Double) ((before + at) / 2));
        }
    }

    /** Every place, or of thousands the least and the greatest value in each stretch. */
    private static int[] places(double[] y) {
        if (y.length <= 2 * MOST_POINTS) {
            return IntStream.range(0, y.length).toArray();
        }
        TreeSet<Integer> kept = new TreeSet<>(List.of(0, y.length - 1));
        for (int s = 0; s < MOST_POINTS; s++) {
            int from = (int) ((long) s * y.length / MOST_POINTS), to = (int) ((s + 1L) * y.length / MOST_POINTS);
            int low = from, high = from;
            for (int i = from; i < to; i++) {
                low = !(y[i] >= y[low]) ? i : low; // NaN counts as low: the gap stays
                high = y[i] > y[high] ? i : high;
            }
            kept.add(low);
            kept.add(high);
        }
        return kept.stream().mapToInt(Integer::intValue).toArray();
    }

    private static double[] mean(double[] y, double decay) {
        double[] mean = new double[y.length];
        double weight = 0, sum = 0;
        for (int i = 0; i < y.length; i++) {
            if (Double.isFinite(y[i])) {
                weight = decay * weight + 1;
                sum = decay * sum + y[i];
            }
            mean[i] = weight == 0 ? Double.NaN : sum / weight;
        }
        return mean;
    }

    private static Color faint(Color c) {
        return new Color((c.getRed() + 510) / 3, (c.getGreen() + 510) / 3, (c.getBlue() + 510) / 3);
    }

    /** A row of numbers of any kind. */
    static double[] numbers(String name, Object values) {
        if (values instanceof double[] d) {
            return d;
        } else if (values instanceof float[] f) {
            double[] all = new double[f.length];
            Arrays.setAll(all, i -> f[i]);
            return all;
        } else if (values instanceof int[] n) {
            return Arrays.stream(n).asDoubleStream().toArray();
        } else if (values instanceof long[] n) {
            return Arrays.stream(n).asDoubleStream().toArray();
        } else if (values instanceof NumericColumn<?> column) {
            return column.asDoubleArray();
        } else if (values instanceof NDArray array
                && Arrays.stream(array.getShape().getShape())
                                .filter(n -> n != 1)
                                .count()
                        <= 1) {
            return Summary.values(array);
        } else if (values instanceof Collection<?> some
                && some.stream().allMatch(v -> v == null || v instanceof Number)) {
            return some.stream()
                    .mapToDouble(v -> v == null ? Double.NaN : ((Number) v).doubleValue())
                    .toArray();
        }
        throw Problem.in(
                "plots",
                name
                        + " as float[], double[], int[], long[], a list of numbers, a column, or a tensor with one long axis",
                values instanceof NDArray array
                        ? "a tensor " + Summary.shape(array)
                        : values == null ? "null" : values.getClass().getSimpleName(),
                remedy(values));
    }

    private static String remedy(Object values) {
        if (values instanceof NDArray) {
            return "pick a row, x.get(0), or draw all of it with image";
        } else if (values instanceof Number) {
            return "draw one number a name with bars";
        } else if (values instanceof Table) {
            return "name its columns, curves(title, table, \"x\", \"y\")";
        } else if (values instanceof Map) {
            return "draw several rows by name with curves, one number a name with bars";
        }
        return values == null ? "check the variable" : "convert it";
    }

    /** A column of numbers. */
    static double[] numbers(Table table, String name) {
        if (!table.containsColumn(name)) {
            throw Problem.in(
                    "plots",
                    "a column of numbers named " + name,
                    "columns " + String.join(", ", table.columnNames()),
                    "name one of these");
        }
        if (!(table.column(name) instanceof NumericColumn<?> column)) {
            throw Problem.in(
                    "plots",
                    "a column of numbers named " + name,
                    "one of type " + table.column(name).type().name().toLowerCase(Locale.ROOT),
                    "bars(title, table, \"" + name + "\", ...) draws a bar for each of its rows");
        }
        return column.asDoubleArray();
    }
}
