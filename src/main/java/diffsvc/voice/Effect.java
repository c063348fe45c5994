package diffsvc.voice;

import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Which overrides have an effect on a conversion. One that has none is refused with the reason: a key that is set is
 * expected to change the result.
 */
public final class Effect {
    private static final String STAGE = "hparams";

    private record Rule(String keys, Predicate<Hparams> where, String why) {}

    private static final Predicate<Hparams> ALWAYS = h -> true;
    private static final List<Rule> WITHOUT = List.of(
            new Rule("project|steps", ALWAYS, "the voice that is opened has its own: name another voice instead"),
            new Rule("dataset\\..*", ALWAYS, "it shapes a dataset, and this voice is trained"),
            new Rule("training\\..*", ALWAYS, "it shapes a training, and this voice is trained"),
            new Rule(
                    "noise\\.(steps|schedule|max_beta|spec_min|spec_max)",
                    ALWAYS,
                    "the voice's file holds the schedule and the mel range it was trained with, and they win"),
            new Rule(
                    "noise\\.(prediction|sigma_data)",
                    ALWAYS,
                    "the voice's denoiser was trained to predict one thing, which its file and its hparams.yaml say"),
            new Rule(
                    "embedding\\.(enc_layers|enc_ffn_kernel_size|num_heads)",
                    h -> h.embedding().noFs2(),
                    "embedding.no_fs2 is true, so no transformer goes over the units"),
            new Rule(
                    "vocoder\\.(file|sha256)",
                    h -> !h.vocoder().inUse().hasWeights(),
                    "the source-filter vocoder has no file"),
            new Rule(
                    "infer\\.add_noise_step",
                    h -> !h.infer().useGtMel(),
                    "infer.use_gt_mel is false, so sampling starts from pure noise"));

    private Effect() {}

    /**
     * Refuses changes without an effect on a conversion.
     *
     * @param before settings of the voice
     * @param after the same, edited
     * @throws Problem that names the key and the reason
     */
    public static void require(Hparams before, Hparams after) {
        changed(before, after).forEach(key -> require(after, key));
    }

    /**
     * Refuses a key without an effect on a conversion, whether or not its value changes anything.
     *
     * @param inForce settings
     * @param key {@code infer.steps}
     * @throws Problem that names the key and the reason
     */
    public static void require(Hparams inForce, String key) {
        for (Rule rule : WITHOUT) {
            if (key.matches(rule.keys) && rule.where.test(inForce)) {
                throw Problem.in(
                        STAGE,
                        "keys that have an effect on this voice's conversions",
                        key + ": " + rule.why,
                        "leave " + key + " out");
            }
        }
    }

    /** The keys in which two settings differ, {@code infer.steps}, sorted. */
    public static Set<String> changed(Hparams a, Hparams b) {
        Map<String, Object> left = flat("", HparamsYaml.toMap(a)), right = flat("", HparamsYaml.toMap(b));
        Set<String> keys = new TreeSet<>(left.keySet());
        keys.addAll(right.keySet());
        keys.removeIf(key -> Objects.equals(left.get(key), right.get(key)));
        return keys;
    }

    private static Map<String, Object> flat(String scope, Map<String, Object> map) {
        Map<String, Object> all = new TreeMap<>();
        map.forEach((key, value) -> {
            if (value instanceof Map<?, ?> inner) {
                Map<String, Object> named = new TreeMap<>();
                inner.forEach((k, v) -> named.put(String.valueOf(k), v));
                all.putAll(flat(scope + key + ".", named));
            } else {
                all.put(scope + key, value);
            }
        });
        return all;
    }
}
