package diffsvc.evaluate.signal;

/**
 * Counts clipped samples. A run of neighbours is clipped where it is at least {@value #LEAST_AT_FULL_SCALE} samples of
 * one sign at or beyond full scale (32767 / 32768), or at least {@value #LEAST_BELOW} samples that all equal the
 * recording's largest or its least sample; and where the step into it or out of it is at least 2^-11, because the round
 * top of a low tone in 16 bits has equal samples too.
 */
final class Clipping {
    private static final int LEAST_AT_FULL_SCALE = 2, LEAST_BELOW = 3;
    private static final float FULL_SCALE = 32767f / 32768, LEAST_STEP = 1f / 2048;

    private Clipping() {}

    /** Samples of clipped runs in one channel [N]. */
    static int samples(float[] x) {
        float most = Float.NEGATIVE_INFINITY, least = Float.POSITIVE_INFINITY;
        for (float v : x) {
            most = Math.max(most, v);
            least = Math.min(least, v);
        }
        float top = Math.min(most, FULL_SCALE), bottom = Math.max(least, -FULL_SCALE);
        if (top <= 0 || bottom >= 0) {
            return 0;
        }
        return runs(x, 1, top) + runs(x, -1, -bottom);
    }

    /** Samples in runs whose height is at least {@code limit}, with the sign turned for the lower side. */
    private static int runs(float[] x, int sign, float limit) {
        int clipped = 0, shortest = limit >= FULL_SCALE ? LEAST_AT_FULL_SCALE : LEAST_BELOW;
        for (int from = 0, to; from < x.length; from = to + 1) {
            to = from;
            while (to < x.length && sign * x[to] >= limit) {
                to++;
            }
            if (to - from >= shortest
                    && (from > 0 && Math.abs(x[from] - x[from - 1]) >= LEAST_STEP
                            || to < x.length && Math.abs(x[to - 1] - x[to]) >= LEAST_STEP)) {
                clipped += to - from;
            }
        }
        return clipped;
    }
}
