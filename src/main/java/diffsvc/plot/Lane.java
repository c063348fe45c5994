package diffsvc.plot;

import java.util.List;

/**
 * One number for each of some stretches of time, drawn as a lane of bars.
 *
 * @param name at the left, with the unit
 * @param bars in any order; NaN draws none
 */
public record Lane(String name, List<Bar> bars) {
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
