package diffsvc.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Locale;
import java.util.function.DoubleToIntFunction;
import java.util.function.DoubleUnaryOperator;

/** The white sheet of a picture and the rectangle within its axes, drawn in any size. */
final class Sheet {
    static final int LEFT = 64, BOTTOM = 40, TOP = 26, RIGHT = 58, HEIGHT = 296, WIDEST = 960;
    final Graphics2D g;
    /** Of the rectangle within the axes, pixels. */
    final int w, h;

    Sheet(Graphics2D g, String title, int width, int height) {
        this.g = g;
        w = Math.max(16, width - LEFT - RIGHT);
        h = Math.max(16, height - TOP - BOTTOM);
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

    /** Width of a picture of so many columns. */
    static int width(int columns) {
        return LEFT + Math.max(320, Math.min(WIDEST - LEFT - RIGHT, columns)) + RIGHT;
    }

    /**
     * Fills the rectangle with {@code values[column][row]}, rows upwards. Each pixel is the mean of the columns under
     * it, so that none is left out where there are more columns than pixels.
     */
    void fill(float[][] values, DoubleToIntFunction colour) {
        if (values.length == 0) {
            return;
        }
        BufferedImage image = new BufferedImage(w, h, BufferedImage.TYPE_INT_RGB);
        int rows = values[0].length;
        for (int x = 0; x < w; x++) {
            int from = (int) ((long) x * values.length / w),
                    to = Math.max(from + 1, (int) ((long) (x + 1) * values.length / w));
            for (int y = 0; y < h; y++) {
                int row = y * rows / h;
                double sum = 0;
                for (int t = from; t < to; t++) {
                    sum += values[t][row];
                }
                image.setRGB(x, h - 1 - y, colour.applyAsInt(sum / (to - from)));
            }
        }
        g.drawImage(image, LEFT, TOP, null);
    }

    /** A line through {@code yOf(values[t])} where drawn[t], t from left to right. */
    void line(float[] values, boolean[] drawn, DoubleUnaryOperator yOf) {
        g.setColor(Colours.F0);
        g.setStroke(new BasicStroke(1.8f));
        for (int x = 1; x < w; x++) {
            int a = (int) ((long) (x - 1) * values.length / w), b = (int) ((long) x * values.length / w);
            if (drawn[a] && drawn[b]) {
                g.drawLine(LEFT + x - 1, (int) Math.round(yOf.applyAsDouble(values[a])), LEFT + x, (int)
                        Math.round(yOf.applyAsDouble(values[b])));
            }
        }
        g.setStroke(new BasicStroke(1));
    }

    /** A tick with a text at the left axis. */
    void tick(int y, String text) {
        g.setColor(Color.BLACK);
        g.drawLine(LEFT - 4, y, LEFT - 1, y);
        g.drawString(text, LEFT - 8 - g.getFontMetrics().stringWidth(text), y + 4);
    }

    /** Seconds below. */
    void seconds(double seconds) {
        double step = 0.1;
        for (double wider : new double[] {0.2, 0.5, 1, 2, 5, 10, 30, 60, 300}) {
            step = seconds / step * 42 > w ? wider : step; // room for the text
        }
        for (int i = 0; i * step <= seconds + 1e-9; i++) {
            below(i * step / seconds, String.format(Locale.ROOT, step < 1 ? "%.1f s" : "%.0f s", i * step));
        }
    }

    /** Indices 0 to {@code columns} below and to {@code rows} at the left, with names. */
    void indices(int columns, int rows, String xName, String yName) {
        int across = step(columns, w / 60), up = step(rows, h / 24);
        for (int i = 0; i < columns; i += across) {
            below((i + 0.5) / columns, String.valueOf(i));
        }
        for (int i = 0; i < rows; i += up) {
            tick(TOP + (int) Math.round(h * (1 - (i + 0.5) / rows)), String.valueOf(i));
        }
        g.drawString(xName, LEFT + (w - g.getFontMetrics().stringWidth(xName)) / 2, TOP + h + 33);
        var before = g.getTransform();
        g.rotate(-Math.PI / 2, 14, TOP + h / 2.0);
        g.drawString(yName, 14 - g.getFontMetrics().stringWidth(yName) / 2, TOP + h / 2);
        g.setTransform(before);
    }

    /** Names below the columns and at the left of the rows, the first row at the top; as many as there is room for. */
    void names(List<String> columns, List<String> rows) {
        int widest =
                columns.stream().mapToInt(g.getFontMetrics()::stringWidth).max().orElse(1) + 8;
        int across = step(columns.size(), w / widest), down = step(rows.size(), h / 12);
        for (int i = 0; i < columns.size(); i += across) {
            below((i + 0.5) / columns.size(), columns.get(i));
        }
        for (int i = 0; i < rows.size(); i += down) {
            String name = rows.get(i);
            while (name.length() > 1 && g.getFontMetrics().stringWidth(name) > LEFT - 12) {
                name = name.substring(1);
            }
            tick(TOP + (int) Math.round(h * (i + 0.5) / rows.size()), name);
        }
    }

    private static int step(int count, int most) {
        int step = 1;
        for (int i = 0; count / step > Math.max(1, most); i++) {
            step = new int[] {1, 2, 5}[i % 3] * (int) Math.pow(10, i / 3);
        }
        return step;
    }

    private void below(double share, String text) {
        g.setColor(Color.BLACK);
        int x = LEFT + (int) Math.round(share * w);
        g.drawLine(x, TOP + h, x, TOP + h + 4);
        g.drawString(text, x - g.getFontMetrics().stringWidth(text) / 2, TOP + h + 18);
    }

    /** Colours and the values they stand for, at the right. */
    void scale(DoubleToIntFunction colour, double low, double high) {
        BufferedImage image = new BufferedImage(8, h, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < h; y++) {
            for (int x = 0; x < 8; x++) {
                image.setRGB(x, h - 1 - y, colour.applyAsInt(y / (double) Math.max(1, h - 1)));
            }
        }
        g.drawImage(image, LEFT + w + 6, TOP, null);
        g.setColor(Color.BLACK);
        String form = Math.max(Math.abs(low), Math.abs(high)) >= 0.5 && high - low >= 0.5 ? "%.1f" : "%.2g";
        g.drawString(String.format(Locale.ROOT, form, high), LEFT + w + 18, TOP + 9);
        g.drawString(String.format(Locale.ROOT, form, (low + high) / 2), LEFT + w + 18, TOP + h / 2 + 4);
        g.drawString(String.format(Locale.ROOT, form, low), LEFT + w + 18, TOP + h);
    }
}
