package diffsvc.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;

/**
 * Finds NaN and infinity in the result of a stage, so that the error names the stage that made them and not a later
 * one.
 */
public final class Finite {
    private Finite() {}

    /**
     * Whether every value is finite. An empty array and an array of integers are.
     *
     * @return false for NaN or infinity anywhere
     */
    public static boolean all(NDArray array) {
        if (array.size() == 0 || !array.getDataType().isFloating()) {
            return true;
        }
        try (NDManager scratch = array.getManager().newSubManager()) {
            scratch.tempAttachAll(array);
            NDArray most = array.abs().max(); // the engine's maximum of NaN and a number is NaN
            return Double.isFinite(most.toType(DataType.FLOAT64, false).getDouble());
        }
    }

    /** Whether every value is finite; true for an empty array. */
    public static boolean all(float[] values) {
        for (float v : values) {
            if (!Float.isFinite(v)) {
                return false;
            }
        }
        return true;
    }

    /** How many values are not finite, as an error says it: "3 of 19200 values are NaN or infinite". */
    public static String count(NDArray array) {
        long bad = 0;
        try (NDManager scratch = array.getManager().newSubManager()) {
            scratch.tempAttachAll(array);
            for (double v : array.toType(DataType.FLOAT64, false).toDoubleArray()) {
                bad += Double.isFinite(v) ? 0 : 1;
            }
        }
        return bad + " of " + array.size() + " values are NaN or infinite";
    }
}
