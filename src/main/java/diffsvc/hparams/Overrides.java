package diffsvc.hparams;

import diffsvc.check.Problem;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys that somebody sets with {@code --hparams}. A key that has no effect where it is set is refused, so that
 * nobody waits for what it would have done.
 *
 * @param stage that takes them
 * @param text key=value with commas between
 */
public record Overrides(String stage, String text) {
    /**
     * The keys, in their order.
     *
     * @return "training.lr" for instance
     */
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
     * Whether a key, or one of a scope, is among them.
     *
     * @param names keys, or scopes with a dot behind: "audio."
     * @return the first that is set, or null
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
     * @param why what decides instead
     * @param remedy what to do
     * @param names keys, or scopes with a dot behind
     */
    public void refuse(String why, String remedy, String... names) {
        String key = firstOf(names);
        if (key != null) {
            throw Problem.in(stage, "keys that have an effect here", key + ": " + why, remedy);
        }
    }

    /** Refuses {@code project} and {@code steps}, which are no settings: options and training decide. */
    public void refuseProjectAndSteps() {
        refuse("the project's name comes from --project", "leave it out", "project");
        refuse(
                "it counts the training that a voice has behind it",
                "leave it out; training.steps says how long to train",
                "steps");
    }

    /** Refuses what preprocessing finds in the recordings. */
    public void refuseWhatIsFound() {
        refuse(
                "preprocess finds it in the recordings",
                "leave it out; to train under another one, edit the dataset's mel_range.yaml afterwards",
                "noise.spec_min",
                "noise.spec_max",
                "range.");
    }
}
