package diffsvc.plot;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.mel.MelFilters;
import diffsvc.hparams.Hparams;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleToIntFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;
import tech.tablesaw.api.NumericColumn;
import tech.tablesaw.api.Table;

/**
 * Draws mels with seconds and Hz on the axes, F0 over them, waves, losses; pictures side by side, their difference, and
 * film strips. Every call returns what it drew: the last line of a cell shows it, {@link Picture#save} keeps it.
 */
public final class Plots {
    private static final int LEFT = 64, BOTTOM = 40, TOP = 26, RIGHT = 58, HEIGHT = 296, WIDEST = 960, GAP = 8;
    private static final double LOWEST = -5;
    private static final double[] HZ_TICKS = {100, 200, 500, 1000, 2000, 4000, 8000, 16000};
    private final Hparams.Audio audio;

    private Plots(Hparams.Audio audio) {
        this.audio = audio;
    }

    /**
     * Plots for mels of this front end.
     *
     * @param audio rate, hop and mel bins
     * @return plots on its clock and scale
     */
    public static Plots of(Hparams.Audio audio) {
        return new Plots(audio);
    }

    /**
     * A mel [T, M] or [1, T, M], log10.
     *
     * @param title stands above the picture
     * @param mel [T, M] or [1, T, M], log10
     * @return a drawing
     */
    public Picture mel(String title, NDArray mel) {
        return mel(title, mel, null);
    }

    /**
     * A mel with the melody drawn over it.
     *
     * @param title stands above the picture
     * @param mel [T, M] or [1, T, M], log10
     * @param melody drawn over it; null = none
     * @return a drawing
     */
    public Picture mel(String title, NDArray mel, F0Track melody) {
        return mel(title, FrontEnd.rows(mel), melody);
    }

    /**
     * A mel [T][M] with the melody drawn over it, or null.
     *
     * @param title stands above the picture
     * @param mel [T, M] or [1, T, M], log10
     * @param melody drawn over it; null = none
     * @return a drawing
     */
    public Picture mel(String title, float[][] mel, F0Track melody) {
        return mel(title, mel, melody, top(mel));
    }

    /**
     * A mel [T][M].
     *
     * @param title stands above the picture
     * @param mel [T, M] or [1, T, M], log10
     * @return a drawing
     */
    public Picture mel(String title, float[][] mel) {
        return mel(title, mel, null);
    }

    private Picture mel(String title, float[][] mel, F0Track melody, double top) {
        String about = String.format(
                Locale.ROOT,
                "mel [%d, %d], log10 up to %.2f, %.2f s%s",
                mel.length,
                bins(mel),
                highest(mel),
                seconds(mel.length),
                sung(melody));
        return new Picture(
                title,
                about,
                LEFT + Math.max(320, Math.min(WIDEST - LEFT - RIGHT, mel.length)) + RIGHT,
                HEIGHT,
                (g, width, height) -> {
                    Field field = new Field(g, title, width, height);
                    field.fill(mel, v -> Colours.viridis((v - LOWEST) / (top - LOWEST)));
                    if (melody != null) {
                        field.line(melody);
                    }
                    field.axes(seconds(mel.length));
                    field.bar(share -> Colours.viridis(share), LOWEST, top);
                });
    }

    /**
     * What one mel has more (red) or less (blue) than another of the same size.
     *
     * @param title stands above the picture
     * @param mel [T, M] or [1, T, M], log10
     * @param from [T, M] or [1, T, M], of the same size
     * @return a drawing, white where they agree
     * @throws Problem when the sizes differ
     */
    public Picture difference(String title, NDArray mel, NDArray from) {
        return difference(title, FrontEnd.rows(mel), FrontEnd.rows(from));
    }

    /**
     * The same for mels [T][M].
     *
     * @param title stands above the picture
     * @param mel [T, M] or [1, T, M], log10
     * @param from [T, M] or [1, T, M], of the same size
     * @return a drawing, white where they agree
     */
    public Picture difference(String title, float[][] mel, float[][] from) {
        if (mel.length != from.length || bins(mel) != bins(from)) {
            throw Problem.in(
                    "plots",
                    "two mels of one size",
                    mel.length + " x " + bins(mel) + " and " + from.length + " x " + bins(from),
                    "cut the longer one: mel.get(\":300\")");
        }
        float[][] apart = new float[mel.length][bins(mel)];
        double most = 1e-6, sum = 0;
        for (int t = 0; t < apart.length; t++) {
            for (int m = 0; m < apart[t].length; m++) {
                apart[t][m] = mel[t][m] - from[t][m];
                most = Math.max(most, Math.abs(apart[t][m]));
                sum += Math.abs(apart[t][m]);
            }
        }
        double limit = most;
        String about = String.format(
                Locale.ROOT,
                "difference of mels [%d, %d], at most %.3g, on average %.3g",
                mel.length,
                bins(mel),
                most,
                sum / Math.max(1, mel.length * bins(mel)));
        return new Picture(
                title,
                about,
                LEFT + Math.max(320, Math.min(WIDEST - LEFT - RIGHT, mel.length)) + RIGHT,
                HEIGHT,
                (g, width, height) -> {
                    Field field = new Field(g, title, width, height);
                    field.fill(apart, v -> Colours.diverging(0.5 + 0.5 * v / limit));
                    field.axes(seconds(mel.length));
                    field.bar(share -> Colours.diverging(share), -limit, limit);
                });
    }

    /**
     * Pictures side by side in one width, each drawn anew for its share of it.
     *
     * @param title stands above the picture
     * @param pictures from left to right
     * @return one picture
     */
    public static Picture sideBySide(String title, List<Picture> pictures) {
        return grid(title, pictures, pictures.size());
    }

    /**
     * The same for single pictures.
     *
     * @param title stands above the picture
     * @param pictures from left to right
     * @return one picture
     */
    public static Picture sideBySide(String title, Picture... pictures) {
        return sideBySide(title, List.of(pictures));
    }

    /**
     * Mels [T, M] by name as the frames of a film, with one scale of colours for all of them.
     *
     * @param title stands above the picture
     * @param mels [T, M] or [1, T, M], log10, by name
     * @return three frames a row
     */
    public Picture filmstrip(String title, Map<String, NDArray> mels) {
        Map<String, float[][]> rows = new LinkedHashMap<>();
        double top = 0;
        for (Map.Entry<String, NDArray> e : mels.entrySet()) {
            float[][] mel = FrontEnd.rows(e.getValue());
            rows.put(e.getKey(), mel);
            top = Math.max(top, top(mel));
        }
        List<Picture> frames = new ArrayList<>();
        for (Map.Entry<String, float[][]> e : rows.entrySet()) {
            frames.add(mel(e.getKey(), e.getValue(), null, top));
        }
        return grid(title, frames, Math.min(3, Math.max(1, frames.size())));
    }

    private static Picture grid(String title, List<Picture> pictures, int columns) {
        if (pictures.isEmpty()) {
            throw Problem.in("plots", "at least one picture", "none", "collect some first");
        }
        int lines = (pictures.size() + columns - 1) / columns,
                width =
                        Math.min(
                                WIDEST,
                                pictures.stream().mapToInt(Picture::width).sum()),
                height = columns > 2 ? HEIGHT * 3 / 4 : HEIGHT;
        String about = String.join(
                " | ", pictures.stream().map(p -> p.title() + ": " + p.about()).toList());
        return new Picture(title, about, Math.max(width, 320 * Math.min(columns, 3)), lines * height, (g, w, h) -> {
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, w, h);
            for (int i = 0; i < pictures.size(); i++) {
                int cell = (w - GAP * (columns - 1)) / columns;
                AffineTransform before = g.getTransform();
                g.translate((i % columns) * (cell + GAP), (i / columns) * (h / lines));
                pictures.get(i).drawing().draw(g, cell, h / lines);
                g.setTransform(before);
            }
        });
    }

    /**
     * A wave's outline against seconds.
     *
     * @param title stands above the picture
     * @param wave a recording
     * @return a drawing
     */
    public static Picture wave(String title, Wave wave) {
        String about = String.format(
                Locale.ROOT, "%.2f s at %d Hz, peak %.3f", wave.seconds(), wave.sampleRateHz(), wave.peak());
        return new Picture(title, about, WIDEST, 190, (g, width, height) -> {
            int w = width - LEFT - RIGHT, h = height - TOP - BOTTOM;
            sheet(g, title, width, height);
            g.setColor(Colours.LINE);
            float[] x = wave.first();
            double peak = Math.max(1e-6, wave.peak());
            for (int i = 0; i < w; i++) {
                float low = 0, high = 0;
                for (int k = (int) ((long) i * x.length / w); k < (int) ((long) (i + 1) * x.length / w); k++) {
                    low = Math.min(low, x[k]);
                    high = Math.max(high, x[k]);
                }
                g.drawLine(
                        LEFT + i,
                        TOP + (int) (h / 2.0 * (1 - high / peak)),
                        LEFT + i,
                        TOP + (int) (h / 2.0 * (1 - low / peak)));
            }
            secondsAxis(g, w, h, wave.seconds());
        });
    }

    /**
     * A melody, or several in the order of their names, against seconds; unvoiced frames are gaps.
     *
     * @param title stands above the picture
     * @param melodies by the name in the legend
     * @return a line a melody
     */
    public static Picture melodies(String title, Map<String, F0Track> melodies) {
        XYChart chart = chart(title, "seconds", "Hz");
        chart.getStyler().setLegendVisible(melodies.size() > 1);
        new TreeMap<>(melodies).forEach((name, track) -> { // the same colours each time, whatever map it is
            List<Double> at = new ArrayList<>(), hz = new ArrayList<>();
            for (int t = 0; t < track.frames(); t++) {
                at.add(t * track.frameSeconds());
                hz.add(track.voiced()[t] ? (double) track.f0Hz()[t] : null);
            }
            line(chart, name, at, hz);
        });
        return Picture.of(chart);
    }

    /**
     * Values against a number: a loss, a schedule. The chart may be styled further; {@link Picture#of} makes a picture
     * of it.
     *
     * @param title stands above the picture
     * @param xName below the axis
     * @param yName beside the axis
     * @param x [B, 1, M, T]
     * @param y values upwards
     * @return the chart
     */
    public static XYChart curve(
            String title, String xName, String yName, List<? extends Number> x, List<? extends Number> y) {
        XYChart chart = chart(title, xName, yName);
        line(chart, yName, x, y);
        return chart;
    }

    /**
     * Values against their place, 0, 1, 2, ....
     *
     * @param title stands above the picture
     * @param xName below the axis
     * @param yName beside the axis
     * @param y values upwards
     * @return the chart
     */
    public static XYChart curve(String title, String xName, String yName, double[] y) {
        List<Double> x = new ArrayList<>(), values = new ArrayList<>();
        for (int i = 0; i < y.length; i++) {
            x.add((double) i);
            values.add(y[i]);
        }
        return curve(title, xName, yName, x, values);
    }

    /**
     * Columns of a table against another one of it: a schedule, a ledger.
     *
     * @param title stands above the picture
     * @param table as table() gives it
     * @param x name of the column to the right
     * @param y names of the columns upwards; more than one get a legend
     * @return the chart, which may be styled further
     * @throws Problem for a name that the table has no column of numbers for
     */
    public static XYChart curves(String title, Table table, String x, String... y) {
        if (y.length == 0) {
            throw Problem.in(
                    "plots",
                    "at least one column to draw",
                    "none",
                    "name one of " + String.join(", ", table.columnNames()));
        }
        XYChart chart = chart(title, x, y.length == 1 ? y[0] : "");
        chart.getStyler().setLegendVisible(y.length > 1);
        List<Double> across = numbers(table, x);
        for (String name : y) {
            line(chart, name, across, numbers(table, name));
        }
        return chart;
    }

    /**
     * A line without marks. XChart puts its ticks onto the values where they are equally spaced, 0.7314 s for instance;
     * one more point in the middle of the last stretch, where the line goes through anyway, gives round ones.
     */
    public static void line(XYChart chart, String name, List<? extends Number> x, List<? extends Number> y) {
        List<Double> xs = new ArrayList<>(), ys = new ArrayList<>();
        for (int i = 0; i < x.size(); i++) {
            if (i > 0 && i == x.size() - 1) {
                boolean gap = y.get(i - 1) == null || y.get(i) == null;
                xs.add((x.get(i - 1).doubleValue() + x.get(i).doubleValue()) / 2);
                ys.add(
                        gap
                                ? null
                                : (Double)
                                        ((y.get(i - 1).doubleValue() + y.get(i).doubleValue()) / 2));
            }
            xs.add(x.get(i).doubleValue());
            ys.add(y.get(i) == null ? null : (Double) y.get(i).doubleValue());
        }
        chart.addSeries(name, xs, ys).setMarker(SeriesMarkers.NONE);
    }

    private static List<Double> numbers(Table table, String name) {
        if (!table.containsColumn(name) || !(table.column(name) instanceof NumericColumn<?> column)) {
            throw Problem.in(
                    "plots",
                    "a column of numbers named " + name,
                    "columns " + String.join(", ", table.columnNames()),
                    "name one of these");
        }
        return Arrays.stream(column.asDoubleArray()).boxed().toList();
    }

    private static XYChart chart(String title, String xName, String yName) {
        XYChart chart = new XYChartBuilder()
                .width(760)
                .height(300)
                .title(title)
                .xAxisTitle(xName)
                .yAxisTitle(yName)
                .build();
        chart.getStyler().setLegendVisible(false).setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setXAxisTickMarkSpacingHint(90);
        return chart;
    }

    /**
     * A song's notes against the training's: the share of voiced frames in each semitone, in percent; the song's key
     * shift is in it.
     *
     * @param range song and training
     * @return a step chart
     */
    public static Picture range(VocalRange range) {
        XYChart chart = chart(
                String.format(Locale.ROOT, "%.0f %% of the song outside the training", 100 * range.outside()),
                "Hz",
                "% of voiced frames");
        chart.getStyler().setLegendVisible(true);
        chart.getStyler().setXAxisLogarithmic(true);
        List<Double> hz = new ArrayList<>(), trained = new ArrayList<>(), song = new ArrayList<>();
        for (int i = 0; i < range.trained().size(); i++) {
            hz.add(range.firstHz() * Math.pow(2, i / 12.0));
            trained.add(100 * range.trained().get(i));
            song.add(100 * range.song().get(i));
        }
        chart.addSeries("training", hz, trained)
                .setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.StepArea)
                .setMarker(SeriesMarkers.NONE);
        chart.addSeries("song", hz, song)
                .setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Step)
                .setMarker(SeriesMarkers.NONE);
        return Picture.of(chart);
    }

    private double seconds(int frames) {
        return audio.seconds(frames);
    }

    private static int bins(float[][] mel) {
        return mel.length == 0 ? 0 : mel[0].length;
    }

    /**
     * The brightest colour: the loudest value, but no louder than a mel can be, so that an untrained network's guess
     * still shows its shape.
     */
    private double top(float[][] mel) {
        return Math.max(0, Math.min(audio.melVmax(), highest(mel)));
    }

    private static double highest(float[][] mel) {
        double top = Double.NEGATIVE_INFINITY;
        for (float[] row : mel) {
            for (float v : row) {
                top = Math.max(top, v);
            }
        }
        return mel.length == 0 ? 0 : top;
    }

    private static String sung(F0Track melody) {
        if (melody == null) {
            return "";
        }
        double low = Double.POSITIVE_INFINITY, high = 0;
        for (int t = 0; t < melody.frames(); t++) {
            if (melody.voiced()[t]) {
                low = Math.min(low, melody.f0Hz()[t]);
                high = Math.max(high, melody.f0Hz()[t]);
            }
        }
        return high == 0
                ? "; unvoiced"
                : String.format(
                        Locale.ROOT, "; F0 %.0f to %.0f Hz, %.0f %% voiced", low, high, 100 * melody.voicedShare());
    }

    private static void sheet(Graphics2D g, String title, int width, int height) {
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, width, height);
        g.setColor(Color.BLACK);
        g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 13));
        g.drawString(
                title, Math.min(LEFT, Math.max(4, (width - g.getFontMetrics().stringWidth(title)) / 2)), 17);
        g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
    }

    /** The rectangle of a mel within its picture: time to the right, frequency upwards. */
    private final class Field {
        private final Graphics2D g;
        private final int w, h;

        Field(Graphics2D g, String title, int width, int height) {
            this.g = g;
            w = Math.max(16, width - LEFT - RIGHT);
            h = Math.max(16, height - TOP - BOTTOM);
            sheet(g, title, width, height);
        }

        /**
         * Each pixel is the mean of the frames under it, so that no frame is left out where there are more frames than
         * pixels.
         */
        void fill(float[][] values, DoubleToIntFunction colour) {
            if (values.length == 0) {
                return;
            }
            BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
            int bins = values[0].length;
            for (int x = 0; x < w; x++) {
                int from = (int) ((long) x * values.length / w),
                        to = Math.max(from + 1, (int) ((long) (x + 1) * values.length / w));
                for (int y = 0; y < h; y++) {
                    int bin = y * bins / h;
                    double sum = 0;
                    for (int t = from; t < to; t++) {
                        sum += values[t][bin];
                    }
                    image.setRGB(x, h - 1 - y, colour.applyAsInt(sum / (to - from)));
                }
            }
            g.drawImage(image, LEFT, TOP, null);
        }

        void line(F0Track melody) {
            g.setColor(Colours.MELODY);
            g.setStroke(new BasicStroke(1.8f));
            for (int x = 1; x < w; x++) {
                int a = (int) ((long) (x - 1) * melody.frames() / w), b = (int) ((long) x * melody.frames() / w);
                if (melody.voiced()[a] && melody.voiced()[b]) {
                    g.drawLine(LEFT + x - 1, yOf(melody.f0Hz()[a]), LEFT + x, yOf(melody.f0Hz()[b]));
                }
            }
            g.setStroke(new BasicStroke(1));
        }

        private int yOf(double hz) {
            double low = MelFilters.mel(audio.fminHz()), high = MelFilters.mel(audio.fmaxHz());
            return TOP + (int) Math.round(h * (1 - (MelFilters.mel(hz) - low) / (high - low)));
        }

        void axes(double seconds) {
            g.setColor(Color.BLACK);
            int below = Integer.MAX_VALUE;
            for (double hz : HZ_TICKS) {
                int y = yOf(hz);
                if (hz >= audio.fminHz() && hz <= audio.fmaxHz() && below - y >= 12) { // room for the text
                    below = y;
                    g.drawLine(LEFT - 4, y, LEFT - 1, y);
                    String text = hz < 1000
                            ? String.format(Locale.ROOT, "%.0f Hz", hz)
                            : String.format(Locale.ROOT, "%.0f kHz", hz / 1000);
                    g.drawString(text, LEFT - 8 - g.getFontMetrics().stringWidth(text), y + 4);
                }
            }
            secondsAxis(g, w, h, seconds);
        }

        /** What the colours mean. */
        void bar(DoubleToIntFunction colour, double low, double high) {
            BufferedImage image = new BufferedImage(8, h, BufferedImage.TYPE_INT_RGB);
            for (int y = 0; y < h; y++) {
                for (int x = 0; x < 8; x++) {
                    image.setRGB(x, h - 1 - y, colour.applyAsInt(y / (double) Math.max(1, h - 1)));
                }
            }
            g.drawImage(image, LEFT + w + 6, TOP, null);
            g.setColor(Color.BLACK);
            g.drawString(String.format(Locale.ROOT, "%.1f", high), LEFT + w + 18, TOP + 9);
            g.drawString(String.format(Locale.ROOT, "%.1f", (low + high) / 2), LEFT + w + 18, TOP + h / 2 + 4);
            g.drawString(String.format(Locale.ROOT, "%.1f", low), LEFT + w + 18, TOP + h);
        }
    }

    private static void secondsAxis(Graphics2D g, int width, int height, double seconds) {
        g.setColor(Color.BLACK);
        double step = 0.1;
        for (double wider : new double[] {0.2, 0.5, 1, 2, 5, 10, 30, 60, 300}) {
            step = seconds / step * 42 > width ? wider : step; // room for the text
        }
        for (int i = 0; i * step <= seconds + 1e-9; i++) {
            int x = LEFT + (int) Math.round(i * step / seconds * width);
            g.drawLine(x, TOP + height, x, TOP + height + 4);
            String text = String.format(Locale.ROOT, step < 1 ? "%.1f s" : "%.0f s", i * step);
            g.drawString(text, x - g.getFontMetrics().stringWidth(text) / 2, TOP + height + 18);
        }
    }
}
