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
import tech.tablesaw.api.ColumnType;
import tech.tablesaw.api.Table;
import tech.tablesaw.io.csv.CsvReadOptions;

/**
 * The numbers of each update as rows of a CSV file, {@code ledger.csv}. They are written so that they read back to the
 * bit. A run that resumes from step N first drops the rows after N: they belong to updates that were lost.
 */
public final class MetricsCsv implements AutoCloseable {
    private static final String HEADER =
            "step,loss,valid_loss,lr,gradient_norm,embedding_norm,wavenet_norm,seconds,memory_mib";
    private final Path file;
    private BufferedWriter out;

    /**
     * One row.
     *
     * @param step updates behind the weights, this one included
     * @param validLoss NaN where the update was not validated
     * @param gradientNorm of both models together, before clipping
     * @param seconds wall time of the update
     * @param memoryMib resident memory of the process after the update
     */
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
        // not a channel: an interrupted thread closes it, and the row of its last update would be lost
        out = new BufferedWriter(
                new OutputStreamWriter(new FileOutputStream(file.toFile(), true), StandardCharsets.UTF_8));
    }

    /**
     * Opens the metrics of a run at {@code step}.
     *
     * @param file created if missing
     * @param step rows of later steps are dropped
     * @throws Problem when the file cannot be read or written
     */
    public static MetricsCsv open(Path file, long step) {
        try {
            List<String> lines = Files.exists(file) ? Files.readAllLines(file) : List.of();
            List<String> kept = new ArrayList<>(List.of(HEADER));
            for (String line : lines) {
                String[] cells = line.split(",", -1);
                // a row that a kill cut short has fewer cells
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
                    "a file for the metrics that can be written",
                    WholeFile.reason(e),
                    "check the folder and the free disk space");
        }
    }

    /** Adds a row and flushes it; false if it cannot be written. */
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

    /** The rows of a file as a table; valid_loss is missing where an update was not validated. */
    public static Table table(Path file) {
        return Table.read()
                .usingOptions(CsvReadOptions.builder(file.toFile())
                        .header(true)
                        .columnTypes(name -> name.equals("step") ? ColumnType.LONG : ColumnType.DOUBLE));
    }

    /** Path of the file. */
    public Path file() {
        return file;
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            // every row was flushed when it was added
        }
    }
}
