package diffsvc.evaluate;

import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.plot.Page;
import diffsvc.plot.Picture;
import diffsvc.plot.TextTable;
import diffsvc.progress.Progress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * What the judges say of some outputs, beside what they say of the songs themselves and of their copy synthesis: a
 * recognizer that loses a word of the song cannot blame the conversion for it.
 *
 * <pre>{@code
 * try (var panel = Panel.open(voice.paths())) {
 *     var subject = Subject.of(Sound.of("mine", wave)).against(Sound.of("song", song), 0);
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

    private static final int MOST_IN_TEXT = 8;
    private static final List<String> SHOWN_IN_TEXT = List.of(
            "similarity", "lyrics-cer", "cer", "phone-match", "rpa", "dnsmos-ovr", "distillmos", "mcd", "loudness");

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

        @Override
        public String toString() {
            return name + ", " + role.name().toLowerCase(Locale.ROOT) + (role == Role.SOURCE ? "" : " of " + song)
                    + ": " + figures.size() + " figures, " + passages.size() + " phrases";
        }
    }

    /** A phrase and its figures. */
    public record Passage(Phrase phrase, List<Figure> figures) {
        /** A figure by name; NaN where it is not there. */
        public double value(String figure) {
            return Score.value(figures, figure);
        }

        /** "1.20 to 3.45 s: rpa 0.98 share, ...": the figures of {@link #phrases}. */
        @Override
        public String toString() {
            return phrase
                    + figures.stream()
                            .filter(f -> SHOWN_OF_PHRASES.contains(f.name()))
                            .map(Figure::toString)
                            .collect(Collectors.joining(", ", ": ", ""));
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
        // a song is judged once for each target, and without a judge of identity the target makes no difference
        boolean towards = panel.judges().containsKey(JudgeKind.IDENTITY);
        List<Candidate> candidates = outputs.stream()
                .map(c -> towards ? c : new Candidate(c.subject.towards(null), c.copy))
                .toList();
        int all = sounds(candidates);
        Map<Subject, Row> sources = new LinkedHashMap<>(), copies = new LinkedHashMap<>();
        Map<String, Row> judged = new LinkedHashMap<>();
        Map<String, String> failed = new LinkedHashMap<>();
        Runnable oneMore =
                () -> progress.at("judging", sources.size() + copies.size() + judged.size() + failed.size(), all);
        Problem first = null;
        for (Candidate output : candidates) {
            Subject subject = output.subject;
            Sound song = subject.source();
            String name = free(subject.output().name(), n -> judged.containsKey(n) || failed.containsKey(n));
            try {
                if (song != null) {
                    beside(panel, sources, Role.SOURCE, subject.songItself(song), oneMore);
                    if (output.copy != null) {
                        beside(panel, copies, Role.COPY, subject.songItself(output.copy), oneMore);
                    }
                }
                judged.put(
                        name,
                        new Row(
                                name,
                                Role.OUTPUT,
                                song == null ? "" : song.name(),
                                subject,
                                output.copy,
                                panel.figures(subject),
                                passages(panel, subject)));
            } catch (Problem p) {
                if (p.isStop()) {
                    throw p;
                }
                first = first == null ? p : first;
                failed.put(name, p.getMessage());
            }
            oneMore.run();
        }
        if (judged.isEmpty() && first != null) {
            throw first;
        }
        List<Row> rows = new ArrayList<>(sources.values());
        rows.addAll(copies.values());
        rows.addAll(judged.values());
        return new Evaluation(rows, panel.judges().keySet(), panel.absent(), failed);
    }

    /** Judges a song or its copy beside the song, unless that was done for the same target. */
    private static void beside(Panel panel, Map<Subject, Row> judged, Role role, Subject subject, Runnable oneMore) {
        if (!judged.containsKey(subject)) {
            String name = subject.output().name(), song = subject.source().name();
            judged.put(subject, new Row(name, role, song, subject, null, panel.figures(subject), List.of()));
            oneMore.run();
        }
    }

    private static int sounds(Collection<Candidate> outputs) {
        Set<Subject> beside = new LinkedHashSet<>();
        outputs.forEach(c -> {
            Sound song = c.subject.source();
            if (song != null) {
                beside.add(c.subject.songItself(song));
                if (c.copy != null) {
                    beside.add(c.subject.songItself(c.copy));
                }
            }
        });
        return beside.size() + outputs.size();
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
        Sound song = row.subject.source();
        return rows.stream()
                .filter(r -> r.role == Role.SOURCE && song != null && r.subject.equals(row.subject.songItself(song)))
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
                if (rows.stream().anyMatch(r -> r.has(m))) {
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
     * @return columns output, song, score, then one for each part that an output has
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
            if (ranked.stream().anyMatch(r -> score(r).parts().containsKey(part))) {
                table.addColumns(Rounded.column(
                        part.toString(), ranked, 3, r -> score(r).parts().getOrDefault(part, Double.NaN)));
            }
        }
        return table;
    }

    /**
     * The phrases of an output.
     *
     * @return columns start and end in seconds, then those figures that were measured and mean something over a few
     *     seconds
     */
    public Table phrases(String output) {
        List<Passage> passages = output(output).passages;
        Table table = Table.create(
                output,
                Rounded.column("start", passages, 3, p -> p.phrase.start()),
                Rounded.column("end", passages, 3, p -> p.phrase.end()));
        for (String name : SHOWN_OF_PHRASES) {
            if (passages.stream().anyMatch(p -> !Double.isNaN(p.value(name)))) {
                table.addColumns(Rounded.column(name, passages, 3, p -> p.value(name)));
            }
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

    /** A sentence for each judge that was asked for and was absent, with the reason. */
    public List<String> absentJudges() {
        return Panel.sentences(absent);
    }

    /**
     * Ranking, the figures of up to {@value #MOST_IN_TEXT} sounds that the score follows from and two of the signal,
     * and absent judges: a screen of a terminal. {@link #table} has all figures.
     */
    @Override
    public String toString() {
        Table all = table();
        List<String> parts = new ArrayList<>(List.of(TextTable.of(ranking())));
        if (rows.size() <= MOST_IN_TEXT) {
            parts.add(TextTable.of(
                    all.where(all.stringColumn("figure").isIn(SHOWN_IN_TEXT)).removeColumns("better")));
        }
        List<String> last = new ArrayList<>(
                List.of("table() has all " + all.rowCount() + " figures of " + rows.size() + " sounds"));
        last.addAll(absentJudges());
        failed.forEach((name, why) -> last.add(name + " was not judged: " + why));
        parts.add(String.join("\n", last));
        return String.join("\n\n", parts);
    }
}
