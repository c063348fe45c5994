package diffsvc.hparams;

import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.check.Shown;
import java.util.List;
import java.util.Locale;

/** The checks that the records of {@link Hparams} share. Each names the key in YAML, not the component. */
final class Limits {
    static final String STAGE = "hparams";
    static final int MOST_FILTERS = 1 << 24, MOST_FFT = 1 << 20, MOST_BINS = 2048, MOST_STEPS = 100_000;
    /** Numbers in a list that is not one value per mel bin. */
    static final int MOST_ENTRIES = 1024;

    static final double MOST_HZ = 384_000, MOST_LOG10 = 100, MOST_KEY = 48, BELOW_ONE = 1 - 1e-9;
    private static final int LONGEST_TEXT = 4096;

    private Limits() {}

    static Problem wrong(String need, String got, String key) {
        return Problem.in(STAGE, need, got, "correct " + key);
    }

    static <T> T present(String name, T value) {
        if (value == null) {
            throw wrong(name + " to be given", "nothing", name);
        }
        return value;
    }

    static void below(String low, double least, String high, double most) {
        if (!(least < most)) {
            throw wrong(low + " below " + high, least + " and " + most, "one of the two");
        }
    }

    static String oneOf(String name, String value, String... names) {
        if (!List.of(names).contains(present(name, value))) {
            String need =
                    String.join(", ", List.of(names).subList(0, names.length - 1)) + " or " + names[names.length - 1];
            throw wrong(name + " " + need, Shown.of(value), name);
        }
        return value;
    }

    /** The name of a file, in any script, with spaces, without control characters. */
    static void text(String name, String value) {
        if (present(name, value).length() > LONGEST_TEXT || value.chars().anyMatch(Character::isISOControl)) {
            throw wrong(
                    name + " of at most " + LONGEST_TEXT + " characters, none of them a control character",
                    Shown.of(value),
                    name);
        }
    }

    static String hash(String name, String value) {
        if (!present(name, value).matches("[0-9a-fA-F]{0,64}")) {
            throw wrong(name + " hexadecimal, or empty", Shown.of(value), name);
        }
        return value.toLowerCase(Locale.ROOT);
    }

    static List<Double> numbers(String name, List<Double> values, double least, double most, int longest) {
        if (present(name, values).size() > longest) {
            throw wrong(name + " of at most " + longest + " numbers", String.valueOf(values.size()), name);
        }
        for (Double value : values) {
            Bound.number(STAGE, name, present(name, value), least, most);
        }
        return List.copyOf(values);
    }
}
