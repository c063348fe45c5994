package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.Locale;

/**
 * A tensor in a line instead of a wall of numbers.
 *
 * @param shape sizes, "[1, 518, 256]"
 * @param type element type
 * @param min smallest finite value
 * @param max largest finite value
 * @param mean over finite values
 * @param nonFinite how many values are NaN or infinite
 */
public record Summary(String shape, DataType type, double min, double max, double mean, long nonFinite) {
    /** Sizes as a person writes them, "[1, 518, 256]". */
    public static String shape(NDArray array) {
        return java.util.Arrays.toString(array.getShape().getShape());
    }

    /** Looks at every value once. */
    public static Summary of(NDArray array) {
        String shape = shape(array);
        if (array.getDataType() == DataType.COMPLEX64 || array.size() == 0) {
            return new Summary(shape, array.getDataType(), Double.NaN, Double.NaN, Double.NaN, 0);
        }
        double min = Double.POSITIVE_INFINITY, max = Double.NEGATIVE_INFINITY, sum = 0;
        long wild = 0, count = 0;
        try (NDManager scratch = array.getManager().newSubManager()) {
            scratch.tempAttachAll(array);
            for (float v : array.toType(DataType.FLOAT32, false).toFloatArray()) {
                if (Float.isFinite(v)) {
                    min = Math.min(min, v);
                    max = Math.max(max, v);
                    sum += v;
                    count++;
                } else {
                    wild++;
                }
            }
        }
        return new Summary(shape, array.getDataType(), min, max, sum / count, wild);
    }

    @Override public String toString() {
        return String.format(Locale.ROOT, "%s %s, %.4g to %.4g, mean %.4g%s", shape, type.name().toLowerCase(Locale.ROOT), min, max, mean,
                nonFinite == 0 ? "" : ", " + nonFinite + " not finite");
    }
}
