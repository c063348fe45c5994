package diffsvc.check;

import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/**
 * A value as the sentence of a {@link Problem} shows it: short and in one line. A collection is not written out,
 * because it may be very long.
 */
public final class Shown {
    private static final int LONGEST = 80, MOST_BITS = 400;

    private Shown() {}

    /**
     * A value from a file or a person.
     *
     * @param given text, number, true or false, a collection, or null
     * @return at most some 80 characters, none of them a control character
     */
    public static String of(Object given) {
        if (given == null) {
            return "nothing";
        }
        if (!(given instanceof String || given instanceof Number || given instanceof Boolean)) {
            String other = "a " + given.getClass().getSimpleName();
            return given instanceof Map ? "a map" : given instanceof List ? "a list" : other;
        }
        boolean many = given instanceof BigInteger big && big.bitLength() > MOST_BITS;
        String text = many
                ? "a number of some " + ((BigInteger) given).bitLength() * 3L / 10 + " digits"
                : String.valueOf(given);
        String line = text.substring(0, Math.min(text.length(), LONGEST)).replaceAll("\\p{Cntrl}", "?");
        return text.isEmpty() ? "an empty text" : line + (text.length() > LONGEST ? "..." : "");
    }
}
