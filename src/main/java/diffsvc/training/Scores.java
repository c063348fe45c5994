package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.files.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The scores of a run's weights by step, {@code scores.csv} beside its checkpoints: what a {@link WeightsJudge} said.
 * The checkpoint of the best step stays, however old it is.
 *
 * @param rows by step, rising
 */
public record Scores(Path file, List<Row> rows) {
    private static final String NAME = "scores.csv", HEADER = "step,score";

    /** The score of a step. */
    public record Row(long step, double score) {}

    /**
     * The scores of a run; none where there is no file.
     *
     * @param home folder of the run's checkpoints
     * @throws Problem when the file is there and cannot be read
     */
    public static Scores in(Path home) {
        Path file = home.resolve(NAME);
        List<Row> rows = new ArrayList<>();
        try {
            for (String line : Files.isRegularFile(file) ? Files.readAllLines(file) : List.<String>of()) {
                if (line.matches("\\d{1,18},-?[0-9.eE+-]+")) {
                    String[] cells = line.split(",");
                    rows.add(new Row(Long.parseLong(cells[0]), Double.parseDouble(cells[1])));
                }
            }
        } catch (IOException | NumberFormatException e) {
            throw Problem.in(
                    "train",
                    file,
                    "rows of " + HEADER,
                    e instanceof IOException io ? WholeFile.reason(io) : e.getMessage(),
                    "correct the file, or remove it");
        }
        rows.sort(Comparator.comparingLong(Row::step));
        return new Scores(file, List.copyOf(rows));
    }

    /** Without the rows of a step and of later ones: where a run stands before them, their updates were lost. */
    Scores before(long step) {
        return new Scores(file, rows.stream().filter(r -> r.step < step).toList());
    }

    /** The same with another row, written whole, {@link #before} its step. */
    Scores with(long step, double score) {
        List<Row> all = new ArrayList<>(before(step).rows);
        all.add(new Row(step, score));
        List<String> lines = new ArrayList<>(List.of(HEADER));
        all.forEach(r -> lines.add(r.step + "," + r.score));
        WholeFile.write("train", file, part -> Files.write(part, lines));
        return new Scores(file, List.copyOf(all));
    }

    /** The highest score, the earliest of equal ones; empty where there is none. */
    public Optional<Row> best() {
        return rows.stream().max(Comparator.comparingDouble(Row::score).thenComparingLong(r -> -r.step));
    }

    /** How many scores came after the best. */
    public int sinceBest() {
        return best().map(best ->
                        (int) rows.stream().filter(r -> r.step > best.step).count())
                .orElse(0);
    }
}
