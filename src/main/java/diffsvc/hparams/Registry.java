package diffsvc.hparams;

import diffsvc.check.Problem;
import diffsvc.check.Shown;
import java.util.Arrays;
import java.util.List;

/** What the enums of kinds share: a text for YAML and the command line, the look-up by it, and the list for help. */
interface Registry {
    /** The kind's name in hparams, on the command line and in tables. */
    String text();

    /** The constant with this text, or a Problem that lists all of them. */
    static <K extends Registry> K named(K[] all, String stage, String key, String text) {
        return Arrays.stream(all)
                .filter(kind -> kind.text().equals(text))
                .findFirst()
                .orElseThrow(() -> Problem.in(stage, key + " " + listed(all), Shown.of(text), "correct " + key));
    }

    /** All texts, in the order of the constants. */
    static List<String> names(Registry[] all) {
        return Arrays.stream(all).map(Registry::text).toList();
    }

    /** "a, b or c". */
    static String listed(Registry[] all) {
        List<String> texts = names(all);
        int last = texts.size() - 1;
        return last == 0 ? texts.get(0) : String.join(", ", texts.subList(0, last)) + " or " + texts.get(last);
    }
}
