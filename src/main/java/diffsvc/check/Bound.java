package diffsvc.check;

import java.util.Locale;

/**
 * Checks a number where it enters. Each number has a least and a most; NaN and infinity lie outside of them. The error
 * names the bounds.
 */
public final class Bound {
    private Bound() {}

    /**
     * Returns {@code value} if it lies within the bounds, both included.
     *
     * @param name of the number, "infer.key" or "--key"
     * @throws Problem that names the bounds
     */
    public static double number(String stage, String name, double value, double least, double most) {
        if (value >= least && value <= most) { // NaN fails both
            return value;
        }
        throw Problem.in(stage, name + " from " + shown(least) + " to " + shown(most), shown(value), "correct " + name);
    }

    /**
     * Returns {@code value} if it lies within the bounds, both included.
     *
     * @throws Problem that names the bounds
     */
    public static long whole(String stage, String name, long value, long least, long most) {
        if (value >= least && value <= most) {
            return value;
        }
        throw Problem.in(stage, name + " from " + least + " to " + most, String.valueOf(value), "correct " + name);
    }

    private static String shown(double v) {
        return v == Math.rint(v) && Math.abs(v) < 1e15 ? String.valueOf((long) v) : String.format(Locale.ROOT, "%s", v);
    }
}
