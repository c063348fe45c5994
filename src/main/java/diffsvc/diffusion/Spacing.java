package diffsvc.diffusion;

import diffsvc.check.Bound;

/**
 * How a sampler's times are spread below the step where sampling starts; the names are those of Lin et al.,
 * arXiv:2305.08891, table 2. All go downwards and hold one time more than there are evaluations, because the last one
 * is only where the last step ends.
 */
public enum Spacing {
    /**
     * Whole steps that include 0 and leave out the top one: 980, 960 .. 20, 0 for 50 of 1000; the last step stays at 0
     * (quirk 2: the start is not 999, although x is pure noise there).
     */
    LEADING {
        @Override
        double[] spread(int top, int evaluations) {
            double[] times = new double[evaluations + 1];
            for (int i = 0; i < evaluations; i++) {
                times[i] = (long) (evaluations - 1 - i) * top / evaluations;
            }
            return times;
        }

        @Override
        double[] multiples(int top, int interval) {
            int count = (int) (((long) top + interval - 1) / interval);
            double[] times = new double[count + 1];
            for (int i = 0; i < count; i++) {
                times[i] = (count - 1 - i) * interval;
            }
            return times;
        }
    },
    /**
     * Whole steps that begin with the top one: 999, 979 .. 19 for 50 of 1000; the last step goes to the clean mel, -1.
     */
    TRAILING {
        @Override
        double[] spread(int top, int evaluations) {
            double[] times = new double[evaluations + 1];
            for (int i = 0; i <= evaluations; i++) {
                times[i] = top - 1 - (long) i * top / evaluations;
            }
            return times;
        }

        @Override
        double[] multiples(int top, int interval) {
            double[] times = new double[(int) (((long) top + interval - 1) / interval) + 1];
            for (int i = 0; i < times.length; i++) {
                times[i] = Math.max(-1, top - 1 - (long) i * interval);
            }
            return times;
        }
    },
    /** Evenly from the top step to 0, both included, so that most times lie between two steps of the schedule. */
    LINSPACE {
        @Override
        double[] spread(int top, int evaluations) {
            double[] times = new double[evaluations + 1];
            for (int i = 0; i <= evaluations; i++) {
                times[i] = (top - 1) * (double) (evaluations - i) / evaluations;
            }
            return times;
        }

        @Override
        double[] multiples(int top, int interval) {
            return spread(top, Math.max(1, (int) Math.round(top / (double) interval)));
        }
    };

    private static final String STAGE = "schedule";

    abstract double[] spread(int top, int evaluations);

    abstract double[] multiples(int top, int interval);

    /**
     * Times for exactly so many evaluations, all within [0, top).
     *
     * @param top sampling starts below this step, 1 or more
     * @param evaluations network calls, 1 to top
     * @return [evaluations + 1], downwards
     * @throws diffsvc.check.Problem for more evaluations than there are steps
     */
    public double[] times(int top, int evaluations) {
        Bound.whole(STAGE, "evaluations", evaluations, 1, requireTop(top));
        return spread(top, evaluations);
    }

    /**
     * Times as the Python project counts them: {@code interval} steps at once, whatever the top, so that fewer
     * evaluations are left from a lower one (its pndm_speedup).
     *
     * @param top sampling starts below this step, 1 or more
     * @param interval steps taken at once, 1 or more
     * @return [N + 1] for N = top / interval, rounded up (for {@link #LINSPACE} to the nearest), downwards
     */
    public double[] every(int top, int interval) {
        Bound.whole(STAGE, "the interval of steps", interval, 1, Integer.MAX_VALUE);
        return multiples(requireTop(top), interval);
    }

    private static int requireTop(int top) {
        return (int) Bound.whole(STAGE, "the step to start below", top, 1, Integer.MAX_VALUE);
    }
}
