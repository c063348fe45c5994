package diffsvc.plot;

import java.util.List;

/**
 * One number for each of some stretches of time, drawn as a lane of bars.
 *
 * @param name above it, with the unit
 * @param base where the bars begin: 0, or the floor of a scale without a zero
 * @param bars in any order; NaN draws none
 */
public record Lane(String name, double base, List<Bar> bars) {
    /**
     * A number for a stretch.
     *
     * @param start seconds
     * @param end seconds
     */
    public record Bar(double start, double end, double value) {}

    public Lane {
        bars = List.copyOf(bars);
    }
}
