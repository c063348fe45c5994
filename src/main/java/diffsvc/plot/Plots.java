package diffsvc.plot;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.mel.MelFilters;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.Summary;
import java.awt.Color;
import java.awt.geom.AffineTransform;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleToIntFunction;
import java.util.stream.Collectors;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.internal.chartpart.Chart;
import org.knowm.xchart.style.markers.SeriesMarkers;
import tech.tablesaw.api.Table;

/**
 * Draws mels with seconds and Hz on the axes, F0, waves, tensors, curves and bars; pictures side by side, their
 * difference, and film strips. Every method returns a {@link Picture}: the last line of a cell displays it, and
 * {@link Picture#save} writes it.
 *
 * <p>All plots are methods of this one object, so that Tab lists them; therefore it is long. {@link Sheet} and
 * {@link Charts} draw.
 */
public final class Plots {
    private static final int GAP = 8;
    private static final double LOWEST = -5;
    private static final double[] HZ_TICKS = {100, 200, 500, 1000, 2000, 4000, 8000, 16000};
    /** Null without a voice. */
    private final Hparams.Audio audio;

    private Plots(Hparams.Audio audio) {
        this.audio = audio;
    }

    /** Plots for mels of this front end: its rate, hop, bins and frequencies. */
    public static Plots of(Hparams.Audio audio) {
        return new Plots(audio);
    }

    /** Plots that know no voice: everything but mels. */
    public static Plots withoutVoice() {
        return new Plots(null);
    }

    /**
     * A mel, log10.
     *
     * @param mel [T, M] or [M, T], M the voice's bins; axes of size 1 may stand before
     * @throws Problem for any other shape
     */
    public Picture mel(String title, NDArray mel) {
        return mel(title, mel, null);
    }

    /**
     * A mel, log10, with the F0 drawn over it.
     *
     * @param mel [T, M] or [M, T], M the voice's bins; axes of size 1 may stand before
     * @param f0 of the same frames; null draws none
     * @throws Problem for any other shape
     */
    public Picture mel(String title, NDArray mel, F0Track f0) {
        return mel(title, rows(mel), f0);
    }

    /**
     * A mel, log10, with the F0 drawn over it.
     *
     * @param mel [T][M], M the voice's bins
     * @param f0 of the same frames; null draws none
     * @throws Problem for another number of bins
     */
    public Picture mel(String title, float[][] mel, F0Track f0) {
        return mel(title, checked(mel), f0, top(mel));
    }

    /**
     * A mel, log10.
     *
     * @param mel [T][M], M the voice's bins
     * @throws Problem for another number of bins
     */
    public Picture mel(String title, float[][] mel) {
        return mel(title, mel, null);
    }

    private Picture mel(String title, float[][] mel, F0Track f0, double top) {
        if (f0 != null && f0.frames() != mel.length) {
            throw Problem.in(
                    "plots",
                    "an F0 of the mel's " + mel.length + " frames",
                    f0.frames() + " frames",
                    "take both from one song, or draw the F0 with f0");
        }
        String about = String.format(
                Locale.ROOT,
                "mel [%d, %d], log10 up to %.2f, %.2f s%s",
                mel.length,
                bins(mel),
                highest(mel),
                seconds(mel.length),
                voiced(f0));
        return new Picture(title, about, Sheet.width(mel.length), Sheet.HEIGHT, (g, width, height) -> {
            Sheet sheet = new Sheet(g, title, width, height);
            sheet.fill(mel, v -> Colours.viridis((v - LOWEST) / (top - LOWEST)));
            if (f0 != null) {
                sheet.line(f0.f0Hz(), f0.voiced(), hz -> yOf(sheet, hz));
            }
            melAxes(sheet, mel.length);
            sheet.scale(Colours::viridis, LOWEST, top);
        });
    }

    /**
     * What one mel has more (red) or less (blue) than another of the same size; white where they agree.
     *
     * @param mel [T, M] or [M, T]
     * @param from of the same size, subtracted
     * @throws Problem where the sizes differ
     */
    public Picture difference(String title, NDArray mel, NDArray from) {
        return difference(title, rows(mel), rows(from));
    }

    /**
     * The same for mels as Java arrays.
     *
     * @param mel [T][M]
     * @param from of the same size, subtracted
     * @throws Problem where the sizes differ
     */
    public Picture difference(String title, float[][] mel, float[][] from) {
        if (mel.length != from.length || bins(mel) != bins(from)) {
            throw Problem.in(
                    "plots",
                    "two mels of one size",
                    mel.length + " x " + bins(mel) + " and " + from.length + " x " + bins(from),
                    "cut the longer one: mel.get(\":, :300\")");
        }
        checked(mel);
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
        return new Picture(title, about, Sheet.width(mel.length), Sheet.HEIGHT, (g, width, height) -> {
            Sheet sheet = new Sheet(g, title, width, height);
            sheet.fill(apart, v -> Colours.diverging(0.5 + 0.5 * v / limit));
            melAxes(sheet, mel.length);
            sheet.scale(Colours::diverging, -limit, limit);
        });
    }

    /**
     * Mels by name as the frames of a film, three per row, with one colour scale for all. In the order of
     * {@link MapOrder}.
     *
     * @param mels [T, M] or [M, T], log10
     */
    public Picture filmstrip(String title, Map<String, NDArray> mels) {
        Map<String, float[][]> rows = new LinkedHashMap<>();
        double top = 0;
        for (Map.Entry<String, NDArray> e : MapOrder.of(mels).entrySet()) {
            float[][] mel = rows(e.getValue());
            rows.put(e.getKey(), mel);
            top = Math.max(top, top(mel));
        }
        List<Picture> frames = new ArrayList<>();
        for (Map.Entry<String, float[][]> e : rows.entrySet()) {
            frames.add(mel(e.getKey(), e.getValue(), null, top));
        }
        return grid(title, frames, Math.min(3, Math.max(1, frames.size())));
    }

    /**
     * Any matrix with its own range: the last axis to the right, the one before it upwards. From dark to bright, or
     * from blue over white to red where values of both signs occur.
     *
     * @param tensor [rows, columns]; axes of size 1 may stand before
     * @throws Problem for any other shape
     */
    public Picture image(String title, NDArray tensor) {
        return image(title, tensor, "column", "row");
    }

    /**
     * The same with names of the axes.
     *
     * @param tensor [rows, columns]; axes of size 1 may stand before
     * @param xName of the last axis, drawn to the right
     * @param yName of the axis before it, drawn upwards
     * @throws Problem for any other shape
     */
    public Picture image(String title, NDArray tensor, String xName, String yName) {
        int[] size = matrix(tensor, "image", "pick a plane, x.get(0)");
        int rows = size[0], columns = size[1];
        double[] flat = Summary.values(tensor);
        float[][] byColumn = new float[columns][rows];
        double low = Double.POSITIVE_INFINITY, high = Double.NEGATIVE_INFINITY;
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                double v = flat[r * columns + c];
                byColumn[c][r] = (float) v;
                if (Double.isFinite(v)) {
                    low = Math.min(low, v);
                    high = Math.max(high, v);
                }
            }
        }
        boolean signed = low < 0 && high > 0;
        double limit = Math.max(Math.abs(low), Math.abs(high));
        double from = signed ? -limit : low, to = signed ? limit : high, span = to > from ? to - from : 1;
        DoubleToIntFunction map = signed ? Colours::diverging : Colours::viridis;
        return new Picture(
                title, "image " + Summary.of(tensor), Sheet.width(columns), Sheet.HEIGHT, (g, width, height) -> {
                    Sheet sheet = new Sheet(g, title, width, height);
                    sheet.fill(
                            byColumn,
                            v -> Double.isFinite(v) ? map.applyAsInt((v - from) / span) : Colours.F0.getRGB());
                    sheet.indices(columns, rows, xName, yName);
                    sheet.scale(map, from, to);
                });
    }

    /**
     * A heat map of named rows and columns, the first row at the top. NaN is grey.
     *
     * @param rows names; what all of them begin and end with is left out
     * @param columns names
     * @param values [rows][columns], from dark to bright, or from blue over white to red where both signs occur
     * @throws Problem when names and values do not fit
     */
    public Picture heat(String title, List<String> rows, List<String> columns, double[][] values) {
        if (rows.isEmpty()
                || columns.isEmpty()
                || values.length != rows.size()
                || Arrays.stream(values).anyMatch(row -> row.length != columns.size())) {
            throw Problem.in(
                    "plots",
                    "values [rows][columns] of " + rows.size() + " and " + columns.size() + " names",
                    "[" + values.length + "][" + (values.length == 0 ? 0 : values[0].length) + "]",
                    "give a name for each row and each column");
        }
        float[][] byColumn = new float[columns.size()][rows.size()];
        double low = Double.POSITIVE_INFINITY, high = Double.NEGATIVE_INFINITY;
        for (int r = 0; r < rows.size(); r++) {
            for (int c = 0; c < columns.size(); c++) {
                byColumn[c][rows.size() - 1 - r] = (float) values[r][c];
                if (Double.isFinite(values[r][c])) {
                    low = Math.min(low, values[r][c]);
                    high = Math.max(high, values[r][c]);
                }
            }
        }
        boolean signed = low < 0 && high > 0;
        double limit = Math.max(Math.abs(low), Math.abs(high));
        double from = signed ? -limit : low, to = signed ? limit : high, span = to > from ? to - from : 1;
        DoubleToIntFunction map = signed ? Colours::diverging : Colours::viridis;
        List<String> shortened = without(rows);
        return new Picture(
                title,
                String.format(Locale.ROOT, "heat map [%d, %d], %.4g to %.4g", rows.size(), columns.size(), low, high),
                Sheet.width(60 * columns.size()),
                Math.max(160, 70 + 24 * rows.size()),
                (g, width, height) -> {
                    Sheet sheet = new Sheet(g, title, width, height);
                    sheet.fill(
                            byColumn,
                            v -> Double.isFinite(v) ? map.applyAsInt((v - from) / span) : Color.LIGHT_GRAY.getRGB());
                    sheet.names(columns, shortened);
                    sheet.scale(map, from, to);
                });
    }

    /** Names without the parts, between points, that all of them begin and end with. */
    private static List<String> without(List<String> names) {
        List<List<String>> parts =
                names.stream().map(n -> List.of(n.split("\\."))).toList();
        int shortest = parts.stream().mapToInt(List::size).min().orElse(0), before = 0, behind = 0;
        while (before + 1 < shortest && alike(parts, before, false)) {
            before++;
        }
        while (before + behind + 1 < shortest && alike(parts, behind, true)) {
            behind++;
        }
        int first = before, last = behind;
        return parts.stream()
                .map(p -> String.join(".", p.subList(first, p.size() - last)))
                .toList();
    }

    private static boolean alike(List<List<String>> names, int i, boolean fromEnd) {
        return names.size() > 1
                && names.stream()
                                .map(p -> p.get(fromEnd ? p.size() - 1 - i : i))
                                .distinct()
                                .count()
                        == 1;
    }

    /** A wave's outline against seconds; of several channels the first. */
    public Picture wave(String title, Wave wave) {
        String about = String.format(
                Locale.ROOT, "%.2f s at %d Hz, peak %.3f", wave.seconds(), wave.sampleRateHz(), wave.peak());
        return new Picture(title, about, Sheet.WIDEST, 190, (g, width, height) -> {
            Sheet sheet = new Sheet(g, title, width, height);
            g.setColor(Colours.LINE);
            float[] x = wave.first();
            double peak = Math.max(1e-6, wave.peak());
            for (int i = 0; i < sheet.w; i++) {
                float low = 0, high = 0;
                for (int k = (int) ((long) i * x.length / sheet.w);
                        k < (int) ((long) (i + 1) * x.length / sheet.w);
                        k++) {
                    low = Math.min(low, x[k]);
                    high = Math.max(high, x[k]);
                }
                g.drawLine(
                        Sheet.LEFT + i,
                        Sheet.TOP + (int) (sheet.h / 2.0 * (1 - high / peak)),
                        Sheet.LEFT + i,
                        Sheet.TOP + (int) (sheet.h / 2.0 * (1 - low / peak)));
            }
            sheet.seconds(wave.seconds());
        });
    }

    /** An F0 against seconds; unvoiced frames are gaps. */
    public Picture f0(String title, F0Track track) {
        return f0(title, Map.of("F0", track));
    }

    /** Several F0 by the name in the legend, against seconds; unvoiced frames are gaps. */
    public Picture f0(String title, Map<String, F0Track> tracks) {
        if (tracks.isEmpty()) {
            throw Problem.in("plots", "at least one F0", "none", "give name and F0");
        }
        XYChart chart = Charts.xy(title, "seconds", "Hz");
        chart.getStyler().setLegendVisible(tracks.size() > 1);
        Color[] colours = chart.getStyler().getSeriesColors();
        MapOrder.of(tracks).forEach((name, track) -> {
            double[] at = new double[track.frames()], hz = new double[track.frames()];
            for (int t = 0; t < at.length; t++) {
                at[t] = t * track.frameSeconds();
                hz[t] = track.voiced()[t] ? track.f0Hz()[t] : Double.NaN;
            }
            Color colour = colours[chart.getSeriesCollection().size() % colours.length];
            if (!Charts.line(chart, name, at, hz, CurveStyle.PLAIN, colour, true)) {
                throw Problem.in("plots", "a voiced frame in " + name, "none", "check the share of voiced frames");
            }
        });
        return Picture.of(chart);
    }

    /**
     * Numbers against their index 0, 1, 2, ...
     *
     * @param y float[], double[], int[], long[], a list of numbers, a Tablesaw column or a tensor with one long axis;
     *     values that are not finite leave gaps
     */
    public Picture curve(String title, Object y) {
        return curve(title, y, CurveStyle.PLAIN);
    }

    /**
     * Numbers against their index, with names of the axes and options.
     *
     * @param y as in {@link #curve(String, Object)}
     */
    public Picture curve(String title, Object y, CurveStyle style) {
        return Picture.of(Charts.curves(title, null, Collections.singletonMap(named(style), y), style));
    }

    /**
     * Numbers against numbers.
     *
     * @param x as many as y, in any of its kinds
     * @param y as in {@link #curve(String, Object)}
     */
    public Picture curve(String title, Object x, Object y, CurveStyle style) {
        return Picture.of(Charts.curves(title, x, Collections.singletonMap(named(style), y), style));
    }

    /**
     * Several rows of numbers by name, against their index 0, 1, 2, ... In the order of the map where it keeps one (a
     * LinkedHashMap), else by name.
     *
     * @param series each as in {@link #curve(String, Object)}; they may differ in length
     */
    public Picture curves(String title, Map<String, ?> series) {
        return curves(title, series, CurveStyle.PLAIN);
    }

    /** The same with names of the axes and options. */
    public Picture curves(String title, Map<String, ?> series, CurveStyle style) {
        return Picture.of(Charts.curves(title, null, series, style));
    }

    /**
     * Several rows of numbers against one.
     *
     * @param x as many as each of the series has
     */
    public Picture curves(String title, Object x, Map<String, ?> series, CurveStyle style) {
        return Picture.of(Charts.curves(title, x, series, style));
    }

    /**
     * Columns of a table against another of its columns: a schedule, training metrics.
     *
     * @param x name of the column to the right
     * @param y names of the columns upwards
     * @throws Problem for a name that the table has no column of numbers for
     */
    public Picture curves(String title, Table table, String x, String... y) {
        return curves(title, table, CurveStyle.axes(x, y.length == 1 ? y[0] : ""), x, y);
    }

    /** The same with options. */
    public Picture curves(String title, Table table, CurveStyle style, String x, String... y) {
        if (y.length == 0) {
            throw Problem.in(
                    "plots",
                    "at least one column to draw",
                    "none",
                    "name one of " + String.join(", ", table.columnNames()));
        }
        Map<String, double[]> series = new LinkedHashMap<>();
        for (String name : y) {
            series.put(name, Charts.numbers(table, name));
        }
        return Picture.of(Charts.curves(title, Charts.numbers(table, x), series, style));
    }

    /**
     * A bar for each name.
     *
     * @param yName beside the axis, with the unit
     * @param values in the order of the map where it keeps one (a LinkedHashMap), else by name
     */
    public Picture bars(String title, String yName, Map<String, ? extends Number> values) {
        if (values.isEmpty()) {
            throw Problem.in("plots", "at least one bar", "none", "give name and number");
        }
        Map<String, ? extends Number> all = MapOrder.of(values);
        CategoryChart chart = Charts.categories(title, "", yName);
        chart.getStyler().setLegendVisible(false);
        chart.addSeries(
                title.isEmpty() ? "values" : title,
                List.copyOf(all.keySet()),
                all.values().stream().map(Number::doubleValue).toList());
        return Picture.of(chart);
    }

    /**
     * A group of bars for each row of a table.
     *
     * @param category name of the column that names the groups: of any type
     * @param y names of the columns of numbers, a bar each
     * @throws Problem for a name that the table lacks
     */
    public Picture bars(String title, Table table, String category, String... y) {
        if (y.length == 0 || !table.containsColumn(category)) {
            throw Problem.in(
                    "plots",
                    "a column of names and at least one of numbers",
                    "columns " + String.join(", ", table.columnNames()),
                    "name two of these");
        }
        List<String> names =
                Arrays.asList(table.column(category).asStringColumn().asObjectArray());
        CategoryChart chart = Charts.categories(title, category, y.length == 1 ? y[0] : "");
        chart.getStyler().setLegendVisible(y.length > 1);
        for (String name : y) {
            chart.addSeries(
                    name,
                    names,
                    Arrays.stream(Charts.numbers(table, name)).boxed().toList());
        }
        return Picture.of(chart);
    }

    /**
     * Where the time of a piece of work goes, as an icicle: the whole, below it its parts, below each of them its own.
     * Widths are seconds; parts of one name that follow each other share a label.
     *
     * @param whole drawn two levels deep
     */
    public Picture flame(String title, Span whole) {
        String about = String.format(
                Locale.ROOT,
                "%s, %.3f s: %s",
                whole.name(),
                whole.seconds(),
                whole.parts().stream()
                        .map(part -> String.format(Locale.ROOT, "%s %.3f", part.name(), part.seconds()))
                        .collect(Collectors.joining(", ")));
        return new Picture(title, about, Flame.WIDTH, Flame.HEIGHT, (g, width, height) -> new Flame(
                        new Sheet(g, title, width, height), whole)
                .draw());
    }

    /**
     * The notes of a song and of the training: the share of voiced frames in each semitone, in percent, after the
     * song's key shift.
     */
    public Picture range(VocalRange range) {
        XYChart chart = Charts.xy(
                String.format(Locale.ROOT, "%.0f %% of the song outside the training", 100 * range.outside()),
                "Hz",
                "% of voiced frames");
        chart.getStyler().setXAxisLogarithmic(true).setLegendVisible(true);
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

    /**
     * Numbers by stretches of time, a lane for each kind, below each other on one clock.
     *
     * @param seconds length of the clock, above 0
     * @param lanes at least one
     * @throws Problem for no lane or no length
     */
    public Picture lanes(String title, double seconds, List<Lane> lanes) {
        if (lanes.isEmpty() || !(seconds > 0 && seconds < Double.POSITIVE_INFINITY)) {
            throw Problem.in(
                    "plots",
                    "a lane and a length above 0 s",
                    lanes.size() + " lanes and " + seconds + " s",
                    "give one number for each stretch");
        }
        String about = String.join(", ", lanes.stream().map(Lane::name).toList());
        return new Picture(
                title,
                about,
                Sheet.WIDEST,
                Sheet.TOP + Sheet.BOTTOM + lanes.size() * Lanes.LANE,
                (g, width, height) -> new Lanes(new Sheet(g, title, width, height), seconds).draw(lanes));
    }

    /**
     * Drawn things below each other, as wide as the widest: their clocks agree where they are as long.
     *
     * @param drawn from top to bottom: a Picture, a chart of XChart, or a list of them
     * @throws Problem for anything else
     */
    public Picture stacked(String title, Object... drawn) {
        List<Picture> pictures = pictures(drawn);
        if (pictures.isEmpty()) {
            throw Problem.in("plots", "at least one picture", "none", "collect some first");
        }
        int width = pictures.stream().mapToInt(Picture::width).max().orElse(0),
                height = pictures.stream().mapToInt(Picture::height).sum() + GAP * (pictures.size() - 1);
        String about = String.join(
                " | ", pictures.stream().map(p -> p.title() + ": " + p.about()).toList());
        return new Picture(title, about, width, height, (g, w, h) -> {
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, w, h);
            int top = 0;
            for (Picture p : pictures) {
                int tall = (int) ((long) p.height() * h / height);
                AffineTransform before = g.getTransform();
                g.translate(0, top);
                p.drawing().draw(g, w, tall);
                g.setTransform(before);
                top += tall + GAP;
            }
        });
    }

    /**
     * Drawn things side by side in one width, each drawn for its share of it.
     *
     * @param drawn from left to right: a Picture, a chart of XChart, or a list of them
     * @throws Problem for anything else
     */
    public Picture sideBySide(String title, Object... drawn) {
        List<Picture> pictures = pictures(drawn);
        return grid(title, pictures, pictures.size());
    }

    private static List<Picture> pictures(Object... drawn) {
        List<Picture> pictures = new ArrayList<>();
        for (Object thing : drawn) {
            for (Object one : thing instanceof Collection<?> several ? several : Collections.singleton(thing)) {
                pictures.add(picture(one));
            }
        }
        return pictures;
    }

    private static Picture picture(Object thing) {
        if (thing instanceof Picture picture) {
            return picture;
        } else if (thing instanceof Chart<?, ?> chart) {
            return Picture.of(chart);
        }
        throw Problem.in(
                "plots",
                "a Picture or a chart",
                thing == null
                        ? "null"
                        : thing instanceof NDArray array
                                ? "a tensor " + Summary.shape(array)
                                : thing.getClass().getSimpleName(),
                "draw it first, plots.mel(...) say");
    }

    private static Picture grid(String title, List<Picture> pictures, int columns) {
        if (pictures.isEmpty()) {
            throw Problem.in("plots", "at least one picture", "none", "collect some first");
        }
        int lines = (pictures.size() + columns - 1) / columns,
                width =
                        Math.min(
                                Sheet.WIDEST,
                                pictures.stream().mapToInt(Picture::width).sum()),
                height = columns > 2 ? Sheet.HEIGHT * 3 / 4 : Sheet.HEIGHT;
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

    @Override
    public String toString() {
        return audio == null
                ? "plots without a voice"
                : String.format(
                        Locale.ROOT,
                        "plots of mels of %d bins, %.1f frames a second; Tab behind the dot lists them",
                        audio.melBins(),
                        1 / audio.hopSeconds());
    }

    /** A mel as T rows of the voice's bins, whichever of the last two axes they are. */
    private float[][] rows(NDArray mel) {
        int[] size = matrix(mel, "mel", "pick one clip, mel.get(0)");
        int bins = voice().melBins();
        if (size[1] == bins) { // also where T equals M: [T, M] is what the front end gives
            return FrontEnd.rows(mel);
        }
        if (size[0] != bins) {
            throw Problem.in(
                    "plots",
                    "a mel [T, M] or [M, T] with the voice's " + bins + " bins",
                    Summary.shape(mel),
                    "draw another tensor with image");
        }
        float[] flat = mel.toFloatArray();
        float[][] rows = new float[size[1]][bins];
        for (int t = 0; t < rows.length; t++) {
            for (int m = 0; m < bins; m++) {
                rows[t][m] = flat[m * rows.length + t];
            }
        }
        return rows;
    }

    private float[][] checked(float[][] mel) {
        int bins = voice().melBins();
        for (float[] row : mel) {
            if (row.length != bins) {
                throw Problem.in(
                        "plots",
                        "a mel [T][M] with the voice's " + bins + " bins",
                        "[" + mel.length + "][" + row.length + "]",
                        "draw another tensor with image");
            }
        }
        return mel;
    }

    /** Sizes of the last two axes; those before them must be 1. */
    private static int[] matrix(NDArray array, String what, String remedy) {
        long[] shape = array.getShape().getShape();
        int n = shape.length;
        if (n < 2 || Arrays.stream(shape, 0, n - 2).anyMatch(s -> s != 1) || array.isEmpty()) {
            throw Problem.in("plots", "one plane for " + what + ", [rows, columns]", Summary.shape(array), remedy);
        }
        return new int[] {(int) shape[n - 2], (int) shape[n - 1]};
    }

    private Hparams.Audio voice() {
        if (audio == null) {
            throw Problem.in(
                    "plots", "a voice, for its mel bins and rate", "none", "take Plots.of(hparams.audio()) instead");
        }
        return audio;
    }

    private static String named(CurveStyle style) {
        return style.y().isEmpty() ? "value" : style.y();
    }

    private double seconds(int frames) {
        return audio.seconds(frames);
    }

    private double yOf(Sheet sheet, double hz) {
        double low = MelFilters.mel(audio.fminHz()), high = MelFilters.mel(audio.fmaxHz());
        return Sheet.TOP + sheet.h * (1 - (MelFilters.mel(hz) - low) / (high - low));
    }

    private void melAxes(Sheet sheet, int frames) {
        int below = Integer.MAX_VALUE;
        for (double hz : HZ_TICKS) {
            int y = (int) Math.round(yOf(sheet, hz));
            if (hz >= audio.fminHz() && hz <= audio.fmaxHz() && below - y >= 12) { // room for the text
                below = y;
                sheet.tick(
                        y, String.format(Locale.ROOT, hz < 1000 ? "%.0f Hz" : "%.0f kHz", hz < 1000 ? hz : hz / 1000));
            }
        }
        sheet.seconds(seconds(frames));
    }

    private static int bins(float[][] mel) {
        return mel.length == 0 ? 0 : mel[0].length;
    }

    /**
     * The value of the brightest colour: the loudest one, but no louder than a mel can be, so that an untrained
     * network's guess still shows its shape.
     */
    private double top(float[][] mel) {
        return Math.max(0, Math.min(voice().melVmax(), highest(mel)));
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

    private static String voiced(F0Track f0) {
        if (f0 == null) {
            return "";
        }
        double low = Double.POSITIVE_INFINITY, high = 0;
        for (int t = 0; t < f0.frames(); t++) {
            if (f0.voiced()[t]) {
                low = Math.min(low, f0.f0Hz()[t]);
                high = Math.max(high, f0.f0Hz()[t]);
            }
        }
        return high == 0
                ? "; unvoiced"
                : String.format(Locale.ROOT, "; F0 %.0f to %.0f Hz, %.0f %% voiced", low, high, 100 * f0.voicedShare());
    }
}
