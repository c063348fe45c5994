package diffsvc.evaluate.pitch;

import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.ArrayRealVector;
import org.hipparchus.linear.DecompositionSolver;
import org.hipparchus.linear.QRDecomposition;
import org.hipparchus.linear.RealMatrix;
import org.hipparchus.linear.RealVector;

/**
 * The vibrato of a melody. In each stretch of {@value #WINDOW_SECONDS} s that is voiced throughout, a line and a sine
 * are fitted to log2 F0 by least squares, with the rate that leaves least; it counts as vibrato where the sine explains
 * most of what the line leaves, and is deeper than the jitter of a steady voice. Singers' vibrato has 4.5 to 7 Hz and
 * some 30 to 120 cents to either side (Prame, JASA 96, 1994, and JASA 102, 1997).
 *
 * @param share of the voiced stretches that have vibrato, 0 to 1; NaN without a voiced stretch
 * @param rateHz median over these; NaN without vibrato
 * @param depthCents median over these, to either side of the line; NaN without vibrato
 */
public record Vibrato(double share, double rateHz, double depthCents) {
    private static final double WINDOW_SECONDS = 0.6, HOP_SECONDS = 0.1;
    private static final double SLOWEST_HZ = 3.5, FASTEST_HZ = 9, STEP_HZ = 0.05;
    private static final double LEAST_CENTS = 12, LEAST_EXPLAINED = 0.7;

    /** A fitted sine: what of the variance beside the line it explains, 0 to 1. */
    private record Fit(double rateHz, double depthCents, double explained) {}

    /** Measures a track; F0 may have gaps. */
    public static Vibrato of(F0Track f0) {
        int window = (int) Math.round(WINDOW_SECONDS / f0.frameSeconds()),
                hop = Math.max(1, (int) Math.round(HOP_SECONDS / f0.frameSeconds()));
        List<Sine> sines = new ArrayList<>();
        for (int i = 0; SLOWEST_HZ + i * STEP_HZ <= FASTEST_HZ; i++) {
            sines.add(Sine.of(SLOWEST_HZ + i * STEP_HZ, window, f0.frameSeconds()));
        }
        Sine line = Sine.of(0, window, f0.frameSeconds());
        List<Fit> found = new ArrayList<>();
        int stretches = 0;
        for (int from = 0; from + window <= f0.frames(); from += hop) {
            RealVector cents = cents(f0, from, window);
            if (cents != null) {
                stretches++;
                Fit best = best(cents, line, sines);
                if (best.explained >= LEAST_EXPLAINED && best.depthCents >= LEAST_CENTS) {
                    found.add(best);
                }
            }
        }
        return new Vibrato(
                stretches == 0 ? Double.NaN : found.size() / (double) stretches,
                Median.of(found.stream().mapToDouble(Fit::rateHz).toArray()),
                Median.of(found.stream().mapToDouble(Fit::depthCents).toArray()));
    }

    /** Null where a frame is unvoiced. */
    private static RealVector cents(F0Track f0, int from, int window) {
        double[] cents = new double[window];
        for (int i = 0; i < window; i++) {
            float hz = f0.f0Hz()[from + i];
            if (!f0.voiced()[from + i] || !(hz > 0)) {
                return null;
            }
            cents[i] = 100 * VocalRange.semitones(hz, f0.f0Hz()[from]);
        }
        return new ArrayRealVector(cents, false);
    }

    private static Fit best(RealVector cents, Sine line, List<Sine> sines) {
        double beside = line.left(cents, line.fit(cents));
        Fit best = new Fit(Double.NaN, 0, 0);
        for (Sine sine : sines) {
            RealVector fit = sine.fit(cents);
            double explained = beside > 0 ? 1 - sine.left(cents, fit) / beside : 0;
            if (explained > best.explained) {
                best = new Fit(sine.rateHz, Math.hypot(fit.getEntry(2), fit.getEntry(3)), explained);
            }
        }
        return best;
    }

    /** A line and a sine of one rate, ready to be fitted; rate 0: the line alone. */
    private record Sine(double rateHz, RealMatrix terms, DecompositionSolver solver) {
        static Sine of(double rateHz, int window, double frameSeconds) {
            double[][] rows = new double[window][];
            for (int i = 0; i < window; i++) {
                double along = 2.0 * i / window - 1, phase = 2 * Math.PI * rateHz * i * frameSeconds;
                rows[i] = rateHz == 0
                        ? new double[] {1, along}
                        : new double[] {1, along, Math.cos(phase), Math.sin(phase)};
            }
            RealMatrix terms = new Array2DRowRealMatrix(rows, false);
            return new Sine(rateHz, terms, new QRDecomposition(terms).getSolver());
        }

        RealVector fit(RealVector cents) {
            return solver.solve(cents);
        }

        /** The sum of squares that a fit leaves. */
        double left(RealVector cents, RealVector fit) {
            RealVector rest = cents.subtract(terms.operate(fit));
            return rest.dotProduct(rest);
        }
    }

    /** "vibrato in 62 % of the voiced stretches, 5.6 Hz, 48 cents to either side". */
    @Override
    public String toString() {
        return Double.isNaN(rateHz)
                ? "no vibrato"
                : String.format(
                        Locale.ROOT,
                        "vibrato in %.0f %% of the voiced stretches, %.1f Hz, %.0f cents to either side",
                        100 * share,
                        rateHz,
                        depthCents);
    }
}
