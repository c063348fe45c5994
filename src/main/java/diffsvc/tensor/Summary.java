package diffsvc.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A tensor in a line: shape, type, range, mean, deviation and how the values are spread.
 *
 * @param shape sizes, "[1, 518, 256]"
 * @param min smallest finite value
 * @param max largest finite value
 * @param mean over finite values
 * @param deviation standard deviation of the finite values
 * @param zeros how many values are exactly 0
 * @param blocks a histogram of the finite values from min to max, ten blocks as high as their bins are full; empty
 *     where all are equal
 * @param nan how many values are NaN
 * @param infinite how many are infinite
 */
public record Summary(
        String shape,
        DataType type,
        double min,
        double max,
        double mean,
        double deviation,
        long zeros,
        String blocks,
        long nan,
        long infinite) {
    private static final int BINS = 10;
    private static final String HEIGHTS = "▁▂▃▄▅▆▇█";

    /** The sizes of the axes, "[1, 518, 256]". */
    public static String shape(NDArray array) {
        return Arrays.toString(array.getShape().getShape());
    }

    /** Summarises all values of an array; an empty one has no range. */
    public static Summary of(NDArray array) {
        if (array.getDataType() == DataType.COMPLEX64 || array.size() == 0) {
            return new Summary(
                    shape(array), array.getDataType(), Double.NaN, Double.NaN, Double.NaN, Double.NaN, 0, "", 0, 0);
        }
        double min = Double.POSITIVE_INFINITY, max = Double.NEGATIVE_INFINITY, sum = 0, squares = 0;
        long nan = 0, infinite = 0, count = 0, zeros = 0;
        double[] all = values(array);
        for (double v : all) {
            if (Double.isFinite(v)) {
                min = Math.min(min, v);
                max = Math.max(max, v);
                sum += v;
                count++;
                zeros += v == 0 ? 1 : 0;
            } else if (Double.isNaN(v)) {
                nan++;
            } else {
                infinite++;
            }
        }
        double mean = sum / count;
        for (double v : all) {
            squares += Double.isFinite(v) ? (v - mean) * (v - mean) : 0;
        }
        return new Summary(
                shape(array),
                array.getDataType(),
                count == 0 ? Double.NaN : min,
                count == 0 ? Double.NaN : max,
                mean,
                Math.sqrt(squares / count),
                zeros,
                blocks(all, min, max),
                nan,
                infinite);
    }

    /** All values in C order; int64 values are exact up to 2^53. */
    public static double[] values(NDArray array) {
        try (NDManager scratch = array.getManager().newSubManager()) {
            scratch.tempAttachAll(array);
            return array.toType(DataType.FLOAT64, true).toDoubleArray();
        }
    }

    private static String blocks(double[] values, double min, double max) {
        if (!(max > min)) {
            return "";
        }
        long[] full = new long[BINS];
        for (double v : values) {
            if (Double.isFinite(v)) {
                full[(int) Math.min(BINS - 1, (v - min) / (max - min) * BINS)]++;
            }
        }
        long most = Arrays.stream(full).max().orElse(1);
        StringBuilder blocks = new StringBuilder();
        for (long n : full) {
            blocks.append(HEIGHTS.charAt((int) Math.min(HEIGHTS.length() - 1, n * HEIGHTS.length() / most)));
        }
        return blocks.toString();
    }

    /** How many values are NaN or infinite. */
    public long nonFinite() {
        return nan + infinite;
    }

    /**
     * Without the shape: "float32, -5.000 to 0.3632, mean -2.741, deviation 1.093 ▂▅█▇▅▃▂▁▁▁"; and what is wrong: ",
     * NaN 3", ", infinite 1", ", all zero".
     */
    public String text() {
        return String.format(
                Locale.ROOT,
                "%s, %s to %s, mean %.4g%s%s",
                type.name().toLowerCase(Locale.ROOT),
                value(min),
                value(max),
                mean,
                blocks.isEmpty() ? "" : String.format(Locale.ROOT, ", deviation %.4g %s", deviation, blocks),
                warnings().isEmpty() ? "" : ", " + String.join(", ", warnings()));
    }

    /** What a person should know of the values: "NaN 3", "infinite 1", "all zero"; mostly nothing. */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        if (nan > 0) {
            warnings.add("NaN " + nan);
        }
        if (infinite > 0) {
            warnings.add("infinite " + infinite);
        }
        if (zeros > 0 && min == 0 && max == 0 && nonFinite() == 0) {
            warnings.add("all zero");
        }
        return warnings;
    }

    /** A value of the array: without decimals if the type is an integer. */
    public String value(double v) {
        return String.format(Locale.ROOT, type.isInteger() && Double.isFinite(v) ? "%.0f" : "%.4g", v);
    }

    @Override
    public String toString() {
        return shape + " " + text();
    }
}
