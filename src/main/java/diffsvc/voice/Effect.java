package diffsvc.voice;

import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Overrides;
import java.util.List;
import java.util.function.Predicate;

/**
 * Which overrides have an effect on a conversion. An override without an effect is refused with the reason, because a
 * person who sets a key expects a difference.
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
     * Refuses overrides without an effect.
     *
     * @param overrides key=value with commas between
     * @throws Problem that names the key and the reason
     */
    public static void require(Hparams inForce, String overrides) {
        for (String key : new Overrides(STAGE, overrides).keys()) {
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
    }
}
