package diffsvc.evaluate;

import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.plot.Page;
import diffsvc.plot.Picture;
import diffsvc.progress.Progress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * What the judges say of some outputs, beside what they say of the songs themselves and of their copy synthesis: a
 * recognizer that loses a word of the song cannot blame the conversion for it.
 *
 * <pre>{@code
 * try (var panel = Panel.open(voice.paths())) {
 *     var e = Evaluation.of(panel, List.of(subject));
 *     e.table();
 * }
 * }</pre>
 *
 * @param rows the songs first, then their copies, then the outputs
 * @param judges those who judged
 * @param absent those who were asked for and were absent, and why
 * @param failed outputs that could not be judged, by name, and why
 */
public record Evaluation(
        List<Row> rows, Set<JudgeKind> judges, Map<JudgeKind, String> absent, Map<String, String> failed) {
    private static final String STAGE = "evaluate";
    /** The judges that can say something of a phrase of a few seconds. */
    private static final Set<JudgeKind> OF_PHRASES = EnumSet.of(JudgeKind.PITCH, JudgeKind.IDENTITY, JudgeKind.SIGNAL);

    /** What a table of phrases shows: figures that mean something over a few seconds. */
    private static final List<String> SHOWN_OF_PHRASES =
            List.of("rpa", "f0-rmse-cents", "key-error", "similarity", "identity", "loudness", "hnr", "clicks");

    /** What a row stands for. */
    public enum Role {
        /** The song itself. */
        SOURCE,
        /** The song's own mel and F0 through the vocoder: what no conversion can do better. */
        COPY,
        /** What is judged. */
        OUTPUT
    }

    /**
     * One sound and its figures.
     *
     * @param name another one for each output
     * @param song name of the song it belongs to; empty where that is unknown
     * @param copy copy synthesis of that song; null where there is none
     * @param figures of the whole
     * @param passages figures by phrase; empty for songs and copies
     */
    public record Row(
            String name,
            Role role,
            String song,
            Subject subject,
            Sound copy,
            List<Figure> figures,
            List<Passage> passages) {
        /** A figure by name; NaN where it is not there. */
        public double value(String figure) {
            return Score.value(figures, figure);
        }

        /** Whether it has a figure of this measure. */
        boolean has(Measure measure) {
            return figures.stream().anyMatch(f -> f.measure().equals(measure));
        }
    }

    /** A phrase and its figures. */
    public record Passage(Phrase phrase, List<Figure> figures) {
        /** A figure by name; NaN where it is not there. */
        public double value(String figure) {
            return Score.value(figures, figure);
        }
    }

    /** An output with the copy synthesis of its song, or null. */
    public record Candidate(Subject subject, Sound copy) {}

    public Evaluation {
        rows = List.copyOf(rows);
        judges = Set.copyOf(judges);
        absent = Collections.unmodifiableMap(new TreeMap<>(absent)); // in the order of the judges
        failed = Collections.unmodifiableMap(new LinkedHashMap<>(failed));
    }

    /** Judges outputs without copy synthesis. */
    public static Evaluation of(Panel panel, List<Subject> outputs) {
        return of(panel, outputs.stream().map(s -> new Candidate(s, null)).toList(), Progress.NONE);
    }

    /**
     * Judges outputs, and each song and copy once. An output that a judge fails at is left out, and the others are
     * judged.
     *
     * @param progress {@code at("judging", ...)} after each sound
     * @throws Problem of the first output when none could be judged; {@link Problem#isStop() stopped} when this thread
     *     is interrupted
     */
    public static Evaluation of(Panel panel, Collection<Candidate> outputs, Progress progress) {
        Map<Sound, Row> sources = new LinkedHashMap<>(), copies = new LinkedHashMap<>();
        Map<String, Row> judged = new LinkedHashMap<>();
        Map<String, String> failed = new LinkedHashMap<>();
        Problem first = null;
        int all = sounds(outputs);
        for (Candidate output : outputs) {
            Subject subject = output.subject;
            Sound song = subject.source();
            String songs = song == null ? "" : song.name(),
                    name = free(subject.output().name(), n -> judged.containsKey(n) || failed.containsKey(n));
            try {
                if (song != null && !sources.containsKey(song)) {
                    Subject itself = subject.songItself(song);
                    sources.put(
                            song, new Row(songs, Role.SOURCE, songs, itself, null, panel.figures(itself), List.of()));
                    progress.at("judging", sources.size() + copies.size() + judged.size(), all);
                }
                if (output.copy != null && !copies.containsKey(output.copy)) {
                    Subject copy = subject.songItself(output.copy);
                    copies.put(
                            output.copy,
                            new Row(output.copy.name(), Role.COPY, songs, copy, null, panel.figures(copy), List.of()));
                    progress.at("judging", sources.size() + copies.size() + judged.size(), all);
                }
                judged.put(
                        name,
                        new Row(
                                name,
                                Role.OUTPUT,
                                songs,
                                subject,
                                output.copy,
                                panel.figures(subject),
                                passages(panel, subject)));
                progress.at("judging", sources.size() + copies.size() + judged.size(), all);
            } catch (Problem p) {
                if (p.isStop()) {
                    throw p;
                }
                first = first == null ? p : first;
                failed.put(name, p.getMessage());
            }
        }
        if (judged.isEmpty() && first != null) {
            throw first;
        }
        List<Row> rows = new ArrayList<>(sources.values());
        rows.addAll(copies.values());
        rows.addAll(judged.values());
        return new Evaluation(rows, panel.judges().keySet(), panel.absent(), failed);
    }

    private static int sounds(Collection<Candidate> outputs) {
        Set<Sound> sounds = new HashSet<>();
        outputs.forEach(c -> {
            sounds.add(c.subject.output());
            sounds.add(c.subject.source());
            sounds.add(c.copy);
        });
        sounds.remove(null);
        return sounds.size();
    }

    private static List<Passage> passages(Panel panel, Subject subject) {
        List<Passage> passages = new ArrayList<>();
        for (Phrase p : Phrases.of(subject.source() == null ? subject.output() : subject.source())) {
            if (p.start() < subject.output().seconds()) {
                passages.add(new Passage(p, panel.figures(subject.part(p.start(), p.end()), OF_PHRASES)));
            }
        }
        return passages;
    }

    /** The outputs. */
    public List<Row> outputs() {
        return rows.stream().filter(r -> r.role == Role.OUTPUT).toList();
    }

    /**
     * An output by name.
     *
     * @throws Problem when there is none of that name
     */
    public Row output(String name) {
        return outputs().stream()
                .filter(r -> r.name.equals(name))
                .findFirst()
                .orElseThrow(() -> Problem.in(
                        STAGE,
                        "the name of an output",
                        name,
                        "one of " + outputs().stream().map(Row::name).toList()));
    }

    /** The score of a row; its parts follow from the row and from the song's own. */
    public Score score(Row row) {
        return Score.of(row.figures, source(row).map(Row::figures).orElse(List.of()));
    }

    private Optional<Row> source(Row row) {
        return rows.stream()
                .filter(r -> r.role == Role.SOURCE && r.subject.output() == row.subject.source())
                .findFirst();
    }

    /** The parts that every output has: outputs compare by these. */
    public Set<Score.Part> parts() {
        Set<Score.Part> parts = EnumSet.allOf(Score.Part.class);
        outputs().forEach(r -> parts.retainAll(score(r).parts().keySet()));
        return parts;
    }

    /**
     * The outputs from the best to the worst, by {@link Score} over the parts that all of them have, then by the mean
     * of these parts.
     */
    public List<Row> ranked() {
        Set<Score.Part> parts = parts();
        return outputs().stream()
                .sorted(Comparator.comparingDouble((Row r) -> -score(r).value(parts))
                        .thenComparingDouble(r -> -parts.stream()
                                .mapToDouble(p -> score(r).parts().get(p))
                                .sum()))
                .toList();
    }

    /**
     * All figures: one row a figure, one column a sound.
     *
     * @return columns figure, unit, better, then one of text for each row
     */
    public Table table() {
        Map<String, Measure> measures = new LinkedHashMap<>();
        for (JudgeKind kind : JudgeKind.values()) {
            for (Measure m : kind.measures()) {
                if (rows.stream().anyMatch(r -> r.figures.stream()
                        .anyMatch(f -> f.measure().equals(m)))) {
                    measures.put(m.name(), m);
                }
            }
        }
        Table table = Table.create(
                "figures",
                StringColumn.create("figure", measures.keySet()),
                StringColumn.create("unit", measures.values().stream().map(Measure::unit)),
                StringColumn.create(
                        "better", measures.values().stream().map(m -> m.better().text())));
        for (Row row : rows) {
            StringColumn column = StringColumn.create(
                    free(row.role == Role.COPY ? "copy of " + row.song : row.name, table::containsColumn));
            for (String name : measures.keySet()) {
                column.append(row.figures.stream()
                        .filter(f -> f.name().equals(name))
                        .map(Figure::shown)
                        .findFirst()
                        .orElse(""));
            }
            table.addColumns(column);
        }
        return table;
    }

    /** A name, or the name with the first number that makes it another one: "song.wav (2)". */
    private static String free(String name, Predicate<String> taken) {
        String free = name;
        for (int n = 2; taken.test(free); n++) {
            free = name + " (" + n + ")";
        }
        return free;
    }

    /**
     * The outputs from the best to the worst.
     *
     * @return columns output, song, score, then one for each part
     */
    public Table ranking() {
        Set<Score.Part> parts = parts();
        List<Row> ranked = ranked();
        Table table = Table.create(
                "ranking",
                StringColumn.create("output", ranked.stream().map(Row::name)),
                StringColumn.create("song", ranked.stream().map(Row::song)),
                Rounded.column("score", ranked, 3, r -> score(r).value(parts)));
        for (Score.Part part : Score.Part.values()) {
            table.addColumns(Rounded.column(
                    part.toString(), ranked, 3, r -> score(r).parts().getOrDefault(part, Double.NaN)));
        }
        return table;
    }

    /**
     * The phrases of an output.
     *
     * @return columns start and end in seconds, then those figures that mean something over a few seconds; missing
     *     where a judge was absent
     */
    public Table phrases(String output) {
        List<Passage> passages = output(output).passages;
        Table table = Table.create(
                output,
                DoubleColumn.create(
                        "start",
                        passages.stream().mapToDouble(p -> p.phrase.start()).toArray()),
                DoubleColumn.create(
                        "end",
                        passages.stream().mapToDouble(p -> p.phrase.end()).toArray()));
        for (String name : SHOWN_OF_PHRASES) {
            table.addColumns(DoubleColumn.create(
                    name, passages.stream().mapToDouble(p -> p.value(name)).toArray()));
        }
        return table;
    }

    /** The phrase with the lowest {@link Score}; empty where an output has none. */
    public Optional<Passage> worst(String output) {
        Row row = output(output);
        Collection<Figure> source = source(row).map(Row::figures).orElse(List.of());
        return row.passages.stream()
                .filter(p -> !Score.of(p.figures, source).parts().isEmpty())
                .min(Comparator.comparingDouble(p -> worth(p, source)));
    }

    /** The score of a phrase over what is measured of phrases. */
    private static double worth(Passage p, Collection<Figure> source) {
        Score score = Score.of(p.figures, source);
        Set<Score.Part> parts = EnumSet.of(Score.Part.VOICE, Score.Part.MELODY);
        parts.retainAll(score.parts().keySet());
        return score.value(parts);
    }

    /** The worst phrase as players: of the song, and of the output. */
    public Map<String, Wave> players(String output) {
        Row row = output(output);
        Map<String, Wave> waves = new LinkedHashMap<>();
        worst(output).ifPresent(p -> {
            String time = String.format(Locale.ROOT, ", %.1f to %.1f s", p.phrase.start(), p.phrase.end());
            if (row.subject.source() != null
                    && p.phrase.start() < row.subject.source().seconds()) {
                waves.put("song" + time, row.subject.source().wave().slice(p.phrase.start(), p.phrase.end()));
            }
            waves.put("output" + time, row.subject.output().wave().slice(p.phrase.start(), p.phrase.end()));
        });
        return waves;
    }

    /** The spectrogram of an output with its F0, and below it F0 error, identity and loudness by phrase. */
    public Picture picture(String output) {
        return Report.picture(this, output);
    }

    /** Ranking, figures, players and pictures as a page that plays: {@code page("mine").save(Path.of("mine.html"))}. */
    public Page page(String title) {
        return Report.page(title, this);
    }

    /** Score and parts of each output, and which judges were absent. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Row row : ranked()) {
            text.append(row.name).append("  ").append(score(row)).append('\n');
        }
        absent.forEach((kind, why) ->
                text.append(kind).append(" is absent: ").append(why).append('\n'));
        failed.forEach((name, why) ->
                text.append(name).append(" was not judged: ").append(why).append('\n'));
        return text.toString().stripTrailing();
    }
}
