package diffsvc.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.Wave;
import diffsvc.evaluate.Evaluation;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Score;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.StageLosses;
import diffsvc.evaluate.Subject;
import diffsvc.evaluate.Target;
import diffsvc.plot.Picture;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.Table;

class VerdictTest {
    private static final Sound SOUND = Sound.of("<mine>", Wave.mono(new float[] {0, 0.5f, 0, 0}, 8000));

    private static Evaluation evaluation() {
        List<Figure> figures = JudgeKind.PITCH.measures().stream()
                .filter(m -> m.name().equals("rpa"))
                .map(m -> new Figure(m, 0.75))
                .toList();
        return new Evaluation(
                List.of(new Evaluation.Row(
                        SOUND.name(), Evaluation.Role.OUTPUT, "", Subject.of(SOUND), null, figures, List.of())),
                Set.of(JudgeKind.PITCH),
                Map.of(JudgeKind.WHISPER, "no <file>"),
                Map.of());
    }

    @Test
    void anEvaluationIsRankingThenFiguresThenWhoWasAbsent() {
        String html = Verdict.html(evaluation());
        int at = 0;
        for (String part : new String[] {
            "<b>ranking</b>",
            "&lt;mine&gt;",
            "<summary>figures</summary>",
            ">rpa</td>",
            ">0.750</td>",
            "<p>whisper is absent: no &lt;file&gt;</p>"
        }) {
            assertTrue(html.indexOf(part, at) >= at, part + " is missing or stands too early in " + html);
            at = html.indexOf(part, at) + 1;
        }
        assertFalse(html.contains("<mine>") || html.contains("Evaluation["), html);
    }

    @Test
    void lossesAreATableAndTheirSentences() {
        String html = Verdict.html(new StageLosses(
                Map.of(),
                List.of(
                        new StageLosses.Loss(
                                "vocoder",
                                StageLosses.Variant.SONG,
                                StageLosses.Variant.COPY,
                                Map.of(Score.Part.WORDS, 0.25)),
                        new StageLosses.Loss(
                                "all of it",
                                StageLosses.Variant.SONG,
                                StageLosses.Variant.CONVERSION,
                                Map.of(Score.Part.WORDS, 0.5))),
                List.of("no <target>")));
        assertTrue(html.contains(">vocoder</td>") && html.contains(">0.25</td>"), html);
        assertTrue(
                html.endsWith(
                        "<p>words: the stage &quot;vocoder&quot; loses 0.25; all of it 0.50</p><p>no &lt;target&gt;</p>"),
                html);
    }

    @Test
    void aTargetIsATableOfItsRecordingsAndASoundAPlayer() {
        String html = Verdict.html(new Target("demo", List.of(SOUND)));
        assertTrue(html.startsWith("<b>demo</b>") && html.contains(">&lt;mine&gt;</td>"), html);
        assertFalse(html.contains("<audio"), "twenty recordings would be megabytes");
        assertTrue(Verdict.html(SOUND).startsWith("<b>&lt;mine&gt;</b><br><audio "));
    }

    /** Without a page: the record's own words, not a line for each of its components. */
    @Test
    void inJShellEachIsShownByItsOwnWords() {
        Evaluation e = evaluation();
        assertEquals(e.toString(), Display.text(e));
        Picture wordy = new Picture("p", "a".repeat(400), 10, 10, (g, w, h) -> {});
        assertEquals(wordy.toString(), Display.text(wordy));
    }

    @Test
    void aTableIsPrintedWithAllItsRows() {
        Table table = Table.create("t", IntColumn.create("n", new int[100]));
        assertEquals(101, Display.text(table).lines().count());
    }
}
