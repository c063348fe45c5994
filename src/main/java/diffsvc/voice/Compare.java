package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.hparams.ProjectPaths;
import diffsvc.tensor.Npz;
import diffsvc.tensor.Summary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Which stage differs first from values that another program saved.
 *
 * <pre>{@code
 * # Python: numpy.savez("python.npz", mel_in=mel, units=units, f0_log2=f0, cond=cond, mel_out=mel_out, wav=wav)
 * Compare.with("python.npz").stages(voice.convert(song).stages())  // "mel_in agrees, units agrees, f0_log2 differs: .."
 * }</pre>
 */
public final class Compare {
    /** Default of the greatest difference that counts as none, a share of the reference's largest magnitude. */
    public static final double TOLERANCE = 1e-3;

    private final Path file;
    private final double tolerance;

    /**
     * One stage.
     *
     * @param difference greatest difference; NaN where shapes differ or a value is not finite on one side only
     * @param at index of it, in the flattened value
     * @param allowed greatest difference that counts as none
     * @param note why nothing could be compared, or empty
     */
    public record Line(
            String stage,
            String shape,
            double difference,
            long at,
            double allowed,
            double ours,
            double theirs,
            String note) {
        /** Whether the greatest difference is beyond what is allowed. */
        public boolean differs() {
            return !(difference <= allowed);
        }
    }

    /** All stages that both sides hold, in order. */
    public record Report(List<Line> lines) {
        /** The first stage that differs; empty where all agree. */
        public Optional<Line> first() {
            return lines.stream().filter(Line::differs).findFirst();
        }

        /**
         * One row per stage.
         *
         * @return columns stage, shape, difference, allowed, verdict
         */
        public Table table() {
            Table table = Table.create(
                    "compare",
                    StringColumn.create("stage"),
                    StringColumn.create("shape"),
                    DoubleColumn.create("difference"),
                    DoubleColumn.create("allowed"),
                    StringColumn.create("verdict"));
            for (Line l : lines) {
                table.stringColumn(0).append(l.stage);
                table.stringColumn(1).append(l.shape);
                table.doubleColumn(2).append(l.difference);
                table.doubleColumn(3).append(l.allowed);
                table.stringColumn(4).append(l.differs() ? l.note.isEmpty() ? "differs" : l.note : "agrees");
            }
            return table;
        }

        @Override
        public String toString() {
            return first().map(l -> String.format(
                            Locale.ROOT,
                            "%s differs first%s",
                            l.stage,
                            l.note.isEmpty()
                                    ? String.format(
                                            Locale.ROOT,
                                            ": greatest difference %.4g at %d (here %.6g, there %.6g; allowed %.4g)",
                                            l.difference,
                                            l.at,
                                            l.ours,
                                            l.theirs,
                                            l.allowed)
                                    : ": " + l.note))
                    .orElse("all " + lines.size() + " stages agree");
        }
    }

    private Compare(Path file, double tolerance) {
        this.file = file;
        this.tolerance = tolerance;
    }

    /**
     * Values saved by {@code numpy.savez} or {@link Stages#save}; a relative path is taken from the project's folder.
     *
     * @param npz path of the file
     * @return a comparison that allows a thousandth of each stage's largest magnitude
     */
    public static Compare with(String npz) {
        return with(ProjectPaths.find().resolve(npz));
    }

    /**
     * The same by path.
     *
     * @param npz path of the file
     * @return a comparison that allows a thousandth of each stage's largest magnitude
     */
    public static Compare with(Path npz) {
        return new Compare(npz, TOLERANCE);
    }

    /**
     * The mean absolute difference of two arrays, in log10 where they are mels. Leading axes of size 1 do not count.
     *
     * @throws Problem when the shapes differ
     */
    public static double apart(NDArray a, NDArray b) {
        if (!Arrays.equals(shape(a), shape(b))) {
            throw Problem.in(
                    "compare",
                    "two arrays of one shape",
                    Summary.shape(a) + " and " + Summary.shape(b),
                    "cut the longer one, or turn one of them");
        }
        double sum = 0;
        float[] x = a.toFloatArray(), y = b.toFloatArray();
        for (int i = 0; i < x.length; i++) {
            sum += Math.abs(x[i] - y[i]);
        }
        return x.length == 0 ? 0 : sum / x.length;
    }

    /**
     * How far each of several arrays lies from one: samplers from the end of a long run, voices from a recording.
     *
     * @param arrays by name; a map without an order of its own (HashMap, Map.of) is listed as it comes
     * @param reference of the same shape as each; leading axes of size 1 do not count
     * @return columns name, apart (mean absolute difference, log10 where they are mels), largest
     * @throws Problem when a shape differs
     */
    public static Table table(Map<String, NDArray> arrays, NDArray reference) {
        Table table = Table.create(
                "apart", StringColumn.create("name"), DoubleColumn.create("apart"), DoubleColumn.create("largest"));
        arrays.forEach((name, array) -> {
            table.doubleColumn("apart").append(apart(array, reference));
            table.doubleColumn("largest").append(largest(array, reference));
            table.stringColumn("name").append(name);
        });
        return table;
    }

    private static double largest(NDArray a, NDArray b) {
        float[] x = a.toFloatArray(), y = b.toFloatArray();
        double largest = 0;
        for (int i = 0; i < x.length; i++) {
            double difference = Math.abs(x[i] - y[i]);
            largest = difference > largest || Double.isNaN(difference) ? difference : largest;
        }
        return largest;
    }

    /**
     * The same comparison with another share of the reference's largest magnitude.
     *
     * @param share 0 to 1
     */
    public Compare within(double share) {
        return new Compare(file, share);
    }

    /**
     * Compares each stage that the file names. Axes of size 1 are ignored; a value whose last two axes are exchanged is
     * transposed first.
     *
     * @return one line per stage, and the first that differs
     * @throws Problem when the file names no stage
     */
    public Report stages(Stages stages) {
        try (NDManager scratch = stages.manager().newSubManager()) {
            var theirs = Npz.read(scratch, "compare", file);
            List<Line> lines = new ArrayList<>();
            for (String stage : Stages.NAMES) {
                if (theirs.containsKey(stage) && stages.values().containsKey(stage)) {
                    lines.add(line(stage, stages.get(stage), theirs.get(stage)));
                }
            }
            if (lines.isEmpty()) {
                throw Problem.in(
                        "compare",
                        file,
                        "values named as the stages: " + String.join(", ", Stages.NAMES),
                        String.join(", ", theirs.keySet()),
                        "name them so in numpy.savez");
            }
            return new Report(lines);
        }
    }

    private Line line(String stage, NDArray ours, NDArray theirs) {
        long[] a = large(ours), b = large(theirs);
        String shape = ours.getShape().toString();
        if (!Arrays.equals(a, b)) {
            if (a.length == 2 && b.length == 2 && a[0] == b[1] && a[1] == b[0]) {
                theirs = theirs.squeeze().transpose();
            } else {
                return new Line(
                        stage,
                        shape,
                        Double.NaN,
                        0,
                        0,
                        Double.NaN,
                        Double.NaN,
                        "shape " + ours.getShape() + " here, " + theirs.getShape() + " there");
            }
        }
        double[] x = Stages.doubles(ours), y = Stages.doubles(theirs);
        double largest = 0, worst = 0;
        int at = 0;
        for (int i = 0; i < y.length; i++) {
            largest = Double.isFinite(y[i]) ? Math.max(largest, Math.abs(y[i])) : largest;
            double d = Double.compare(x[i], y[i]) == 0 ? 0 : Math.abs(x[i] - y[i]);
            if (!(d <= worst) && !Double.isNaN(worst)) {
                worst = d;
                at = i;
            }
        }
        double allowed = ours.getDataType().isInteger() ? 0 : tolerance * largest;
        return new Line(stage, shape, worst, at, allowed, x.length == 0 ? 0 : x[at], y.length == 0 ? 0 : y[at], "");
    }

    /** The shape without leading axes of size 1. */
    private static long[] shape(NDArray a) {
        return Arrays.stream(a.getShape().getShape()).dropWhile(n -> n == 1).toArray();
    }

    private static long[] large(NDArray value) {
        return Arrays.stream(value.getShape().getShape()).filter(n -> n != 1).toArray();
    }
}
