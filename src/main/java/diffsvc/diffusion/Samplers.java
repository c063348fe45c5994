package diffsvc.diffusion;

import diffsvc.check.Bound;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.SamplerKind;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * The one registry of samplers: from a name or a typed choice to the sampler itself.
 *
 * <pre>{@code
 * Samplers.unipc(2).steps(20)
 * }</pre>
 */
public final class Samplers {
    private static final String STAGE = "sampling";

    private Samplers() {}

    /**
     * A sampler and its evaluations. As an operator it puts both into the settings of a conversion.
     *
     * @param kind which sampler
     * @param steps network evaluations, 1 to 100000
     */
    public record Choice(SamplerKind kind, int steps) implements UnaryOperator<Hparams.Infer> {
        /** Checks the steps; whether the range has so many is {@link SamplingRange#times}'s to check. */
        public Choice {
            Objects.requireNonNull(kind, "kind");
            Bound.whole(STAGE, "steps", steps, 1, NoiseSchedule.MOST_STEPS);
        }

        /**
         * The same sampler with other evaluations.
         *
         * @param steps 1 to 100000
         */
        public Choice steps(int steps) {
            return new Choice(kind, steps);
        }

        /**
         * The sampler itself.
         *
         * @param draw noise for a {@link Stochastic} sampler; the others never ask for it
         */
        public Sampler on(NoiseSchedule schedule, Draw draw) {
            return switch (kind) {
                case DDPM -> new Ddpm(schedule, draw);
                case PLMS -> new Plms(schedule);
                case DDIM -> new Ddim(schedule);
                case DPMPP -> new DpmSolverPlusPlus(schedule);
                case UNIPC2 -> new UniPc(schedule, 2);
                case UNIPC3 -> new UniPc(schedule, 3);
            };
        }

        /** The settings with infer.sampler and infer.steps of this choice. */
        @Override
        public Hparams.Infer apply(Hparams.Infer infer) {
            return infer.sampler(kind.text()).steps(steps);
        }
    }

    /** The choice that infer.sampler and infer.steps name. */
    public static Choice of(Hparams.Infer infer) {
        return new Choice(SamplerKind.named(infer.sampler()), infer.steps());
    }

    /** {@link Ddpm} with 200 evaluations. */
    public static Choice ddpm() {
        return new Choice(SamplerKind.DDPM, 200);
    }

    /** {@link Plms} with 50 evaluations. */
    public static Choice plms() {
        return new Choice(SamplerKind.PLMS, 50);
    }

    /** {@link Ddim} with 50 evaluations. */
    public static Choice ddim() {
        return new Choice(SamplerKind.DDIM, 50);
    }

    /** {@link DpmSolverPlusPlus} with 20 evaluations. */
    public static Choice dpmpp() {
        return new Choice(SamplerKind.DPMPP, 20);
    }

    /**
     * {@link UniPc} with 20 evaluations.
     *
     * @param order 2 or 3
     */
    public static Choice unipc(int order) {
        Bound.whole(STAGE, "UniPC's order", order, 2, 3);
        return new Choice(order == 2 ? SamplerKind.UNIPC2 : SamplerKind.UNIPC3, 20);
    }
}
