package diffsvc.plot;

import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.Table;

/** A table as lines of text for a terminal. */
public final class TextTable {
    /** What the narrowest terminals show of a line. */
    public static final int COLUMNS = 80;

    private static final String GAP = "  ";

    private TextTable() {}

    /**
     * A head and a line for each row, numbers to the right. Columns that find no room within {@value #COLUMNS}
     * characters follow below, beside the first column once more.
     */
    public static String of(Table table) {
        List<List<String>> columns = new ArrayList<>();
        for (int c = 0; c < table.columnCount(); c++) {
            columns.add(padded(table, c));
        }
        StringBuilder text = new StringBuilder();
        int from = 1;
        do {
            int wide = width(columns.get(0)), to = from;
            while (to < columns.size() && (to == from || wide + GAP.length() + width(columns.get(to)) <= COLUMNS)) {
                wide += GAP.length() + width(columns.get(to));
                to++;
            }
            text.append(text.isEmpty() ? "" : "\n");
            for (int row = 0; row <= table.rowCount(); row++) {
                StringBuilder line = new StringBuilder(columns.get(0).get(row));
                for (List<String> column : columns.subList(from, to)) {
                    line.append(GAP).append(column.get(row));
                }
                text.append(line.toString().stripTrailing()).append('\n');
            }
            from = to;
        } while (from < columns.size());
        return text.toString().stripTrailing();
    }

    /** The name of a column and its cells, all of one width. */
    private static List<String> padded(Table table, int c) {
        List<String> cells = new ArrayList<>(List.of(table.column(c).name()));
        for (int row = 0; row < table.rowCount(); row++) {
            cells.add(HtmlParts.cell(table, row, c));
        }
        int wide = cells.stream().mapToInt(String::length).max().orElse(0);
        boolean right = HtmlParts.isNumber(table.column(c));
        return cells.stream()
                .map(cell -> right ? " ".repeat(wide - cell.length()) + cell : cell + " ".repeat(wide - cell.length()))
                .toList();
    }

    private static int width(List<String> column) {
        return column.get(0).length();
    }
}
