package diffsvc.conds.hubert;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Finite;
import diffsvc.check.Problem;
import diffsvc.tensor.Npz;
import java.nio.file.Path;
import java.util.Map;

/** Units of another encoder, from NumPy's file formats. */
public final class UnitsFile {
    private static final String STAGE = "content";
    /** A larger magnitude is no unit: encoders give a few hundred at most. */
    private static final int LARGEST = 10_000;

    private UnitsFile() {}

    /**
     * Reads units [1, P, H] of float16, float32 or float64 from a .npy file, or from a .npz with one array or one named
     * units; the result is float32.
     *
     * @param manager owner of the result
     * @param file .npy or .npz
     * @throws Problem when the file holds something else, or values that are not finite
     */
    public static NDArray read(NDManager manager, Path file) {
        try (NDManager scratch = manager.newSubManager()) {
            Map<String, NDArray> arrays = Npz.read(scratch, STAGE, file);
            NDArray units = arrays.containsKey("units")
                    ? arrays.get("units")
                    : arrays.size() == 1 ? arrays.values().iterator().next() : null;
            if (units == null) {
                throw Problem.in(
                        STAGE,
                        file,
                        "one array, or one named units",
                        arrays.size() + " arrays",
                        "save it with numpy.savez(file, units=units)");
            }
            // Npz gives float16 as float32
            if (units.getDataType() != DataType.FLOAT32 && units.getDataType() != DataType.FLOAT64) {
                throw Problem.in(
                        STAGE,
                        file,
                        "float16, float32 or float64 (<f2, <f4 or <f8)",
                        units.getDataType().toString(),
                        "save units.astype('float32')");
            }
            Shape s = units.getShape();
            int d = s.dimension();
            if (d != 2 && !(d == 3 && s.get(0) == 1) || units.size() == 0) {
                throw Problem.in(
                        STAGE,
                        file,
                        "units [P, H] or [1, P, H] and their values",
                        "shape " + s,
                        "save one song's units");
            }
            // toType of the same type is no copy, and reshape gives a view: it may leave because Npz's arrays own their
            // memory, which a Java buffer's would not
            NDArray own = units.toType(DataType.FLOAT32, false).reshape(1, s.get(d - 2), s.get(d - 1));
            if (!(own.abs().max().getFloat() <= LARGEST)) { // NaN fails too
                throw Problem.in(
                        STAGE,
                        file,
                        "finite units from -" + LARGEST + " to " + LARGEST,
                        Finite.all(own) ? "a magnitude of " + own.abs().max().getFloat() : Finite.count(own),
                        "make the units again");
            }
            own.attach(manager);
            return own;
        }
    }
}
