package diffsvc.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.Wave;
import diffsvc.conds.F0Table;
import diffsvc.hparams.ProjectPaths;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What JShell prints of a judgement, and of what goes into one. */
class AsTextTest {
    private static final Sound SONG = sound("song 1"), MINE = sound("mine");
    private static final Target DEMO = new Target("demo", List.of(sound("a.wav"), sound("b.wav")));

    private static Sound sound(String name) {
        return Sound.of(name, Wave.mono(new float[16_000], 16_000));
    }

    private static List<Figure> figures(Object... namesAndValues) {
        List<Figure> figures = new ArrayList<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            String name = (String) namesAndValues[i];
            Measure measure = EnumSet.allOf(JudgeKind.class).stream()
                    .flatMap(kind -> kind.measures().stream())
                    .filter(m -> m.name().equals(name))
                    .findFirst()
                    .orElseThrow();
            figures.add(new Figure(measure, ((Number) namesAndValues[i + 1]).doubleValue()));
        }
        return figures;
    }

    private static Evaluation.Row row(Sound sound, Evaluation.Role role, List<Figure> figures) {
        Subject subject = Subject.of(sound).against(SONG, 0);
        List<Evaluation.Passage> passages = role == Evaluation.Role.OUTPUT
                ? List.of(new Evaluation.Passage(new Phrase(0.25, 1), figures))
                : List.of();
        return new Evaluation.Row(sound.name(), role, "song 1", subject, null, figures, passages);
    }

    private static Evaluation evaluation(int outputs) {
        List<Evaluation.Row> rows = new ArrayList<>(List.of(
                row(SONG, Evaluation.Role.SOURCE, figures("rpa", 1, "cer", 0, "hnr", 20)),
                row(sound("copy"), Evaluation.Role.COPY, figures("rpa", 0.96, "cer", 0.1, "hnr", 18))));
        IntStream.range(0, outputs)
                .forEach(i -> rows.add(row(
                        sound("mine" + i),
                        Evaluation.Role.OUTPUT,
                        figures("rpa", 0.9 - 0.1 * i, "cer", 0.5, "hnr", Double.NaN))));
        return new Evaluation(
                rows,
                Set.of(JudgeKind.PITCH),
                Map.of(JudgeKind.DISTILLMOS, "its file is not there", JudgeKind.IDENTITY, "nor is its own"),
                Map.of());
    }

    @Test
    void anEvaluationIsItsRankingThenItsFiguresThenWhoWasAbsent() {
        assertEquals(
                """
                output  song    score  words  melody
                mine0   song 1  0.671    0.5     0.9
                mine1   song 1  0.632    0.5     0.8

                figure  unit   song 1  copy of song 1  mine0  mine1
                rpa     share  1.000   0.960           0.900  0.800
                cer     share  0.00    0.10            0.50   0.50

                table() has all 3 figures of 4 sounds
                identity is absent: nor is its own
                distillmos is absent: its file is not there""",
                evaluation(2).toString());
    }

    @Test
    void ofManySoundsOnlyTheRankingIsPrinted() {
        String text = evaluation(9).toString();
        assertTrue(text.contains("mine8") && text.contains("table() has all 3 figures of 11 sounds"), text);
        assertFalse(text.contains("figure  unit"), text);
        assertTrue(text.lines().allMatch(l -> l.length() <= 80), text);
    }

    @Test
    void aPhraseHasOnlyFiguresThatWereMeasured() {
        Evaluation e = evaluation(1);
        assertEquals(List.of("start", "end", "rpa"), e.phrases("mine0").columnNames());
        assertEquals(
                "0.25 to 1.00 s: rpa 0.900 share, hnr - dB",
                e.worst("mine0").orElseThrow().toString());
        assertEquals(
                "mine0, output of song 1: 3 figures, 1 phrases",
                e.output("mine0").toString());
        assertEquals("song 1, source: 3 figures, 0 phrases", e.rows().get(0).toString());
    }

    @Test
    void soundsTargetsAndSubjectsAreNamesAndSeconds() {
        assertEquals("mine: 1.00 s, 16000 Hz, peak 0.00", MINE.toString());
        assertEquals("demo: 2 recordings, 2.0 s: a.wav, b.wav", DEMO.toString());
        assertEquals(List.of("recording", "seconds"), DEMO.table().columnNames());
        assertEquals("1", DEMO.table().column("seconds").getString(1));
        List<Sound> many =
                IntStream.range(0, 20).mapToObj(i -> sound(i + ".wav")).toList();
        assertEquals("demo: 20 recordings, 20.0 s: 0.wav, 1.wav, 2.wav, ...", new Target("demo", many).toString());
        assertEquals("mine: 1.00 s, 16000 Hz, peak 0.00", Subject.of(MINE).toString());
        assertEquals(
                "mine: 1.00 s, 16000 Hz, peak 0.00; against song 1, key -2.0; towards demo; 3 words of lyrics; 2 joins",
                Subject.of(MINE)
                        .against(SONG, -2)
                        .towards(DEMO)
                        .singing("la la\nla ")
                        .joinedAt(List.of(0.3, 0.6))
                        .toString());
        assertTrue(Subject.of(MINE).scored(F0Table.of(SONG.f0(), 0)).toString().endsWith("; a melody"));
    }

    @Test
    void aPanelNamesWhoIsOpenAndWhoIsNot() {
        ProjectPaths paths = ProjectPaths.find();
        try (Panel panel = Panel.open(paths, EnumSet.of(JudgeKind.SIGNAL, JudgeKind.PITCH))) {
            assertEquals("judges pitch, signal", panel.toString());
        }
        assertEquals(
                List.of("pitch is absent: a", "spectrum is absent: b"),
                Panel.sentences(Map.of(JudgeKind.SPECTRUM, "b", JudgeKind.PITCH, "a")));
    }

    @Test
    void stageLossesAreATableAndASentenceForEachPart() {
        Map<Score.Part, Double> words = Map.of(Score.Part.WORDS, 0.4), all = Map.of(Score.Part.WORDS, 0.5);
        StageLosses losses = new StageLosses(
                new LinkedHashMap<>(),
                List.of(
                        new StageLosses.Loss("vocoder", StageLosses.Variant.SONG, StageLosses.Variant.COPY, words),
                        new StageLosses.Loss(
                                "all of it", StageLosses.Variant.SONG, StageLosses.Variant.CONVERSION, all)),
                List.of("no target"));
        assertEquals(
                """
                stage      words
                vocoder      0.4
                all of it    0.5

                words: the stage "vocoder" loses 0.40; all of it 0.50
                no target""",
                losses.toString());
        assertEquals("vocoder: words 0.40", losses.losses().get(0).toString());
    }

    @Test
    void aRankingOfCheckpointsNamesTheBest() {
        Evaluation e = evaluation(2);
        List<CheckpointRanking.Entry> entries = IntStream.range(0, 2)
                .mapToObj(i -> new CheckpointRanking.Entry(
                        new Checkpoint("demo", 1000 - i, Checkpoint.Kind.VOICE, null),
                        List.of(e.outputs().get(i)),
                        new double[] {0.6 - 0.1 * i}))
                .toList();
        String text = new CheckpointRanking(entries, Map.of(), e).toString();
        String[] lines = text.split("\n");
        assertTrue(lines[1].matches("demo +1000 .*0.6 .*") && lines[2].matches("demo +999 .*0.5 .*"), text);
        assertEquals("best: demo, step 1000", lines[4]);
        assertEquals("identity is absent: nor is its own", lines[5]);
        assertEquals("demo, step 1000: 0.60 over 1 songs", entries.get(0).toString());
    }
}
