package diffsvc.plot;

import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import tech.tablesaw.api.ColumnType;
import tech.tablesaw.api.Table;
import tech.tablesaw.columns.Column;

/** Values as plain HTML with pictures and sound inside: what the notebook's page and a report file consist of. */
public final class HtmlParts {
    private static final int MOST_ROWS = 200;

    private HtmlParts() {}

    /** A table; numbers to the right, cut after {@value #MOST_ROWS} rows with a note. */
    public static String table(Table table) {
        StringBuilder html = new StringBuilder("<table><tr>");
        for (Column<?> column : table.columns()) {
            html.append("<th")
                    .append(side(column))
                    .append(escaped(column.name()))
                    .append("</th>");
        }
        html.append("</tr>");
        int rows = Math.min(MOST_ROWS, table.rowCount());
        for (int row = 0; row < rows; row++) {
            html.append("<tr>");
            for (int c = 0; c < table.columnCount(); c++) {
                html.append("<td")
                        .append(side(table.column(c)))
                        .append(escaped(cell(table, row, c)))
                        .append("</td>");
            }
            html.append("</tr>");
        }
        html.append("</table>");
        return table.rowCount() <= rows
                ? html.toString()
                : html + "<p>" + rows + " of " + table.rowCount()
                        + " rows; table.write().csv(\"all.csv\") writes all</p>";
    }

    /** Numbers stand at the right, text at the left. */
    private static String side(Column<?> column) {
        return isNumber(column) ? " style=\"text-align:right\">" : " style=\"text-align:left\">";
    }

    /** Whether a column holds numbers. */
    static boolean isNumber(Column<?> column) {
        ColumnType type = column.type();
        return type == ColumnType.DOUBLE
                || type == ColumnType.FLOAT
                || type == ColumnType.INTEGER
                || type == ColumnType.LONG;
    }

    /** A cell as text, numbers as {@link #number} has them. */
    static String cell(Table table, int row, int column) {
        return table.get(row, column) instanceof Double d ? number(d) : table.getString(row, column);
    }

    /** Five digits, and no zeros behind them. */
    public static String number(double d) {
        if (!Double.isFinite(d) || d != 0 && (Math.abs(d) < 1e-4 || Math.abs(d) >= 1e9)) {
            return String.format(Locale.ROOT, "%.4g", d);
        }
        return d == Math.rint(d)
                ? String.format(Locale.ROOT, "%.0f", d)
                : new BigDecimal(d)
                        .round(new MathContext(5))
                        .stripTrailingZeros()
                        .toPlainString();
    }

    /** An audio player, the sound inside it; quieter where it would clip. */
    public static String player(Wave wave) {
        return audio(wave, "") + "<br>" + escaped(caption(wave));
    }

    /** Players side by side: one row of names, one of players, one of captions. */
    public static String players(Map<String, Wave> waves) {
        StringBuilder names = new StringBuilder(), players = new StringBuilder(), captions = new StringBuilder();
        waves.forEach((name, wave) -> {
            names.append("<th style=\"text-align:left\">").append(escaped(name)).append("</th>");
            players.append("<td>")
                    .append(audio(wave, " style=\"width:16em;height:40px\""))
                    .append("</td>");
            captions.append("<td style=\"text-align:left\">")
                    .append(escaped(caption(wave)))
                    .append("</td>");
        });
        return "<table><tr>" + names + "</tr><tr>" + players + "</tr><tr>" + captions + "</tr></table>";
    }

    private static String audio(Wave wave, String style) {
        Wave fitted = WaveWriter.fitted(wave).wave();
        return "<audio controls preload=\"metadata\"" + style + " src=\"data:audio/flac;base64,"
                + base64(WaveWriter.flacBytes(fitted)) + "\"></audio>";
    }

    /** "6.00 s, 44100 Hz, peak 0.61". */
    public static String caption(Wave wave) {
        return String.format(Locale.ROOT, "%.2f s, %d Hz, peak %.2f", wave.seconds(), wave.sampleRateHz(), wave.peak());
    }

    public static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    public static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    /** A picture inside the page. */
    public static String image(Picture picture) {
        return "<img alt=\"" + escaped(picture.title() + ": " + picture.about()) + "\" src=\"data:image/png;base64,"
                + base64(picture.png()) + "\">";
    }
}
