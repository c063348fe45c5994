package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import diffsvc.inside.Explorer;
import diffsvc.plot.Colours;
import diffsvc.plot.HtmlParts;
import diffsvc.plot.MapOrder;
import diffsvc.plot.Picture;
import diffsvc.tensor.Summary;
import diffsvc.voice.Tapped;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.DoubleSummaryStatistics;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What the page gets: plain HTML with pictures and sound inside, so that any front end shows it without an extension.
 */
final class Html {
    /** Characters of a line of text. */
    private static final int TERMINAL = 120;

    private static final int THUMB_WIDTH = 180,
            THUMB_HEIGHT = 64,
            MOST_TEXT = 120,
            UNFOLDED = 20,
            MOST_IN_LIST = 12,
            SHOWN_IN_LIST = 6,
            FRAME_HEIGHT = 720;

    private Html() {}

    /** A tensor: one line, and a small picture of its last two axes. */
    static String tensor(NDArray array) {
        Summary s = Summary.of(array);
        return "<div style=\"display:flex;gap:1em;align-items:center\">" + thumbnail(array) + "<code>"
                + (array.getName() == null ? "" : HtmlParts.escaped(array.getName()) + " ")
                + HtmlParts.escaped(s.toString())
                + "</code></div>";
    }

    /** The explorer in a frame of its own: its names stay apart from those of the front end and of other cells. */
    static String explorer(Explorer explorer) {
        return "<iframe title=\"sampling, step by step\" style=\"width:100%;height:" + FRAME_HEIGHT
                + "px;border:0\" srcdoc=\"" + HtmlParts.escaped(explorer.html()) + "\"></iframe>";
    }

    /** Kept inner values, a row for each tap and step. */
    static String tapped(Tapped kept) {
        Map<String, Object> rows = new LinkedHashMap<>();
        kept.values().forEach(v -> rows.put(v.tap() + (v.step() < 0 ? "" : ", " + v.when()), v.array()));
        return tensors("", rows);
    }

    /** Tensors by name, one row each; folded after {@value #UNFOLDED}. */
    static String tensors(String title, Map<String, ?> values) {
        List<String> rows = new ArrayList<>();
        values.forEach((name, value) -> {
            StringBuilder html = new StringBuilder("<tr><td>")
                    .append(HtmlParts.escaped(name))
                    .append("</td>");
            if (value instanceof NDArray array) {
                Summary s = Summary.of(array);
                html.append("<td>")
                        .append(s.shape())
                        .append("</td><td>")
                        .append(s.type().name().toLowerCase(Locale.ROOT))
                        .append("</td>");
                for (String v : List.of(
                        s.value(s.min()),
                        s.value(s.max()),
                        String.format(Locale.ROOT, "%.4g", s.mean()),
                        String.format(Locale.ROOT, "%.4g", s.deviation()),
                        s.blocks())) {
                    html.append("<td>").append(v).append("</td>");
                }
                html.append("<td>")
                        .append(String.join(", ", s.warnings()))
                        .append("</td><td>")
                        .append(thumbnail(array))
                        .append("</td></tr>");
            } else {
                html.append("<td colspan=\"9\" style=\"text-align:left\">")
                        .append(HtmlParts.escaped(shortened(value)))
                        .append("</td></tr>");
            }
            rows.add(html.toString());
        });
        String head =
                "<table><tr><th>name</th><th>shape</th><th>type</th><th>min</th><th>max</th><th>mean</th><th>deviation</th><th></th><th></th><th></th></tr>";
        int open = rows.size() <= UNFOLDED + 2 ? rows.size() : UNFOLDED;
        String shown = (title.isEmpty() ? "" : "<b>" + HtmlParts.escaped(title) + "</b>") + head
                + String.join("", rows.subList(0, open)) + "</table>";
        return open == rows.size()
                ? shown
                : shown + "<details><summary>" + (rows.size() - open) + " more</summary>" + head
                        + String.join("", rows.subList(open, rows.size())) + "</table></details>";
    }

    /**
     * The entries of a map, by name where it has no order of its own (HashMap, Map.of); those of a list by their index;
     * empty for anything else.
     */
    static Map<String, Object> entries(Object thing) {
        Map<String, Object> all = new LinkedHashMap<>();
        if (thing instanceof Map<?, ?> map) {
            MapOrder.of(map).forEach((name, value) -> all.put(String.valueOf(name), value));
        } else if (thing instanceof Collection<?> list) {
            list.forEach(value -> all.put(String.valueOf(all.size()), value));
        }
        return all;
    }

    /** Whether any of the values is a tensor. */
    static boolean hold(Map<String, ?> values) {
        return values.values().stream().anyMatch(NDArray.class::isInstance);
    }

    /**
     * Whether a record's text is the one that the compiler gives it, and more than a line or two; then
     * {@link #settings} shows it. A record with words of its own is shown by these.
     */
    static boolean isLong(Record values) {
        String text = String.valueOf(values);
        return text.length() > 2 * MOST_TEXT
                && text.startsWith(values.getClass().getSimpleName() + "[");
    }

    /** A record of numbers, names and records of these: a row for each component. */
    static String settings(Record values) {
        StringBuilder html =
                new StringBuilder("<b>" + HtmlParts.escaped(values.getClass().getSimpleName()) + "</b><table>");
        components(values).forEach((name, value) -> html.append("<tr><td style=\"text-align:left\">")
                .append(HtmlParts.escaped(name))
                .append("</td><td style=\"text-align:left\">")
                .append(HtmlParts.escaped(words(value)))
                .append("</td></tr>"));
        return html.append("</table>").toString();
    }

    /** The same as text: each component begins a line, and what is longer than a terminal goes on below its values. */
    static String settingsText(Record values) {
        List<String> lines = new ArrayList<>();
        components(values).forEach((name, value) -> {
            StringBuilder line = new StringBuilder(name).append("  ");
            String[] parts = words(value).split("(?<=, )");
            for (String part : parts) {
                if (line.length() + part.stripTrailing().length() > TERMINAL && line.length() > name.length() + 2) {
                    lines.add(line.toString().stripTrailing());
                    line = new StringBuilder(" ".repeat(name.length() + 2));
                }
                line.append(part);
            }
            lines.add(line.toString().stripTrailing());
        });
        return String.join("\n", lines);
    }

    private static String words(Object value) {
        return value instanceof Record inner
                ? String.join(
                        ", ",
                        components(inner).entrySet().stream()
                                .map(e -> e.getKey() + "=" + shortened(e.getValue()))
                                .toList())
                : shortened(value);
    }

    /** A record's components by name; those of a record of tensors inside it as outer.inner. */
    static Map<String, Object> components(Record values) {
        Map<String, Object> all = new LinkedHashMap<>();
        for (RecordComponent c : values.getClass().getRecordComponents()) {
            try {
                c.getAccessor().setAccessible(true);
                Object value = c.getAccessor().invoke(values);
                if (value instanceof Record inner && hold(components(inner))) {
                    components(inner).forEach((name, part) -> all.put(c.getName() + "." + name, part));
                } else {
                    all.put(c.getName(), value);
                }
            } catch (IllegalAccessException | InvocationTargetException | RuntimeException e) {
                all.put(c.getName(), "not readable");
            }
        }
        return all;
    }

    /** One line for each component, for front ends without HTML. */
    static String text(Map<String, ?> values) {
        StringBuilder lines = new StringBuilder();
        values.forEach((name, value) -> lines.append(name)
                .append("  ")
                .append(value instanceof NDArray array ? Summary.of(array).toString() : shortened(value))
                .append('\n'));
        return lines.toString().stripTrailing();
    }

    /** A line of text for a value that is no tensor. */
    static String shortened(Object value) {
        String text = value == null
                ? "null"
                : value.getClass().isArray()
                        ? array(value)
                        : value instanceof Collection<?> list && list.size() > MOST_IN_LIST
                                ? list.stream()
                                        .limit(SHOWN_IN_LIST)
                                        .map(String::valueOf)
                                        .collect(Collectors.joining(", ", "[", ", ... " + list.size() + " in all]"))
                                : String.valueOf(value);
        return text.length() <= MOST_TEXT ? text : text.substring(0, MOST_TEXT) + " ...";
    }

    /** "float[172], 0.000 to 249.6, mean 180.1": type, sizes and range of a Java array. */
    private static String array(Object value) {
        if (value instanceof Object[] objects
                && !objects.getClass().getComponentType().isArray()) {
            return Arrays.toString(objects);
        }
        int length = Array.getLength(value);
        String name = value.getClass().getComponentType().getSimpleName();
        if (value instanceof Object[] rows) {
            int inner = length == 0 || rows[0] == null ? 0 : Array.getLength(rows[0]);
            return name.replaceFirst("\\[.*", "") + "[" + length + "][" + inner + "]";
        }
        boolean numbers = !(value instanceof boolean[] || value instanceof char[]);
        return name + "[" + length + "]"
                + (numbers ? range(length, i -> ((Number) Array.get(value, i)).doubleValue()) : "");
    }

    /** ", -0.6130 to 0.5870, mean 1.2e-05": least, greatest and mean of the finite values. */
    private static String range(int length, IntToDoubleFunction value) {
        DoubleSummaryStatistics all = IntStream.range(0, length)
                .mapToDouble(value)
                .filter(Double::isFinite)
                .summaryStatistics();
        return all.getCount() == 0
                ? ""
                : String.format(Locale.ROOT, ", %.4g to %.4g, mean %.4g", all.getMin(), all.getMax(), all.getAverage());
    }

    /**
     * The first plane of the last two axes from dark (least) to bright (most), longer axis to the right; one axis as a
     * line. Empty for single values.
     */
    private static String thumbnail(NDArray array) {
        long[] shape = array.getShape().getShape();
        if (array.size() < 2 || array.getDataType() == DataType.COMPLEX64) {
            return "";
        }
        int last = (int) shape[shape.length - 1],
                rows = (int) Math.min(Integer.MAX_VALUE, shape.length < 2 ? 1 : shape[shape.length - 2]);
        double[] values = Summary.values(array);
        double low = Double.POSITIVE_INFINITY, high = Double.NEGATIVE_INFINITY;
        int plane = rows * last;
        for (int i = 0; i < plane; i++) {
            if (Double.isFinite(values[i])) {
                low = Math.min(low, values[i]);
                high = Math.max(high, values[i]);
            }
        }
        double span = high > low ? high - low : 1, from = low;
        boolean turned = rows > last; // [T, M] has its time downwards
        int across = turned ? rows : last, down = turned ? last : rows;
        int width = Math.min(THUMB_WIDTH, Math.max(24, across)),
                height = down == 1 ? 36 : Math.min(THUMB_HEIGHT, Math.max(8, down));
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        if (down == 1) {
            Graphics2D g = image.createGraphics();
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, width, height);
            g.setColor(Colours.LINE);
            for (int x = 1; x < width; x++) {
                double a = values[(int) ((long) (x - 1) * across / width)],
                        b = values[(int) ((long) x * across / width)];
                if (Double.isFinite(a) && Double.isFinite(b)) {
                    g.drawLine(
                            x - 1,
                            (int) ((height - 3) * (1 - (a - from) / span)) + 1,
                            x,
                            (int) ((height - 3) * (1 - (b - from) / span)) + 1);
                }
            }
            g.dispose();
        } else {
            for (int x = 0; x < width; x++) {
                for (int y = 0; y < height; y++) {
                    int i = (int) ((long) x * across / width), j = (int) ((long) y * down / height);
                    double v = values[turned ? i * last + j : j * last + i];
                    image.setRGB(
                            x,
                            height - 1 - y,
                            Double.isFinite(v) ? Colours.viridis((v - from) / span) : Colours.F0.getRGB());
                }
            }
        }
        return "<img alt=\"values of the first plane\" src=\"data:image/png;base64,"
                + HtmlParts.base64(
                        new Picture("", "", width, height, (g, w, h) -> g.drawImage(image, 0, 0, null)).png())
                + "\">";
    }
}
