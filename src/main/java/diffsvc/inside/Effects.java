package diffsvc.inside;

import diffsvc.check.Problem;
import diffsvc.plot.Picture;
import diffsvc.plot.Plots;
import diffsvc.voice.Steps;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * What followed from each place and group of steps of a {@link Tracing}.
 *
 * @param all in the order of the data
 */
public record Effects(List<Effect> all) {
    private static final Map<String, ToDoubleFunction<Effect>> MEASURES = Map.of(
            "mel", Effect::mel,
            "towards", Effect::towards,
            "f0 cents", Effect::f0Cents,
            "voicing", Effect::voicing,
            "phones", Effect::phones);

    /**
     * What followed from one place.
     *
     * @param tap name of the place
     * @param steps at which it was changed
     * @param mel mean absolute difference of the sampled mel from that without the change, log10
     * @param towards share of the way from the own mel to the other conversion's, 0 to 1; below 0 is farther away, NaN
     *     without another conversion
     * @param f0Cents median of what the F0 in the mel moves by ({@link MelPitch}), up above 0, over the frames in which
     *     the own mel shows the F0 that was asked for; NaN where there are none
     * @param voicing share of the frames whose voicing in the mel differs
     * @param phones share of the wave's units, 50 a second, that the content encoder names otherwise; NaN without
     *     {@link Tracing#withPhones}
     */
    public record Effect(
            String tap, Steps steps, double mel, double towards, double f0Cents, double voicing, double phones) {}

    /**
     * One row per place and group of steps.
     *
     * @return columns tap, steps, mel, towards, f0 cents, voicing, phones
     */
    public Table table() {
        Table table = Table.create("effects", StringColumn.create("tap"), StringColumn.create("steps"));
        List.of("mel", "towards", "f0 cents", "voicing", "phones")
                .forEach(name -> table.addColumns(DoubleColumn.create(name)));
        for (Effect e : all) {
            table.stringColumn(0).append(e.tap);
            table.stringColumn(1).append(text(e.steps));
            for (int i = 2; i < table.columnCount(); i++) {
                double v = MEASURES.get(table.column(i).name()).applyAsDouble(e);
                table.doubleColumn(i).append(Double.isNaN(v) ? v : Math.round(v * 1e4) / 1e4);
            }
        }
        return table;
    }

    /** The table with the strongest effect on a measure, up or down, first. */
    public Table ranked(String measure) {
        ToDoubleFunction<Effect> of = measured(measure);
        return new Effects(all.stream()
                        .sorted((a, b) -> Double.compare(Math.abs(of.applyAsDouble(b)), Math.abs(of.applyAsDouble(a))))
                        .toList())
                .table();
    }

    /**
     * A heat map: places from top to bottom, steps from left to right.
     *
     * @param measure mel, towards, f0 cents, voicing or phones
     */
    public Picture heat(Plots plots, String measure) {
        ToDoubleFunction<Effect> of = measured(measure);
        List<String> taps = all.stream().map(Effect::tap).distinct().toList(),
                steps = all.stream().map(e -> text(e.steps)).distinct().toList();
        double[][] values = new double[taps.size()][steps.size()];
        for (double[] row : values) {
            Arrays.fill(row, Double.NaN);
        }
        all.forEach(e -> values[taps.indexOf(e.tap)][steps.indexOf(text(e.steps))] = of.applyAsDouble(e));
        return plots.heat("effect on " + measure, taps, steps, values);
    }

    private static ToDoubleFunction<Effect> measured(String name) {
        ToDoubleFunction<Effect> of = MEASURES.get(name);
        if (of == null) {
            throw Problem.in("tracing", "one of mel, towards, f0 cents, voicing, phones", name, "correct the name");
        }
        return of;
    }

    private static String text(Steps steps) {
        return steps.equals(Steps.ALL)
                ? "all"
                : steps.to() - steps.from() == 1
                        ? String.valueOf(steps.from())
                        : steps.from() + " to " + (steps.to() - 1);
    }

    @Override
    public String toString() {
        return all.stream()
                .map(e -> String.format(
                        Locale.ROOT,
                        "%s at %s: mel %.4f%s, F0 %+.0f cents, voicing %.3f%s",
                        e.tap,
                        e.steps,
                        e.mel,
                        Double.isNaN(e.towards) ? "" : String.format(Locale.ROOT, ", towards %.3f", e.towards),
                        e.f0Cents,
                        e.voicing,
                        Double.isNaN(e.phones) ? "" : String.format(Locale.ROOT, ", phones %.3f", e.phones)))
                .collect(Collectors.joining("\n"));
    }
}
