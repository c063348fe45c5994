package diffsvc.evaluate.signal;

import diffsvc.platform.EngineThreads;

/**
 * Level over time: root mean square of {@value #WINDOW_SECONDS} s around each moment, dB, held at {@value #DEPTH_DB} dB
 * below the loudest, so that the noise floor of a recording does not count.
 *
 * @param db [T]; the first moment is 0 s
 */
record Envelope(double[] db, double hopSeconds) {
    /** Below the loudest moment by so much counts as silence. */
    static final double DEPTH_DB = 40;

    private static final double WINDOW_SECONDS = 0.02, LEAST_POWER = 1e-12;
    private static final double MOST_DELAY_SECONDS = 0.5,
            LEAST_LIKENESS = 0.5,
            LEAST_SPREAD_DB = 0.1,
            LEAST_SPREAD_TO_PLACE_DB = 0.5;

    /** Of one channel [N]; T = floor(seconds / hop) + 1. */
    static Envelope of(float[] x, int rateHz, double hopSeconds) {
        double[] sum = new double[x.length + 1];
        for (int i = 0; i < x.length; i++) {
            sum[i + 1] = sum[i] + (double) x[i] * x[i];
        }
        double[] db = new double[(int) (x.length / (hopSeconds * rateHz)) + 1];
        double loudest = Double.NEGATIVE_INFINITY;
        for (int t = 0; t < db.length; t++) {
            int from = (int) Math.max(0, Math.round((t * hopSeconds - WINDOW_SECONDS / 2) * rateHz)),
                    to = (int) Math.min(x.length, Math.round((t * hopSeconds + WINDOW_SECONDS / 2) * rateHz));
            db[t] = 10 * Math.log10(Math.max(LEAST_POWER, to > from ? (sum[to] - sum[from]) / (to - from) : 0));
            loudest = Math.max(loudest, db[t]);
        }
        for (int t = 0; t < db.length; t++) {
            db[t] = Math.max(db[t], loudest - DEPTH_DB);
        }
        return new Envelope(db, hopSeconds);
    }

    /** Whether something sounds: above the level at which the curve is held. */
    boolean[] sounding() {
        double loudest = Double.NEGATIVE_INFINITY;
        for (double v : db) {
            loudest = Math.max(loudest, v);
        }
        boolean[] sounding = new boolean[db.length];
        for (int t = 0; t < db.length; t++) {
            sounding[t] = db[t] > loudest - DEPTH_DB;
        }
        return sounding;
    }

    /**
     * Pearson's correlation of two curves with one hop, over the moments at which either sounds; NaN where one of them
     * is constant within {@value #LEAST_SPREAD_DB} dB.
     */
    double correlation(Envelope other) {
        int n = Math.min(db.length, other.db.length);
        boolean[] a = sounding(), b = other.sounding(), either = new boolean[n];
        for (int t = 0; t < n; t++) {
            either[t] = a[t] || b[t];
        }
        return pearson(db, 0, other.db, 0, n, either, LEAST_SPREAD_DB);
    }

    /**
     * Seconds by which this curve comes behind the other: the lag of the highest correlation of the two within 0.5 s,
     * between the hops by a parabola. NaN where a curve is constant within {@value #LEAST_SPREAD_TO_PLACE_DB} dB, where
     * no lag gives a correlation of 0.5, and where the best one is the last.
     */
    double delayAgainst(Envelope other) {
        int most = (int) Math.round(MOST_DELAY_SECONDS / hopSeconds);
        double[] likeness = new double[2 * most + 1];
        EngineThreads.forEach(likeness.length, i -> {
            int lag = i - most, mine = Math.max(0, lag), its = Math.max(0, -lag);
            likeness[i] = pearson(
                    db,
                    mine,
                    other.db,
                    its,
                    Math.min(db.length - mine, other.db.length - its),
                    null,
                    LEAST_SPREAD_TO_PLACE_DB);
        });
        int best = -1;
        for (int i = 0; i < likeness.length; i++) {
            best = likeness[i] >= LEAST_LIKENESS && (best < 0 || likeness[i] > likeness[best]) ? i : best;
        }
        if (best <= 0 || best == likeness.length - 1) {
            return Double.NaN;
        }
        double before = likeness[best - 1], here = likeness[best], after = likeness[best + 1];
        double bend = before - 2 * here + after, between = bend < 0 ? 0.5 * (before - after) / bend : 0;
        return (best - most + between) * hopSeconds;
    }

    private static double pearson(
            double[] x, int fromX, double[] y, int fromY, int n, boolean[] counted, double leastDb) {
        double sumX = 0, sumY = 0, xx = 0, yy = 0, xy = 0;
        int m = 0;
        for (int t = 0; t < n; t++) {
            if (counted == null || counted[t]) {
                double a = x[fromX + t], b = y[fromY + t];
                m++;
                sumX += a;
                sumY += b;
                xx += a * a;
                yy += b * b;
                xy += a * b;
            }
        }
        double spreadX = xx - sumX * sumX / m, spreadY = yy - sumY * sumY / m, least = m * leastDb * leastDb;
        return m > 1 && spreadX > least && spreadY > least
                ? (xy - sumX * sumY / m) / Math.sqrt(spreadX * spreadY)
                : Double.NaN;
    }
}
