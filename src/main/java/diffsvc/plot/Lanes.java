package diffsvc.plot;

import java.awt.Color;
import java.awt.Graphics2D;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;

/**
 * Lanes below each other on one clock; each has its own scale, from its least to its greatest value, with its base in
 * it.
 */
final class Lanes {
    static final int LANE = 64;
    private static final int GAP = 15, NARROWEST_TEXT = 34;
    private static final Color BASE = new Color(0xbbbbbb);
    private final Sheet sheet;
    private final double seconds;

    Lanes(Sheet sheet, double seconds) {
        this.sheet = sheet;
        this.seconds = seconds;
    }

    void draw(List<Lane> lanes) {
        int height = sheet.h / lanes.size();
        for (int i = 0; i < lanes.size(); i++) {
            lane(lanes.get(i), Sheet.TOP + i * height + GAP, height - GAP);
        }
        sheet.seconds(seconds);
    }

    private void lane(Lane lane, int top, int height) {
        DoubleSummaryStatistics range = lane.bars().stream()
                .mapToDouble(Lane.Bar::value)
                .filter(Double::isFinite)
                .summaryStatistics();
        Graphics2D g = sheet.g;
        g.setColor(Color.BLACK);
        g.drawString(lane.name(), Sheet.LEFT + 2, top - 4);
        if (range.getCount() == 0) {
            return;
        }
        double low = Math.min(lane.base(), range.getMin()),
                high = Math.max(lane.base(), range.getMax()),
                span = high > low ? high - low : 1;
        int base = top + (int) Math.round(height * (high - lane.base()) / span);
        for (Lane.Bar bar : lane.bars()) {
            if (!Double.isFinite(bar.value())) {
                continue;
            }
            int from = x(bar.start()),
                    to = Math.max(from + 1, x(bar.end())),
                    y = top + (int) Math.round(height * (high - bar.value()) / span);
            g.setColor(Colours.LINE);
            g.fillRect(from, Math.min(y, base), Math.max(1, to - from - 1), Math.max(1, Math.abs(base - y)));
            String text = String.format(Locale.ROOT, Math.abs(bar.value()) >= 10 ? "%.0f" : "%.2f", bar.value());
            if (to - from >= NARROWEST_TEXT) {
                g.setColor(Math.abs(base - y) > 14 ? Color.WHITE : Color.BLACK);
                g.drawString(text, from + 3, Math.abs(base - y) > 14 ? Math.min(y, base) + 12 : Math.max(y, base) - 2);
            }
        }
        g.setColor(BASE);
        g.drawLine(Sheet.LEFT, base, Sheet.LEFT + sheet.w, base);
        sheet.tick(top + 4, shown(high));
        sheet.tick(top + height, shown(low));
    }

    private static String shown(double value) {
        return String.format(Locale.ROOT, Math.abs(value) >= 10 || value == 0 ? "%.0f" : "%.2f", value);
    }

    private int x(double time) {
        return Sheet.LEFT + (int) Math.round(sheet.w * Math.max(0, Math.min(1, time / seconds)));
    }
}
