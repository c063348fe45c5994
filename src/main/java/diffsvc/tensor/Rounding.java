package diffsvc.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import java.util.Locale;
import java.util.Random;

/**
 * What a narrow precision does to a network's result. A processor or an engine can be wrong in it, so each network is
 * tried on a short input before it is used.
 */
public final class Rounding {
    /** Three times and more what bfloat16 leaves in any network here. */
    private static final double MOST = 0.1;

    private Rounding() {}

    /**
     * Standard normal values, the same each time and without the engine's generator.
     *
     * @param owner of the result
     */
    public static NDArray noise(NDManager owner, Shape shape) {
        Random random = new Random(1);
        float[] x = new float[Math.toIntExact(shape.size())];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return owner.create(x, shape);
    }

    /**
     * RMS of the difference over the RMS of the reference. 0 where they are equal, and where the reference runs away:
     * then the weights are wrong, not the precision, and the stage itself says so.
     */
    public static double apart(NDArray reference, NDArray rounded) {
        return apart(0, reference, rounded);
    }

    private static double apart(double scale, NDArray reference, NDArray rounded) {
        double level = reference.square().mean().getFloat(),
                error = reference.sub(rounded).square().mean().getFloat();
        return error == 0 || !Double.isFinite(level) ? 0 : Math.sqrt(error) / Math.max(scale, Math.sqrt(level));
    }

    /** Whether less than a tenth of a result differs from the reference; not so where only the result is not finite. */
    public static boolean isNear(NDArray reference, NDArray rounded) {
        return isNear(apart(reference, rounded));
    }

    /** The same for a difference that {@link #apart} gave. */
    public static boolean isNear(double apart) {
        return apart <= MOST;
    }

    /**
     * Checks that a result is near the reference.
     *
     * @param scale RMS that such results have at least; a network that was hardly trained gives less
     * @param precision for the message
     * @throws Problem where more than a tenth of it differs, or it is not finite
     */
    public static void require(String stage, String precision, double scale, NDArray reference, NDArray rounded) {
        double apart = apart(scale, reference, rounded);
        if (!isNear(apart)) {
            throw Problem.in(
                    stage,
                    "results in " + precision + " within " + (int) (100 * MOST) + " % of float32's",
                    String.format(Locale.ROOT, "%.0f %%", 100 * apart),
                    "this processor or engine is wrong in it: pass --precision float32");
        }
    }
}
