package diffsvc.voice;

import diffsvc.check.Problem;
import diffsvc.check.Spelling;
import diffsvc.tensor.Tap;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * The places of a voice where a conversion's inner values can be kept ({@link Conversion#tap}) and changed
 * ({@link Conversion#patch}), in the order of the data.
 */
public final class Taps implements Iterable<Tap> {
    private static final int PRINTED = 12;
    private final List<Tap> all;

    Taps(List<Tap> all) {
        this.all = List.copyOf(all);
    }

    /** All of them. */
    public List<Tap> all() {
        return all;
    }

    /** The names alone. */
    public List<String> names() {
        return all.stream().map(Tap::name).toList();
    }

    /** The first few. */
    public Taps first(int count) {
        return new Taps(all.subList(0, Math.max(0, Math.min(count, all.size()))));
    }

    /**
     * Those that a pattern names: {@code *} stands for anything between two points.
     *
     * <pre>{@code voice.taps().matching("wavenet.*.skip")}</pre>
     *
     * @throws Problem when it names none
     */
    public Taps matching(String pattern) {
        Pattern names = pattern(pattern);
        List<Tap> found =
                all.stream().filter(t -> names.matcher(t.name()).matches()).toList();
        if (found.isEmpty()) {
            throw Problem.in(
                    "tap",
                    "the name of a tap of this voice, or a pattern such as wavenet.*.skip",
                    pattern,
                    "near: " + String.join(", ", near(pattern)) + "; voice.taps() lists all");
        }
        return new Taps(found);
    }

    static Pattern pattern(String pattern) {
        return Pattern.compile(Pattern.quote(pattern).replace("*", "\\E[^.]*\\Q"));
    }

    private List<String> near(String name) {
        List<String> names = new ArrayList<>(names());
        names.sort(Comparator.comparingInt(n -> Spelling.distance(n, name)));
        return names.subList(0, Math.min(3, names.size()));
    }

    /**
     * One row per tap.
     *
     * @return columns tap, shape, meaning
     */
    public Table table() {
        Table table = Table.create(
                "taps", StringColumn.create("tap"), StringColumn.create("shape"), StringColumn.create("meaning"));
        for (Tap tap : all) {
            table.stringColumn(0).append(tap.name());
            table.stringColumn(1).append(tap.shape());
            table.stringColumn(2).append(tap.meaning());
        }
        return table;
    }

    @Override
    public Iterator<Tap> iterator() {
        return all.iterator();
    }

    @Override
    public String toString() {
        return all.stream().limit(PRINTED).map(Tap::toString).collect(Collectors.joining("\n"))
                + (all.size() > PRINTED ? "\n... " + all.size() + " in all; table() shows them" : "");
    }
}
