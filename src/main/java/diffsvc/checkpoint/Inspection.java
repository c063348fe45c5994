package diffsvc.checkpoint;

import diffsvc.check.Problem;
import diffsvc.files.Sha256;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * The content of a checkpoint as a table: one row per value, tensors with their range.
 *
 * @param table columns key, dtype, shape, min, max, mean, nan, sha256; the last is of the elements' bytes in C order
 * @param notes values that are read differently from Python, and a prediction that is not eps, one sentence each
 */
public record Inspection(Path file, Table table, List<String> notes) {
    private static final int LONGEST_VALUE = 60;

    /**
     * Reads a torch or safetensors file, without running code in it.
     *
     * @param file .pt, .ckpt, .pth or .safetensors
     */
    public static Inspection of(Path file) {
        TorchFile.Content content = Safetensors.isOne(file)
                ? new TorchFile.Content(Safetensors.read(file), List.of())
                : CTranslate2.isOne(file)
                        ? new TorchFile.Content(CTranslate2.read(file), List.of())
                        : TorchFile.open(file);
        List<Object[]> rows = new ArrayList<>();
        collect("", content.root(), rows);
        if (rows.isEmpty()) {
            throw Problem.in("inspect", file, "at least one value", "none", "check the file");
        }
        StringColumn key = StringColumn.create("key"),
                dtype = StringColumn.create("dtype"),
                shape = StringColumn.create("shape"),
                sha = StringColumn.create("sha256");
        DoubleColumn min = DoubleColumn.create("min"),
                max = DoubleColumn.create("max"),
                mean = DoubleColumn.create("mean");
        LongColumn nan = LongColumn.create("nan");
        for (Object[] row : rows) {
            key.append((String) row[0]);
            if (row[1] instanceof TorchTensor t) {
                Range range = Range.of(t);
                dtype.append(t.type().name().toLowerCase());
                shape.append(Arrays.toString(t.shape()));
                min.append(range.min);
                max.append(range.max);
                mean.append(range.mean);
                nan.append(range.nan);
                sha.append(Sha256.of(t.bytes()));
            } else {
                dtype.append(row[1] == null ? "None" : row[1].getClass().getSimpleName());
                shape.append(shortened(String.valueOf(row[1])));
                min.appendMissing();
                max.appendMissing();
                mean.appendMissing();
                nan.appendMissing();
                sha.append("");
            }
        }
        for (DoubleColumn numbers : List.of(min, max, mean)) {
            numbers.setPrintFormatter(
                    new DecimalFormat("0.#####E0", DecimalFormatSymbols.getInstance(Locale.ROOT)), "");
        }
        List<String> notes = new ArrayList<>(content.notes());
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        for (Object[] row : rows) {
            if (row[1] instanceof TorchTensor t) {
                tensors.put(String.valueOf(row[0]).replace('/', '.'), t);
            }
        }
        try {
            StatedPrediction.in(null, tensors)
                    .ifPresent(stated -> notes.add("the denoiser predicts " + stated + " (noise.prediction)"));
        } catch (Problem contradiction) {
            notes.add(contradiction.getMessage());
        }
        return new Inspection(
                file, Table.create(file.getFileName().toString(), key, dtype, shape, min, max, mean, nan, sha), notes);
    }

    /** Cuts a long value: the optimizer's list of parameters has hundreds of numbers. */
    private static String shortened(String value) {
        return value.length() <= LONGEST_VALUE
                ? value
                : value.substring(0, LONGEST_VALUE) + "... (" + value.length() + " characters)";
    }

    private static void collect(String path, Object value, List<Object[]> rows) {
        if (value instanceof Map<?, ?> map && !map.isEmpty()) {
            map.forEach((k, v) -> collect(path.isEmpty() ? String.valueOf(k) : path + "/" + k, v, rows));
        } else if (value instanceof List<?> list
                && list.stream().anyMatch(v -> v instanceof TorchTensor || v instanceof Map || v instanceof List)) {
            for (int i = 0; i < list.size(); i++) {
                collect(path + "/" + i, list.get(i), rows);
            }
        } else {
            rows.add(new Object[] {path, value});
        }
    }

    private record Range(double min, double max, double mean, long nan) {
        /** Over the elements that are not NaN; all NaN if there is none. */
        static Range of(TorchTensor t) {
            double min = Double.POSITIVE_INFINITY, max = Double.NEGATIVE_INFINITY, sum = 0;
            long nan = 0, n = 0;
            for (double v : t.toDoubles()) {
                if (Double.isNaN(v)) {
                    nan++;
                } else {
                    min = Math.min(min, v);
                    max = Math.max(max, v);
                    sum += v;
                    n++;
                }
            }
            return n == 0 ? new Range(Double.NaN, Double.NaN, Double.NaN, nan) : new Range(min, max, sum / n, nan);
        }
    }

    /** How many rows are tensors. */
    public long tensors() {
        return table.stringColumn("sha256").asList().stream()
                .filter(s -> !s.isEmpty())
                .count();
    }
}
