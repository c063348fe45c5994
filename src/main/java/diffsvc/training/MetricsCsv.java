package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.files.WholeFile;
import java.io.BufferedWriter;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tech.tablesaw.api.Table;
import tech.tablesaw.io.csv.CsvReadOptions;

/**
 * What each update did, a line each, as CSV. Numbers are written so that they read back to the bit. A run that goes on
 * from step N drops the lines after N first: they belong to updates that were lost.
 */
public final class MetricsCsv implements AutoCloseable {
    private static final String HEADER =
            "step,loss,valid_loss,lr,gradient_norm,embedding_norm,wavenet_norm,seconds,memory_mib";
    private final Path file;
    private BufferedWriter out;

    /** One line. */
    public record Row(
            long step,
            double loss,
            double validLoss,
            double lr,
            double gradientNorm,
            double embeddingNorm,
            double wavenetNorm,
            double seconds,
            double memoryMib) {
        String csv() {
            return step + "," + loss + "," + (Double.isNaN(validLoss) ? "" : validLoss) + "," + lr + "," + gradientNorm
                    + "," + embeddingNorm + "," + wavenetNorm + "," + Math.round(seconds * 1e4) / 1e4 + ","
                    + Math.round(memoryMib * 10) / 10.0;
        }
    }

    private MetricsCsv(Path file) throws IOException {
        this.file = file;
        // not a channel, which an interrupted thread would find closed: the row of the last update is written too
        out = new BufferedWriter(
                new OutputStreamWriter(new FileOutputStream(file.toFile(), true), StandardCharsets.UTF_8));
    }

    /**
     * The ledger of a run that stands at {@code step}.
     *
     * @param file a CSV
     * @param step lines behind it are cut off
     * @return to be closed
     */
    public static MetricsCsv open(Path file, long step) {
        try {
            List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
            List<String> kept = new ArrayList<>(List.of(HEADER));
            for (String line : lines) {
                String[] cells = line.split(",", -1);
                // a line that a kill cut short has fewer cells
                if (cells.length == HEADER.split(",").length
                        && cells[0].matches("\\d+")
                        && Long.parseLong(cells[0]) <= step) {
                    kept.add(line);
                }
            }
            WholeFile.write("train", file, part -> Files.write(part, kept));
            return new MetricsCsv(file);
        } catch (IOException e) {
            throw Problem.in(
                    "train",
                    file,
                    "a ledger that can be written",
                    e.getClass().getSimpleName(),
                    "check the folder and the free disk space");
        }
    }

    /**
     * Adds a line; on disk before this returns. False when the disk does not take it.
     *
     * @param line of one step
     * @return whether it is on disk
     */
    public boolean add(Row row) {
        try {
            out.write(row.csv());
            out.newLine();
            out.flush();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * A ledger as a table.
     *
     * @param file a CSV
     * @return a row a line
     */
    public static Table table(Path file) {
        return Table.read()
                .usingOptions(CsvReadOptions.builder(file.toFile())
                        .header(true)
                        .columnTypes(name -> name.equals("step")
                                ? tech.tablesaw.api.ColumnType.LONG
                                : tech.tablesaw.api.ColumnType.DOUBLE));
    }

    /**
     * The file.
     *
     * @return its path
     */
    public Path file() {
        return file;
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            // every line was flushed when it came
        }
    }
}
