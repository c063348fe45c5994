package diffsvc.conds;

import diffsvc.check.Problem;
import diffsvc.files.Input;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tech.tablesaw.api.BooleanColumn;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.Table;

/**
 * The F0 of a song as a table that people edit: time in seconds, F0 in Hz (0 is none), voiced. The times rise and need
 * no fixed step: a curve drawn by hand, another program's 10 ms. As a file it is CSV with the header
 * {@code time,hz,voiced}.
 *
 * @param seconds rising
 * @param hz Hz, 0 where there is none
 * @param voiced whether the row is voiced
 */
public record F0Table(double[] seconds, float[] hz, boolean[] voiced) {
    private static final String STAGE = "pitch", HEADER = "time,hz,voiced";
    /** A frame this near to a row takes the row's value, because CSV times are rounded. */
    private static final double SAME_SECONDS = 5e-5;

    private static final double HIGHEST_HZ = 20000;
    private static final long MOST_BYTES = 64 << 20;

    /**
     * Checks that the columns have one length and that the times rise.
     *
     * @throws Problem that names the first time that does not
     */
    public F0Table {
        if (seconds.length != hz.length || seconds.length != voiced.length) {
            throw new IllegalArgumentException(
                    "rows of " + seconds.length + ", " + hz.length + " and " + voiced.length);
        }
        for (int i = 1; i < seconds.length; i++) {
            if (!(seconds[i] > seconds[i - 1])) {
                throw Problem.in(
                        STAGE,
                        "times that rise",
                        seconds[i] + " s behind " + seconds[i - 1] + " s, in row " + (i + 1),
                        "sort the rows by time, and keep one of each time");
            }
        }
    }

    /** The table of an F0 track, one row per frame, the first frame at {@code startSeconds}. */
    public static F0Table of(F0Track f0, double startSeconds) {
        double[] seconds = new double[f0.frames()];
        for (int t = 0; t < seconds.length; t++) {
            seconds[t] = startSeconds + t * f0.frameSeconds();
        }
        return new F0Table(seconds, f0.f0Hz().clone(), f0.voiced().clone());
    }

    /** Joins tables in the order of their times; where two overlap, the rows of the earlier one stay. */
    public static F0Table joined(List<F0Table> parts) {
        double last = Double.NEGATIVE_INFINITY;
        int n = parts.stream().mapToInt(p -> p.seconds.length).sum(), at = 0;
        double[] seconds = new double[n];
        float[] hz = new float[n];
        boolean[] voiced = new boolean[n];
        for (F0Table p : parts) {
            for (int i = 0; i < p.seconds.length; i++) {
                if (p.seconds[i] > last + SAME_SECONDS) {
                    seconds[at] = last = p.seconds[i];
                    hz[at] = p.hz[i];
                    voiced[at++] = p.voiced[i];
                }
            }
        }
        return new F0Table(Arrays.copyOf(seconds, at), Arrays.copyOf(hz, at), Arrays.copyOf(voiced, at));
    }

    /** The rows before a time in seconds. */
    public F0Table before(double end) {
        int n = 0;
        while (n < seconds.length && seconds[n] < end) {
            n++;
        }
        return new F0Table(Arrays.copyOf(seconds, n), Arrays.copyOf(hz, n), Arrays.copyOf(voiced, n));
    }

    /** Number of rows. */
    public int rows() {
        return seconds.length;
    }

    /** The columns time, hz and voiced as a Tablesaw table. */
    public Table table() {
        Table table = Table.create(
                "f0", DoubleColumn.create("time"), DoubleColumn.create("hz"), BooleanColumn.create("voiced"));
        for (int i = 0; i < seconds.length; i++) {
            table.doubleColumn(0).append(seconds[i]);
            table.doubleColumn(1).append(hz[i]);
            table.booleanColumn(2).append(voiced[i]);
        }
        return table;
    }

    /** The F0 table of a Tablesaw table with the columns of {@link #table()}. */
    public static F0Table of(Table table) {
        int n = table.rowCount();
        double[] seconds = new double[n];
        float[] hz = new float[n];
        boolean[] voiced = new boolean[n];
        for (int i = 0; i < n; i++) {
            seconds[i] = table.doubleColumn("time").getDouble(i);
            hz[i] = (float) table.doubleColumn("hz").getDouble(i);
            voiced[i] = table.booleanColumn("voiced").get(i);
        }
        return new F0Table(seconds, hz, voiced);
    }

    /** Writes the CSV, whole or not at all. */
    public Path write(Path file) {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        for (int i = 0; i < seconds.length; i++) {
            text.append(String.format(Locale.ROOT, "%.6f,", seconds[i]))
                    .append(hz[i])
                    .append(',')
                    .append(voiced[i])
                    .append('\n');
        }
        return WholeFile.write(STAGE, file, part -> Files.writeString(part, text));
    }

    /**
     * Reads a CSV of two or three columns: time, Hz, and voiced (true/false, 1/0); without the third, 0 Hz is unvoiced.
     * Commas, semicolons or tabs; a header gives the columns' order.
     *
     * @throws Problem that names the line
     */
    public static F0Table read(Path file) {
        List<String> lines = lines(file);
        Columns columns = null;
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).replace("\uFEFF", "").trim();
            if (line.isEmpty()) {
                continue;
            }
            String[] cells = line.toLowerCase(Locale.ROOT).split("\\s*[,;\t]\\s*");
            if (columns == null) {
                boolean header = Arrays.stream(cells).noneMatch(F0Table::isNumber);
                columns = header ? Columns.named(List.of(cells)) : new Columns(0, 1, 2, cells.length);
                if (columns.time < 0 || columns.hz < 0) {
                    throw bad(file, i, "columns " + HEADER, line);
                }
                if (header) {
                    continue;
                }
            }
            Row row = columns.row(file, i, line, cells);
            if (!rows.isEmpty() && rows.get(rows.size() - 1).seconds >= row.seconds) {
                throw bad(file, i, "times that rise", line);
            }
            rows.add(row);
        }
        if (rows.isEmpty()) {
            throw Problem.in(STAGE, file, "a CSV of " + HEADER, "no row", "export one with --export-f0");
        }
        double[] seconds = new double[rows.size()];
        float[] hz = new float[seconds.length];
        boolean[] voiced = new boolean[seconds.length];
        for (int i = 0; i < seconds.length; i++) {
            seconds[i] = rows.get(i).seconds;
            hz[i] = (float) rows.get(i).hz;
            voiced[i] = rows.get(i).voiced;
        }
        return new F0Table(seconds, hz, voiced);
    }

    private static List<String> lines(Path file) {
        Input.require(STAGE, file, "a CSV of " + HEADER);
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw Problem.in(
                        STAGE,
                        file,
                        "a CSV of at most " + (MOST_BYTES >> 20) + " MiB, some three hours of 5 ms",
                        (Files.size(file) >> 20) + " MiB",
                        "give the curve of one song");
            }
            return Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (CharacterCodingException e) {
            throw Problem.in(
                    STAGE,
                    file,
                    "a CSV of " + HEADER,
                    "bytes that are no text in UTF-8",
                    "export one with --export-f0, or save it as UTF-8");
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a CSV of " + HEADER, WholeFile.reason(e), "check the path");
        }
    }

    private record Row(double seconds, double hz, boolean voiced) {}

    /** Where the values stand in a line of {@code width} cells; {@code voiced} may be missing. */
    private record Columns(int time, int hz, int voiced, int width) {
        static Columns named(List<String> names) {
            return new Columns(
                    place(names, "time", "seconds"),
                    place(names, "hz", "f0", "f0_hz"),
                    place(names, "voiced"),
                    names.size());
        }

        Row row(Path file, int i, String line, String[] cells) {
            if (cells.length != width
                    || time >= width
                    || hz >= width
                    || !isNumber(cells[time])
                    || !isNumber(cells[hz])) {
                throw bad(file, i, width + " cells, time and Hz as numbers", line);
            }
            double seconds = Double.parseDouble(cells[time]), f0 = Double.parseDouble(cells[hz]);
            Boolean sounds = voiced < 0 || voiced >= width ? Boolean.valueOf(f0 > 0) : truth(cells[voiced]);
            if (sounds == null || !(f0 >= 0 && f0 <= HIGHEST_HZ) || !Double.isFinite(seconds)) {
                throw bad(file, i, sounds == null ? "voiced as true or false" : "Hz from 0 to 20000 and a time", line);
            }
            if (sounds && f0 == 0) {
                throw bad(file, i, "Hz above 0 where voiced is true", line);
            }
            return new Row(seconds, f0, sounds);
        }
    }

    private static Problem bad(Path file, int line, String need, String got) {
        return Problem.in(STAGE, file, "in line " + (line + 1) + " " + need, "\"" + got + "\"", "correct the line");
    }

    private static int place(List<String> names, String... any) {
        return Arrays.stream(any)
                .mapToInt(names::indexOf)
                .filter(i -> i >= 0)
                .findFirst()
                .orElse(-1);
    }

    private static boolean isNumber(String cell) {
        return cell.matches("[-+]?(\\d+\\.?\\d*|\\.\\d+)(e[-+]?\\d+)?");
    }

    private static Boolean truth(String cell) {
        return switch (cell) {
            case "true", "1", "1.0", "yes" -> Boolean.TRUE;
            case "false", "0", "0.0", "no" -> Boolean.FALSE;
            default -> null;
        };
    }

    /**
     * F0 and voicing on T frames, the first at {@code startSeconds} of the table. A frame at a row takes the row's
     * value; between voiced rows F0 is interpolated linearly in log2; voicing is the nearest row's. Before the first
     * and behind the last row frames are unvoiced.
     */
    public F0Track track(int frames, double frameSeconds, double startSeconds) {
        float[] f0 = new float[frames];
        boolean[] sounds = new boolean[frames];
        double reach = seconds.length > 1
                ? Math.max(frameSeconds, (seconds[seconds.length - 1] - seconds[0]) / (seconds.length - 1))
                : frameSeconds;
        for (int t = 0, row = 0; t < frames; t++) {
            double now = startSeconds + t * frameSeconds;
            while (row + 1 < seconds.length && seconds[row + 1] <= now + SAME_SECONDS) {
                row++;
            }
            int next = Math.min(row + 1, seconds.length - 1);
            double ahead = now - seconds[row], toNext = seconds[next] - now;
            int nearest = ahead < SAME_SECONDS || next == row || ahead <= toNext ? row : next;
            if (Math.abs(now - seconds[nearest]) > reach && (now < seconds[0] || nearest == seconds.length - 1)) {
                continue;
            }
            sounds[t] = voiced[nearest];
            boolean between = Math.abs(ahead) > SAME_SECONDS && ahead > 0 && next != row && hz[row] > 0 && hz[next] > 0;
            f0[t] = !sounds[t]
                    ? hz[nearest]
                    : between
                            ? (float) (hz[row] * Math.pow(hz[next] / hz[row], ahead / (seconds[next] - seconds[row])))
                            : hz[nearest];
        }
        return new F0Track(f0, sounds, frameSeconds);
    }

    /** Rows, times, range and voicing in one line. */
    @Override
    public String toString() {
        F0Track track = new F0Track(hz, voiced, 1);
        float[] sorted = track.voicedHz();
        String text = "F0 table of " + rows() + (rows() == 1 ? " row" : " rows");
        return rows() == 0
                ? text
                : text
                        + String.format(Locale.ROOT, ", %.2f to %.2f s, ", seconds[0], seconds[rows() - 1])
                        + (sorted.length == 0
                                ? "none voiced"
                                : String.format(
                                        Locale.ROOT,
                                        "%.0f to %.0f Hz, %.0f %% voiced",
                                        sorted[0],
                                        sorted[sorted.length - 1],
                                        100 * track.voicedShare()));
    }
}
