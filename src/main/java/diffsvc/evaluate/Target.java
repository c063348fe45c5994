package diffsvc.evaluate;

import java.util.List;

/**
 * Recordings of the voice that outputs should sound like. A judge that embeds them does so once for each target.
 *
 * @param name of the voice, for tables
 * @param recordings at least one
 */
public record Target(String name, List<Sound> recordings) {
    public Target {
        recordings = List.copyOf(recordings);
        if (recordings.isEmpty()) {
            throw new IllegalArgumentException("a target needs a recording");
        }
    }
}
