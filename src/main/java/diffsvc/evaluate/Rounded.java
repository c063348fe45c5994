package diffsvc.evaluate;

import java.util.List;
import java.util.function.ToDoubleFunction;
import tech.tablesaw.api.DoubleColumn;

/** Columns of numbers for tables that are read. */
final class Rounded {
    private Rounded() {}

    /** A number for each of some things, with so many digits behind the point; NaN stays missing. */
    static <T> DoubleColumn column(String name, List<T> of, int digits, ToDoubleFunction<T> value) {
        double unit = Math.pow(10, digits);
        return DoubleColumn.create(
                name,
                of.stream()
                        .mapToDouble(value)
                        .map(v -> Double.isNaN(v) ? v : Math.round(v * unit) / unit) // NaN would round to 0
                        .toArray());
    }
}
