package diffsvc.hparams;

import diffsvc.check.Problem;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys that a person sets with {@code --hparams}. A key that has no effect in a command is refused, instead of
 * being ignored in silence.
 *
 * @param stage the command that reads them, for errors
 * @param text key=value pairs separated by commas
 */
public record Overrides(String stage, String text) {
    /** Returns the keys in the order given, for instance "training.lr". */
    public List<String> keys() {
        List<String> keys = new ArrayList<>();
        for (String pair : text.split(",")) {
            if (!pair.isBlank()) {
                keys.add(pair.substring(0, pair.indexOf('=') < 0 ? pair.length() : pair.indexOf('='))
                        .strip());
            }
        }
        return keys;
    }

    /**
     * Finds the first key that is one of {@code names}.
     *
     * @param names keys, or scopes that end with a dot: "audio."
     * @return null if there is none
     */
    public String firstOf(String... names) {
        for (String key : keys()) {
            for (String name : names) {
                if (name.endsWith(".") ? key.startsWith(name) : key.equals(name)) {
                    return key;
                }
            }
        }
        return null;
    }

    /**
     * Refuses keys that would have no effect.
     *
     * @param why what decides instead, for the error
     * @param names keys, or scopes that end with a dot
     * @throws Problem that names the first of them that is set
     */
    public void refuse(String why, String remedy, String... names) {
        String key = firstOf(names);
        if (key != null) {
            throw Problem.in(stage, "keys that have an effect here", key + ": " + why, remedy);
        }
    }

    /** Refuses {@code project} and {@code steps}: the option --project and the training decide them. */
    public void refuseProjectAndSteps() {
        refuse("the project's name comes from --project", "leave it out", "project");
        refuse(
                "it counts the training that a voice has behind it",
                "leave it out; training.steps says how long to train",
                "steps");
    }

    /** Refuses the mel range and the F0 statistics, which preprocessing measures in the recordings. */
    public void refuseWhatIsFound() {
        refuse(
                "preprocess finds it in the recordings",
                "leave it out; to train under another one, edit the dataset's mel_range.yaml afterwards",
                "noise.spec_min",
                "noise.spec_max",
                "range.");
    }
}
