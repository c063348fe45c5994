package diffsvc.evaluate;

import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.plot.CurveStyle;
import diffsvc.plot.Page;
import diffsvc.plot.Picture;
import diffsvc.plot.Plots;
import diffsvc.plot.TextTable;
import diffsvc.progress.Progress;
import diffsvc.voice.Voice;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Checkpoints of one or more voices on a fixed set of songs at a fixed seed, from the best to the worst. The rule: the
 * highest mean over the songs of {@link Score}, over the parts that every output has; between equal ones the later
 * step. A difference counts only beside its standard error over the songs, which stands in the table: three songs rank
 * roughly, thirty rank well.
 *
 * @param entries the best first
 * @param evaluation of all outputs
 */
public record CheckpointRanking(List<Entry> entries, Evaluation evaluation) {
    /**
     * A checkpoint's outputs, one a song.
     *
     * @param rows in the order of the songs
     * @param scores of the rows
     */
    public record Entry(Checkpoint checkpoint, List<Evaluation.Row> rows, double[] scores) {
        /** The mean score over the songs. */
        public double score() {
            return mean(scores);
        }

        /** "demo, step 24500: 0.61 over 3 songs". */
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%s, %s: %.2f over %d songs",
                    checkpoint.project(),
                    checkpoint,
                    score(),
                    scores.length);
        }
    }

    /** The name of an output: voice, step and song. */
    static String named(Checkpoint checkpoint, Song song) {
        return checkpoint.project() + " " + checkpoint + ", " + song.sound().name();
    }

    /**
     * Converts every song with every checkpoint, and judges.
     *
     * @param targets by project; a project without one gets no figure of identity
     * @param edit of each voice's settings: sampler, steps, seed
     * @param progress {@code at("converting", ...)} after each song, then {@code at("judging", ...)}
     * @throws Problem {@link Problem#isStop() stopped} when this thread is interrupted
     */
    public static CheckpointRanking of(
            Panel panel,
            ProjectPaths paths,
            List<Checkpoint> checkpoints,
            List<Song> songs,
            Map<String, Target> targets,
            UnaryOperator<Hparams> edit,
            ComputeDevice device,
            Progress progress) {
        Map<String, Sound> copies = new LinkedHashMap<>();
        List<Evaluation.Candidate> candidates = new ArrayList<>();
        long all = (long) checkpoints.size() * songs.size();
        for (Checkpoint checkpoint : checkpoints) {
            try (Voice voice = checkpoint.open(paths, edit, device)) {
                for (Song song : songs) {
                    Wave output = song.convert(voice, c -> c);
                    Sound copy = copies.computeIfAbsent(
                            checkpoint.project() + "\n" + song.sound().name(), key -> song.copy(voice));
                    candidates.add(new Evaluation.Candidate(
                            song.subject(
                                    named(checkpoint, song),
                                    output,
                                    song.key(voice),
                                    targets.get(checkpoint.project())),
                            copy));
                    progress.at("converting", candidates.size(), all);
                }
            }
        }
        return of(checkpoints, songs, Evaluation.of(panel, candidates, progress));
    }

    private static CheckpointRanking of(List<Checkpoint> checkpoints, List<Song> songs, Evaluation evaluation) {
        Set<Score.Part> parts = evaluation.parts();
        List<Entry> entries = new ArrayList<>();
        for (Checkpoint checkpoint : checkpoints) {
            List<Evaluation.Row> rows = songs.stream()
                    .map(song -> evaluation.output(named(checkpoint, song)))
                    .toList();
            entries.add(new Entry(
                    checkpoint,
                    rows,
                    rows.stream()
                            .mapToDouble(r -> evaluation.score(r).value(parts))
                            .toArray()));
        }
        entries.sort(Comparator.comparingDouble(Entry::score)
                .thenComparingLong(e -> e.checkpoint.step())
                .reversed());
        return new CheckpointRanking(entries, evaluation);
    }

    /** The best checkpoint. */
    public Entry best() {
        return entries.get(0);
    }

    /**
     * One row a checkpoint, the best first.
     *
     * @return columns project, step, weights, score, behind (the best, mean over the songs), error (its standard error
     *     over the songs; missing for one song), then the mean of each part
     */
    public Table table() {
        Table table = Table.create(
                "checkpoints",
                StringColumn.create("project", entries.stream().map(e -> e.checkpoint.project())),
                LongColumn.create(
                        "step",
                        entries.stream().mapToLong(e -> e.checkpoint.step()).toArray()),
                StringColumn.create(
                        "weights",
                        entries.stream().map(e -> e.checkpoint.weights().name().toLowerCase(Locale.ROOT))),
                numbers("score", Entry::score),
                numbers("behind", e -> mean(behind(e))),
                numbers("error", e -> standardError(behind(e))));
        for (Score.Part part : evaluation.parts()) {
            table.addColumns(numbers(part.name().toLowerCase(Locale.ROOT), e -> part(e, part)));
        }
        return table;
    }

    private double part(Entry entry, Score.Part part) {
        return mean(entry.rows.stream()
                .mapToDouble(r -> evaluation.score(r).parts().get(part))
                .toArray());
    }

    /** How far the scores lie below the best checkpoint's, song by song. */
    private double[] behind(Entry entry) {
        double[] behind = new double[entry.scores.length];
        for (int i = 0; i < behind.length; i++) {
            behind[i] = best().scores[i] - entry.scores[i];
        }
        return behind;
    }

    private DoubleColumn numbers(String name, ToDoubleFunction<Entry> value) {
        return DoubleColumn.create(
                name,
                entries.stream()
                        .mapToDouble(e -> Figure.rounded(value.applyAsDouble(e), 4))
                        .toArray());
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double v : values) {
            sum += v;
        }
        return sum / values.length;
    }

    private static double standardError(double[] values) {
        double mean = mean(values), sum = 0;
        for (double v : values) {
            sum += (v - mean) * (v - mean);
        }
        return values.length < 2 ? Double.NaN : Math.sqrt(sum / (values.length - 1) / values.length);
    }

    /** Score and parts over the steps of one voice's weights of one kind; null where there are fewer than two steps. */
    Picture curves(String project, Checkpoint.Kind weights) {
        List<Entry> steps = entries.stream()
                .filter(e -> e.checkpoint.project().equals(project) && e.checkpoint.weights() == weights)
                .sorted(Comparator.comparingLong(e -> e.checkpoint.step()))
                .toList();
        if (steps.size() < 2) {
            return null;
        }
        Map<String, double[]> curves = new LinkedHashMap<>();
        curves.put("score", steps.stream().mapToDouble(Entry::score).toArray());
        for (Score.Part part : evaluation.parts()) {
            curves.put(
                    part.name().toLowerCase(Locale.ROOT),
                    steps.stream().mapToDouble(e -> part(e, part)).toArray());
        }
        return Plots.withoutVoice()
                .curves(
                        project + ", weights " + weights.name().toLowerCase(Locale.ROOT),
                        steps.stream().mapToDouble(e -> e.checkpoint.step()).toArray(),
                        curves,
                        CurveStyle.axes("step", "0 to 1"));
    }

    /** The ranking as a page that plays: table, curves over the steps, and every output with its figures. */
    public Page page(String title) {
        Page page = Page.titled(title, Report.PROGRAM)
                .text("Best: " + bestName()
                        + ". The rule: the highest mean score over the songs; between equal ones the later step. "
                        + "\"behind\" is the mean distance to the best over the songs, \"error\" its standard error.")
                .table(table());
        entries.stream().map(e -> e.checkpoint.project()).distinct().forEach(project -> {
            for (Checkpoint.Kind kind : Checkpoint.Kind.values()) {
                Picture curves = curves(project, kind);
                if (curves != null) {
                    page.picture(curves);
                }
            }
        });
        Report.add(page, evaluation);
        return page;
    }

    /** "demo, step 24500". */
    private String bestName() {
        return best().checkpoint.project() + ", " + best().checkpoint;
    }

    /** The table, the best checkpoint and absent judges, as lines for a terminal. */
    @Override
    public String toString() {
        return TextTable.of(table()) + "\n\nbest: " + bestName()
                + evaluation.absentJudges().stream().map(s -> "\n" + s).collect(Collectors.joining());
    }
}
