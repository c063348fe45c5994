package diffsvc.plot;

import java.awt.Color;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.geom.AffineTransform;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.Locale;

/**
 * Where the time of a span goes: the whole in the first row, its parts in the second, their parts in the third. Widths
 * are seconds; what a row leaves white is the work of the span above itself.
 */
final class Flame {
    static final int WIDTH = 1120, HEIGHT = 330;
    private static final int ROWS = 3, NARROWEST_TEXT = 12, EDGE = 6;
    private static final String[] ROW_NAMES = {"whole", "stages", "parts"};
    /** Bright enough for black text, and apart from each other. */
    private static final double DARKEST = 0.4, BRIGHTEST = 0.95;

    private final Sheet sheet;
    private final Span whole;

    Flame(Sheet sheet, Span whole) {
        this.sheet = sheet;
        this.whole = whole;
    }

    void draw() {
        for (int row = 0; row < ROWS; row++) {
            sheet.tick((int) (top(row) + height() / 2), ROW_NAMES[row]);
        }
        box(0, whole, Colours.LINE);
        label(0, whole, whole, texts(whole.name(), 1, whole.seconds()));
        int stages = Math.max(2, whole.runs().size()), i = 0;
        for (List<Span> run : whole.runs()) {
            Color colour =
                    new Color(Colours.viridis(DARKEST + (BRIGHTEST - DARKEST) * (i++ % stages) / (stages - 1.0)));
            row(1, run, colour);
            for (Span stage : run) {
                int k = 0;
                for (List<Span> parts : stage.runs()) {
                    row(2, parts, lighter(colour, k++ % 2 == 0 ? 0.5 : 0.25));
                }
            }
        }
        sheet.seconds(whole.seconds());
    }

    private void row(int row, List<Span> run, Color colour) {
        double seconds = run.stream().mapToDouble(Span::seconds).sum();
        run.forEach(span -> box(row, span, colour));
        label(row, run.get(0), run.get(run.size() - 1), texts(run.get(0).name(), run.size(), seconds));
    }

    private double height() {
        return sheet.h / (double) ROWS;
    }

    private double top(int row) {
        return Sheet.TOP + row * height();
    }

    private double x(double seconds) {
        return Sheet.LEFT + sheet.w * (seconds - whole.from()) / Math.max(1e-9, whole.seconds());
    }

    private void box(int row, Span span, Color colour) {
        double from = x(span.from()), wide = x(span.to()) - from, gap = wide > 3 ? 1 : 0;
        sheet.g.setColor(colour);
        sheet.g.fill(new Rectangle2D.Double(from, top(row), Math.max(0.75, wide - gap), height() - 2));
    }

    /** What may stand in a box, the longest first. */
    private List<String[]> texts(String name, int count, double seconds) {
        String times = count == 1 ? name : name + " × " + count,
                took = String.format(Locale.ROOT, seconds < 0.01 ? "%.4f s" : "%.3f s", seconds),
                share = String.format(Locale.ROOT, "%.1f %%", 100 * seconds / Math.max(1e-9, whole.seconds()));
        return List.of(
                new String[] {times + ", " + took + ", " + share},
                new String[] {times, took + ", " + share},
                new String[] {times, took, share},
                new String[] {name});
    }

    /** The longest text that fits from the first span to the last; upright where only that fits, or none. */
    private void label(int row, Span first, Span last, List<String[]> texts) {
        Graphics2D g = sheet.g;
        FontMetrics font = g.getFontMetrics();
        double left = x(first.from()), wide = x(last.to()) - left, high = height() - 2, line = font.getHeight();
        g.setColor(row == 0 ? Color.WHITE : Color.BLACK);
        for (String[] text : texts) {
            if (widest(font, text) + EDGE <= wide && text.length * line <= high) {
                lines(text, left + wide / 2, top(row) + high / 2);
                return;
            }
        }
        for (String[] text : texts) {
            if (wide >= NARROWEST_TEXT * text.length && widest(font, text) + EDGE <= high) {
                AffineTransform before = g.getTransform();
                g.rotate(-Math.PI / 2, left + wide / 2, top(row) + high / 2);
                lines(text, left + wide / 2, top(row) + high / 2);
                g.setTransform(before);
                return;
            }
        }
    }

    private static int widest(FontMetrics font, String[] text) {
        int widest = 0;
        for (String one : text) {
            widest = Math.max(widest, font.stringWidth(one));
        }
        return widest;
    }

    /** Lines around a middle. */
    private void lines(String[] text, double x, double y) {
        FontMetrics font = sheet.g.getFontMetrics();
        double line = font.getHeight(), first = y - text.length * line / 2 + font.getAscent();
        for (int i = 0; i < text.length; i++) {
            sheet.g.drawString(text[i], (float) (x - font.stringWidth(text[i]) / 2.0), (float) (first + i * line));
        }
    }

    private static Color lighter(Color colour, double share) {
        return new Color(
                mixed(colour.getRed(), share), mixed(colour.getGreen(), share), mixed(colour.getBlue(), share));
    }

    private static int mixed(int value, double white) {
        return (int) Math.round(value + white * (255 - value));
    }
}
