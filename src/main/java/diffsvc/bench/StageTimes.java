package diffsvc.bench;

import diffsvc.plot.Picture;
import diffsvc.plot.Plots;
import diffsvc.plot.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Where the time of a conversion goes.
 *
 * @param timing of all runs
 * @param whole the run of median time, with its stages and their parts
 */
public record StageTimes(Timing timing, Span whole) {
    private static final double SHOWN = 0.001;

    /**
     * The conversion, its stages and their parts as an icicle.
     *
     * @param of what was converted and how, for the title
     */
    public Picture picture(String of) {
        return Plots.withoutVoice().flame("Where the time of a conversion goes: " + of, whole);
    }

    /** The same as lines of a table: name, calls, seconds, percent of the whole. */
    public List<String> table() {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(Locale.ROOT, "%-20s %6s %9s %6s", "stage", "calls", "seconds", "%"));
        lines.add(line("", whole.name(), 1, whole.seconds()));
        for (Span stage : whole.parts()) {
            lines.add(line("  ", stage.name(), 1, stage.seconds()));
            for (List<Span> run : stage.runs()) {
                double seconds = run.stream().mapToDouble(Span::seconds).sum();
                lines.add(line("    ", run.get(0).name(), run.size(), seconds));
            }
            rest(lines, "    ", stage);
        }
        rest(lines, "  ", whole);
        return lines;
    }

    private void rest(List<String> lines, String indent, Span span) {
        if (!span.parts().isEmpty() && span.rest() >= SHOWN * whole.seconds()) {
            lines.add(line(indent, "rest", 1, span.rest()));
        }
    }

    private String line(String indent, String name, int calls, double seconds) {
        return String.format(
                Locale.ROOT, "%-20s %6d %9.4f %6.1f", indent + name, calls, seconds, 100 * seconds / whole.seconds());
    }
}
