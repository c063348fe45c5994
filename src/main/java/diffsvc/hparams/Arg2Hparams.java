package diffsvc.hparams;

import diffsvc.check.Problem;
import diffsvc.check.Shown;
import diffsvc.check.Spelling;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Applies {@code --hparams training.lr=4e-4,infer.steps=20} to {@link Hparams}. The error for an unknown key names the
 * nearest known one.
 */
public final class Arg2Hparams {
    private Arg2Hparams() {}

    /**
     * Returns a copy with the overrides. Numbers of a list are separated by spaces: {@code noise.spec_min=-5 -4.5}.
     *
     * @param overrides key=value pairs separated by commas, each key once; "" = none
     * @throws Problem for an unknown key, a repeated key, or a value of the wrong type or out of its bounds
     */
    @SuppressWarnings("unchecked")
    public static Hparams apply(Hparams hparams, String overrides) {
        Map<String, Object> map = HparamsYaml.toMap(hparams);
        Set<String> seen = new HashSet<>();
        for (String pair : overrides.split(",")) {
            if (pair.isBlank()) {
                continue;
            }
            int equals = pair.indexOf('=');
            if (equals < 0) {
                throw Problem.in(
                        "hparams",
                        "key=value pairs with commas between",
                        "\"" + Shown.of(pair.strip()) + "\"",
                        "write for instance training.lr=4e-4,infer.steps=20");
            }
            String key = pair.substring(0, equals).strip(),
                    value = pair.substring(equals + 1).strip();
            if (!HparamsYaml.keys(Hparams.class, "").contains(key)) {
                throw unknown(null, key);
            }
            if (!seen.add(key)) {
                throw Problem.in("hparams", "each key once", key + " twice", "leave one out");
            }
            int dot = key.indexOf('.');
            Map<String, Object> scope =
                    dot < 0 ? map : new LinkedHashMap<>((Map<String, Object>) map.get(key.substring(0, dot)));
            scope.put(key.substring(dot + 1), value);
            if (dot >= 0) {
                map.put(key.substring(0, dot), scope);
            }
        }
        return HparamsYaml.of(map, null);
    }

    /**
     * Joins two lists of overrides for {@link #apply}. A key that both hold keeps only the person's value.
     *
     * @param settings key=value pairs separated by commas, made by a program
     * @param overrides key=value pairs separated by commas, given by a person
     */
    public static String join(String settings, String overrides) {
        Set<String> theirs =
                Arrays.stream(overrides.split(",")).map(Arg2Hparams::key).collect(Collectors.toSet());
        Stream<String> own = Arrays.stream(settings.split(",")).filter(pair -> !theirs.contains(key(pair)));
        return Stream.concat(own, Stream.of(overrides))
                .filter(pair -> !pair.isBlank())
                .collect(Collectors.joining(","));
    }

    private static String key(String pair) {
        return pair.substring(0, Math.max(0, pair.indexOf('='))).strip();
    }

    static Problem unknown(Path file, String name) {
        String key = Shown.of(name),
                got = "\"" + key + "\"",
                remedy = "did you mean " + nearest(key, HparamsYaml.keys(Hparams.class, "")) + "?";
        return file == null
                ? Problem.in("hparams", "a known key", got, remedy)
                : Problem.in("hparams", file, "known keys only", got, remedy);
    }

    /** Returns the candidate with the smallest edit distance, counted with or without its scope. */
    static String nearest(String word, List<String> candidates) {
        return candidates.stream()
                .min(Comparator.comparingInt(c -> Math.min(
                        Spelling.distance(word, c), Spelling.distance(word, c.substring(c.indexOf('.') + 1)) + 1)))
                .orElse("");
    }
}
