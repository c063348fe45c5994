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
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
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
 * @param skipped checkpoints that could not be opened, converted with or judged, in words, and why
 * @param evaluation of all outputs
 */
public record CheckpointRanking(List<Entry> entries, Map<String, String> skipped, Evaluation evaluation) {
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

    /**
     * Converts every song with every checkpoint, and judges. A checkpoint that is damaged, or with which a song cannot
     * be converted, is skipped with a note.
     *
     * @param targets by project; a project without one gets no figure of identity
     * @param edit of each voice's settings: sampler, steps, seed
     * @param progress {@code at("converting", ...)} after each song, then {@code at("judging", ...)}
     * @throws Problem of the first checkpoint when none is left; {@link Problem#isStop() stopped} when this thread is
     *     interrupted
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
        Map<List<Object>, Sound> copies = new HashMap<>();
        Map<Checkpoint, List<Evaluation.Candidate>> made = new LinkedHashMap<>();
        Map<String, String> skipped = new LinkedHashMap<>();
        Problem first = null;
        long done = 0, all = (long) checkpoints.size() * songs.size();
        for (Checkpoint checkpoint : checkpoints) {
            List<Evaluation.Candidate> outputs = new ArrayList<>();
            try (Voice voice = checkpoint.open(paths, edit, device)) {
                for (Song song : songs) {
                    Wave output = song.convert(voice, c -> c);
                    Sound copy = copies.computeIfAbsent(
                            List.of(checkpoint.project(), song.sound()), key -> song.copy(voice));
                    Subject subject = song.subject(
                            checkpoint.named() + ", " + song.sound().name(),
                            output,
                            song.key(voice),
                            targets.get(checkpoint.project()));
                    outputs.add(new Evaluation.Candidate(subject, copy));
                    progress.at("converting", done + outputs.size(), all);
                }
                made.put(checkpoint, outputs);
            } catch (Problem p) {
                if (p.isStop()) {
                    throw p;
                }
                first = first == null ? p : first;
                skipped.put(checkpoint.named(), p.getMessage());
            }
            done += songs.size();
        }
        if (made.isEmpty() && first != null) {
            throw first;
        }
        Evaluation evaluation = Evaluation.of(
                panel, made.values().stream().flatMap(List::stream).toList(), progress);
        CheckpointRanking ranking = of(made, skipped, evaluation);
        ranking.skipped.forEach((checkpoint, why) -> progress.note(checkpoint + " is skipped: " + why));
        return ranking;
    }

    private static CheckpointRanking of(
            Map<Checkpoint, List<Evaluation.Candidate>> made, Map<String, String> skipped, Evaluation evaluation) {
        Map<Sound, Evaluation.Row> judged = new HashMap<>();
        evaluation.outputs().forEach(row -> judged.put(row.subject().output(), row));
        Set<Score.Part> parts = evaluation.parts();
        List<Entry> entries = new ArrayList<>();
        made.forEach((checkpoint, outputs) -> {
            List<Sound> sounds = outputs.stream().map(o -> o.subject().output()).toList();
            Optional<Sound> lost =
                    sounds.stream().filter(s -> !judged.containsKey(s)).findFirst();
            lost.ifPresent(s ->
                    skipped.put(checkpoint.named(), evaluation.failed().getOrDefault(s.name(), "it was not judged")));
            if (lost.isEmpty()) {
                List<Evaluation.Row> rows = sounds.stream().map(judged::get).toList();
                entries.add(new Entry(
                        checkpoint,
                        rows,
                        rows.stream()
                                .mapToDouble(r -> evaluation.score(r).value(parts))
                                .toArray()));
            }
        });
        if (entries.isEmpty()) {
            throw Problem.in(
                    "evaluate",
                    "a checkpoint of which every song can be judged",
                    "none, for instance: " + skipped.values().iterator().next(),
                    "leave that song or that judge out");
        }
        entries.sort(Comparator.comparingDouble(Entry::score)
                .thenComparingLong(e -> e.checkpoint.step())
                .reversed());
        return new CheckpointRanking(entries, Collections.unmodifiableMap(skipped), evaluation);
    }

    /** The best checkpoint; the latest one where no part of the score could be measured. */
    public Entry best() {
        return entries.get(0);
    }

    /** The name of the best, "demo, step 24500", or that nothing could be measured. */
    public String verdict() {
        return evaluation.parts().isEmpty()
                ? "no checkpoint is the best: nothing that the score is made of could be measured on every output"
                : best().checkpoint.named();
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
                Rounded.column("score", entries, 4, Entry::score),
                Rounded.column("behind", entries, 4, e -> mean(behind(e))),
                Rounded.column("error", entries, 4, e -> standardError(behind(e))));
        for (Score.Part part : evaluation.parts()) {
            table.addColumns(Rounded.column(part.toString(), entries, 4, e -> part(e, part)));
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
        if (steps.size() < 2 || evaluation.parts().isEmpty()) {
            return null;
        }
        Map<String, double[]> curves = new LinkedHashMap<>();
        curves.put("score", steps.stream().mapToDouble(Entry::score).toArray());
        for (Score.Part part : evaluation.parts()) {
            curves.put(
                    part.toString(),
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
                .text("Best: " + verdict()
                        + ". The rule: the highest mean score over the songs; between equal ones the later step. "
                        + "\"behind\" is the mean distance to the best over the songs, \"error\" its standard error.")
                .table(table());
        skipped.forEach((checkpoint, why) -> page.text("Skipped: " + checkpoint + ": " + why));
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

    /** The table, the best checkpoint and absent judges, as lines for a terminal. */
    @Override
    public String toString() {
        return TextTable.of(table()) + "\n\nbest: " + verdict()
                + evaluation.absentJudges().stream().map(s -> "\n" + s).collect(Collectors.joining());
    }
}
