package diffsvc.dataset;

import diffsvc.files.Sha256;
import diffsvc.hparams.Hparams;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Which recording goes into which part: in an order that the seed draws, whole recordings for validation, then for
 * test, the rest for training.
 */
final class Split {
    private Split() {}

    /**
     * A recording that gave clips.
     *
     * @param key of its shard: the order follows from it, not from the name
     * @param seconds of its own clips, augmented ones left out; above 0
     */
    record Share(String name, String key, double seconds) {}

    /** The part of each recording by name: train, valid or test. */
    static Map<String, String> of(List<Share> recordings, Hparams.Dataset settings) {
        List<Share> drawn = recordings.stream()
                .sorted(Comparator.comparing(r -> Sha256.of(settings.seed() + "|" + r.key())))
                .toList();
        double total = drawn.stream().mapToDouble(Share::seconds).sum();
        Map<String, String> parts = new HashMap<>();
        int left = drawn.size();
        for (String part : List.of("valid", "test")) {
            double wanted = (part.equals("valid") ? settings.validShare() : settings.testShare()) * total, have = 0;
            for (Share r : drawn) {
                // half of it too much is better than none, but training keeps at least two thirds of a small set
                boolean fits = have + r.seconds() <= 1.5 * wanted || have == 0 && r.seconds() <= total / 3;
                if (have < wanted && fits && left > 1 && !parts.containsKey(r.name())) {
                    parts.put(r.name(), part);
                    have += r.seconds();
                    left--;
                }
            }
        }
        drawn.forEach(r -> parts.putIfAbsent(r.name(), "train"));
        return parts;
    }
}
