package diffsvc.check;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;

/**
 * Whether values are numbers. NaN and infinity are caught at the stage that made them, before more work is done on
 * them.
 */
public final class Finite {
    private Finite() {}

    /**
     * Whether every value is finite; an empty array is.
     *
     * @param array of floats
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

    /**
     * What a spoilt array holds, "3 of 19200 values are NaN or infinite".
     *
     * @param array of floats
     * @return for the got of a {@link Problem}
     */
    public static String count(NDArray array) {
        long spoilt = 0;
        try (NDManager scratch = array.getManager().newSubManager()) {
            scratch.tempAttachAll(array);
            for (double v : array.toType(DataType.FLOAT64, false).toDoubleArray()) {
                spoilt += Double.isFinite(v) ? 0 : 1;
            }
        }
        return spoilt + " of " + array.size() + " values are NaN or infinite";
    }
}
