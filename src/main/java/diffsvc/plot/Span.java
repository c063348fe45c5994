package diffsvc.plot;

import diffsvc.check.Problem;
import java.util.ArrayList;
import java.util.List;

/**
 * A piece of work in time, and the pieces that it consists of: a conversion, its stages, their parts.
 *
 * @param from seconds after the whole began
 * @param to the same for its end
 * @param parts one after the other within from and to; what they leave is the span's own work
 */
public record Span(String name, double from, double to, List<Span> parts) {
    /**
     * Checks the order in time.
     *
     * @throws Problem when the span ends before it begins, or a part leaves it or overlaps the one before
     */
    public Span {
        parts = List.copyOf(parts);
        double at = from;
        for (Span part : parts) {
            require(name, part.from >= at && part.to <= to, part.from, part.to);
            at = part.to;
        }
        require(name, to >= from, from, to);
    }

    private static void require(String name, boolean holds, double from, double to) {
        if (!holds) {
            throw Problem.in(
                    "plots",
                    "parts of " + name + " one after the other and within it",
                    "one from " + from + " to " + to + " s",
                    "correct the times");
        }
    }

    /** A span without parts. */
    public static Span of(String name, double from, double to) {
        return new Span(name, from, to, List.of());
    }

    /** How long it is. */
    public double seconds() {
        return to - from;
    }

    /** What its parts leave, seconds. */
    public double rest() {
        return seconds() - parts.stream().mapToDouble(Span::seconds).sum();
    }

    /** Its parts, those of one name that follow each other together. */
    public List<List<Span>> runs() {
        List<List<Span>> runs = new ArrayList<>();
        for (Span part : parts) {
            List<Span> last = runs.isEmpty() ? List.of() : runs.get(runs.size() - 1);
            if (last.isEmpty() || !last.get(0).name.equals(part.name)) {
                last = new ArrayList<>();
                runs.add(last);
            }
            last.add(part);
        }
        return runs;
    }
}
