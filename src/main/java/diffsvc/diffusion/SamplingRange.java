package diffsvc.diffusion;

import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import java.util.List;

/**
 * The diffusion steps that a conversion samples: [0, top), which noise.k_step, infer.use_gt_mel and
 * infer.add_noise_step decide, and what infer.steps counts.
 *
 * @param all S of the schedule in use
 * @param trained how many of them training drew: noise.k_step, or all
 * @param top sampling starts below this step, 1 to all
 * @param useGtMel whether infer.use_gt_mel asks for a start from the source's mel
 * @param quirks with PYTHON a shallow voice starts from pure noise, and infer.steps counts all S
 */
public record SamplingRange(int all, int trained, int top, boolean useGtMel, Hparams.Quirks quirks) {
    private static final String STAGE = "sampling";

    /** Checks the numbers. */
    public SamplingRange {
        Bound.whole(STAGE, "noise.k_step", trained, 1, all);
        // the Python project does not compare the two
        int most = quirks == Hparams.Quirks.PYTHON ? all : trained;
        if (top < 1 || top > most) {
            throw Problem.in(
                    STAGE,
                    "infer.add_noise_step from 1 to " + most + why(most, all),
                    String.valueOf(top),
                    "correct infer.add_noise_step");
        }
    }

    /**
     * The range that a voice's settings ask for.
     *
     * @param hparams noise.k_step, infer and quirks
     * @param schedule in use: the checkpoint's
     * @throws Problem for an infer.add_noise_step that training never drew
     */
    public static SamplingRange of(Hparams hparams, NoiseSchedule schedule) {
        int all = schedule.steps(), trained = hparams.noise().trainedSteps(all);
        Hparams.Infer infer = hparams.infer();
        int top = infer.useGtMel() ? infer.addNoiseStep() : trained;
        return new SamplingRange(all, trained, top, infer.useGtMel(), hparams.quirks());
    }

    /**
     * Whether sampling starts from the source's mel with the noise of step top - 1, and not from pure noise: with
     * infer.use_gt_mel, and for a shallow voice, which never learned from pure noise.
     */
    public boolean fromSource() {
        return useGtMel || trained < all && quirks == Hparams.Quirks.FIXED;
    }

    /**
     * The times that a sampler goes through. {@code evaluations} of them lie within the range; with quirks=python they
     * are counted over all S instead, so that fewer are left below a lower top.
     *
     * @param sampler spreads the times
     * @return downwards, one more than there are evaluations
     * @throws Problem for more evaluations than there are steps; with quirks=python for whole steps also where they do
     *     not divide S
     */
    public double[] times(Sampler sampler, int evaluations) {
        boolean python = quirks == Hparams.Quirks.PYTHON;
        int most = python ? all : top;
        if (evaluations < 1 || evaluations > most) {
            throw Problem.in(
                    STAGE,
                    "infer.steps from 1 to " + most
                            + (useGtMel && !python ? " (infer.add_noise_step)" : why(most, all)),
                    String.valueOf(evaluations),
                    "take " + (most > 20 ? "20 or another number up to " : "") + most);
        }
        if (!python) {
            return sampler.times(top, evaluations);
        }
        if (all % evaluations == 0) {
            return sampler.spacing().every(top, all / evaluations);
        }
        if (sampler.spacing() == Spacing.LINSPACE) {
            return sampler.times(top, Math.max(1, (int) Math.round(evaluations * (double) top / all)));
        }
        throw Problem.in(
                STAGE,
                "infer.steps that divides " + all + " with quirks=python",
                String.valueOf(evaluations),
                "take 20, 50, 100 or " + all);
    }

    /**
     * What a person should know of the start that they did not ask for: where a shallow voice (noise.k_step) begins.
     *
     * @return a sentence each, none where all is as asked
     */
    public List<String> notes() {
        if (trained == all || useGtMel) {
            return List.of();
        }
        return List.of("the voice learned the first " + trained + " of " + all + " diffusion steps, "
                + (fromSource()
                        ? "so sampling starts from the song's mel with the noise of step " + trained
                        : "and sampling starts there from pure noise, as in the Python project, which training never"
                                + " drew"));
    }

    private static String why(int most, int all) {
        return most < all ? " (noise.k_step, all that training drew)" : "";
    }
}
