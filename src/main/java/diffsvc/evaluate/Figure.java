package diffsvc.evaluate;

import java.util.Locale;

/**
 * One measured number.
 *
 * @param value NaN where there is nothing to count: no voiced frame, a silent output
 */
public record Figure(Measure measure, double value) {
    /** The name of the measure. */
    public String name() {
        return measure.name();
    }

    /** The number with the measure's digits; "-" for NaN. */
    public String shown() {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%." + measure.digits() + "f", value);
    }

    @Override
    public String toString() {
        return measure.name() + " " + shown() + " " + measure.unit();
    }
}
