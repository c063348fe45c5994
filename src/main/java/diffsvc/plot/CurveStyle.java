package diffsvc.plot;

import diffsvc.check.Problem;

/**
 * Names of the axes and options of a curve.
 *
 * @param x below the horizontal axis; empty for none
 * @param y beside the vertical axis; empty for none
 * @param logY whether the vertical axis is logarithmic; values of 0 and below leave gaps
 * @param smoothing 0 draws the values alone. Above 0 and below 1 draws them faintly and their running mean strongly:
 *     {@code mean = smoothing * mean + (1 - smoothing) * value}, corrected at the beginning. 0.95 averages some 20
 *     values
 */
public record CurveStyle(String x, String y, boolean logY, double smoothing) {
    /** Without names, linear, not smoothed. */
    public static final CurveStyle PLAIN = new CurveStyle("", "", false, 0);

    /**
     * Checks the smoothing.
     *
     * @throws Problem for a smoothing outside 0 to 1
     */
    public CurveStyle {
        if (!(smoothing >= 0 && smoothing < 1)) {
            throw Problem.in(
                    "plots",
                    "a smoothing from 0 up to but not 1",
                    String.valueOf(smoothing),
                    "0.95 averages 20 values");
        }
    }

    /** Axes with these names. */
    public static CurveStyle axes(String x, String y) {
        return new CurveStyle(x, y, false, 0);
    }

    /** With a logarithmic vertical axis. */
    public CurveStyle withLogY() {
        return new CurveStyle(x, y, true, smoothing);
    }

    /**
     * With a running mean.
     *
     * @param decay 0 to 1; 0.95 averages some 20 values
     */
    public CurveStyle smoothed(double decay) {
        return new CurveStyle(x, y, logY, decay);
    }
}
