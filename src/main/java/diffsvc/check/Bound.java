package diffsvc.check;

import java.util.Locale;

/**
 * Numbers are checked where they enter: each has a least and a most, and NaN and infinity are none. The sentence names
 * the bounds.
 */
public final class Bound {
    private Bound() {}

    /**
     * A number within bounds, both included.
     *
     * @param stage that takes it
     * @param name of the number, "infer.key" or "--key"
     * @param value to be checked
     * @param least smallest that is taken
     * @param most largest that is taken
     * @return the value
     * @throws Problem that names the bounds
     */
    public static double number(String stage, String name, double value, double least, double most) {
        if (value >= least && value <= most) { // NaN fails both
            return value;
        }
        throw Problem.in(stage, name + " from " + shown(least) + " to " + shown(most), shown(value), "correct " + name);
    }

    /**
     * A whole number within bounds, both included.
     *
     * @param stage that takes it
     * @param name of the number
     * @param value to be checked
     * @param least smallest that is taken
     * @param most largest that is taken
     * @return the value
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
