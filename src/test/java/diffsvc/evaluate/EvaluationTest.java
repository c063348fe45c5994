package diffsvc.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.evaluate.Evaluation.Candidate;
import diffsvc.evaluate.Evaluation.Role;
import diffsvc.evaluate.Evaluation.Row;
import diffsvc.hparams.ProjectPaths;
import diffsvc.plot.Page;
import diffsvc.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.Table;

/** Judged by own code alone: a song of two tones, its copy, one with the second tone a fifth too high, and silence. */
@Tag("conversion")
class EvaluationTest {
    private static final int RATE = 16_000;
    private static final double PHRASE = 1.6, PAUSE = 0.5;
    private static final Sound SONG = Sound.of("song.wav", tones(220, 220));
    private static final Sound COPY = Sound.of("copy synthesis of song.wav", tones(220, 220));

    private static Panel panel;
    private static Evaluation evaluation;

    /** Two tones of {@value #PHRASE} s with overtones, a pause before, between and behind. */
    private static Wave tones(double firstHz, double secondHz) {
        int phrase = (int) (PHRASE * RATE), pause = (int) (PAUSE * RATE);
        float[] x = new float[3 * pause + 2 * phrase];
        double[] hz = {firstHz, secondHz};
        for (int p = 0; p < 2; p++) {
            int from = pause + p * (phrase + pause);
            for (int i = 0; i < phrase; i++) {
                for (int h = 1; h <= 5; h++) {
                    x[from + i] += (float) (0.2 * Math.sin(2 * Math.PI * h * hz[p] * i / RATE) / h);
                }
            }
        }
        return Wave.mono(x, RATE);
    }

    private static Candidate output(String name, Wave wave) {
        return new Candidate(Subject.of(Sound.of(name, wave)).against(SONG, 0), COPY);
    }

    private static List<Candidate> outputs() {
        return List.of(
                output("silent", Wave.mono(new float[SONG.samples().length], RATE)),
                output("half", tones(220, 330)),
                output("same", tones(220, 220)));
    }

    @BeforeAll
    static void judge() {
        panel = Panel.open(ProjectPaths.find(), EnumSet.of(JudgeKind.PITCH, JudgeKind.SIGNAL, JudgeKind.SPECTRUM));
        evaluation = Evaluation.of(panel, outputs(), Progress.NONE);
    }

    @AfterAll
    static void close() {
        panel.close();
    }

    @Test
    void theSongAndItsCopyAreJudgedOnceAndStandBeforeTheOutputs() {
        assertEquals(
                List.of(Role.SOURCE, Role.COPY, Role.OUTPUT, Role.OUTPUT, Role.OUTPUT),
                evaluation.rows().stream().map(Row::role).toList());
        assertEquals(
                List.of("song.wav", COPY.name(), "silent", "half", "same"),
                evaluation.rows().stream().map(Row::name).toList());
        evaluation.outputs().forEach(row -> {
            assertEquals("song.wav", row.song());
            assertSame(COPY, row.copy());
        });
        assertTrue(evaluation.failed().isEmpty() && evaluation.absent().isEmpty());
    }

    @Test
    void progressCountsEachSoundOnce() {
        List<String> said = new ArrayList<>();
        Evaluation.of(panel, outputs(), (stage, done, of) -> said.add(stage + " " + done + "/" + of));
        assertEquals(List.of("judging 1/5", "judging 2/5", "judging 3/5", "judging 4/5", "judging 5/5"), said);
    }

    @Test
    void theTableHasAColumnForEachSoundAndADashWhereNothingCouldBeMeasured() {
        Table table = evaluation.table();
        assertEquals(
                List.of("figure", "unit", "better", "song.wav", "copy of song.wav", "silent", "half", "same"),
                table.columnNames());
        Table rpa = table.where(table.stringColumn("figure").isEqualTo("rpa"));
        assertEquals("1.000", rpa.getString(0, "same"));
        Table rmse = table.where(table.stringColumn("figure").isEqualTo("f0-rmse-hz"));
        assertEquals("-", rmse.getString(0, "silent"));
        assertEquals("Hz", rmse.getString(0, "unit"));
        assertEquals("lower", rmse.getString(0, "better"));
    }

    @Test
    void theRankingIsByWhatCouldBeMeasuredAndTheRestIsMissing() {
        Table ranking = evaluation.ranking();
        assertEquals(
                List.of("same", "half", "silent"),
                ranking.stringColumn("output").asList());
        assertEquals(1, ranking.doubleColumn("score").get(0), "all of the song's pitch");
        assertEquals(0.5, ranking.doubleColumn("score").get(1), 0.02, "one phrase of two, and frames at the edges");
        assertEquals(0, ranking.doubleColumn("score").get(2), "silence keeps nothing");
        assertEquals(
                ranking.doubleColumn("melody").asList(),
                ranking.doubleColumn("score").asList());
        assertEquals(
                List.of("output", "song", "score", "melody"),
                ranking.columnNames(),
                "voice, words and sound were not judged: no column stands for them");
        assertEquals(Set.of(Score.Part.MELODY), evaluation.parts());
    }

    @Test
    void aPhraseOfItsOwnIsFoundToBeTheWorst() {
        Table phrases = evaluation.phrases("half");
        assertEquals(2, phrases.rowCount());
        assertEquals(1, phrases.doubleColumn("rpa").get(0));
        assertEquals(0, phrases.doubleColumn("rpa").get(1));
        assertFalse(phrases.containsColumn("identity"), "no judge of identity");
        Evaluation.Passage worst = evaluation.worst("half").orElseThrow();
        assertEquals(phrases.doubleColumn("start").get(1), worst.phrase().start(), 5e-4, "the table has three digits");
        // a pause keeps up to 0.1 s of what is around it
        assertEquals(2 * PAUSE + PHRASE, worst.phrase().start(), 0.11);
        Map<String, Wave> players = evaluation.players("half");
        assertEquals(
                List.of("song", "output"),
                players.keySet().stream().map(name -> name.split(",")[0]).toList());
        players.values().forEach(w -> assertEquals(worst.phrase().seconds(), w.seconds(), 1.0 / RATE));
    }

    @Test
    void anOutputIsFoundByNameAndAnotherNameIsRefusedWithAllOfThem() {
        assertEquals("half", evaluation.output("half").name());
        Problem e = assertThrows(Problem.class, () -> evaluation.output("nobody"));
        assertTrue(e.getMessage().contains("one of [silent, half, same]"), e.getMessage());
    }

    @Test
    void twoOutputsOfOneNameAreTwo() {
        Evaluation two = Evaluation.of(
                panel, List.of(output("a.wav", tones(220, 330)), output("a.wav", tones(220, 220))), Progress.NONE);
        assertEquals(
                List.of("a.wav", "a.wav (2)"),
                two.outputs().stream().map(Row::name).toList());
        assertEquals(1, two.output("a.wav (2)").value("rpa"));
        assertEquals(0.5, two.output("a.wav").value("rpa"), 0.02);
    }

    @Test
    void whatHasNoNumberIsNullInJson() {
        JsonObject tree =
                JsonParser.parseString(EvaluationJson.text(evaluation)).getAsJsonObject();
        assertEquals("diffsvc-evaluation-1", tree.get("format").getAsString());
        assertEquals(
                Set.of("pitch", "signal", "spectrum"),
                tree.getAsJsonObject("judges").keySet());
        JsonObject silent = tree.getAsJsonArray("sounds").get(2).getAsJsonObject();
        assertEquals("silent", silent.get("name").getAsString());
        assertEquals("output", silent.get("role").getAsString());
        assertEquals(0, silent.get("score").getAsDouble());
        assertTrue(silent.getAsJsonObject("figures").get("f0-rmse-hz").isJsonNull());
        assertEquals(2, silent.getAsJsonArray("phrases").size());
        JsonObject same = tree.getAsJsonArray("sounds").get(4).getAsJsonObject();
        assertEquals(1, same.getAsJsonObject("figures").get("rpa").getAsDouble());
        assertFalse(tree.getAsJsonArray("sounds").get(0).getAsJsonObject().has("score"), "a song is not ranked");
    }

    @Test
    void theSameSoundsGiveTheSameJson() {
        assertEquals(
                EvaluationJson.text(evaluation), EvaluationJson.text(Evaluation.of(panel, outputs(), Progress.NONE)));
    }

    @Test
    void aPageIsOneFileThatPlays(@TempDir Path folder) throws Exception {
        Path file = evaluation.page("Mine").save(folder.resolve("mine.html"));
        String html = Files.readString(file);
        assertTrue(Page.isBy(Report.PROGRAM, file));
        assertEquals(3 * 5, html.split("<audio").length - 1, "song, copy, output; the worst phrase of song and output");
        assertEquals(3, html.split("<img").length - 1, "a picture of each output");
        for (String outside : new String[] {"http:", "https:", "src=\"/", "href=", "<script", "@import", "url("}) {
            assertFalse(html.contains(outside), outside);
        }
        try (var files = Files.list(folder)) {
            assertEquals(1, files.count());
        }
    }

    @Test
    void aScrapOfASoundHasAPageToo() {
        Wave scrap = Wave.mono(new float[] {0.1f, -0.1f}, RATE);
        String html = Evaluation.of(panel, List.of(output("scrap", scrap)), Progress.NONE)
                .page("Scrap")
                .html();
        assertTrue(html.contains("<img"), "its picture is nearly empty");
    }

    /** A judge that cannot listen to what is called "bad". */
    private record Deaf() implements Judge {
        @Override
        public List<Figure> judge(Subject subject) {
            if (subject.output().name().startsWith("bad")) {
                throw Problem.in("evaluate", "ears", "none", "buy some");
            }
            return List.of(new Figure(JudgeKind.PITCH.measures().get(0), 1));
        }

        @Override
        public void close() {}
    }

    @Test
    void anOutputThatAJudgeFailsAtIsNamedAndTheOthersAreJudged() {
        Panel deaf = new Panel(Map.of(JudgeKind.PITCH, new Deaf()));
        Evaluation some = Evaluation.of(
                deaf,
                List.of(output("bad", tones(220, 220)), output("good", tones(220, 220)), output("bad", tones(9, 9))),
                Progress.NONE);
        assertEquals(List.of("good"), some.outputs().stream().map(Row::name).toList());
        assertEquals(List.of("bad", "bad (2)"), List.copyOf(some.failed().keySet()));
        assertEquals("evaluate: need ears, got none; buy some", some.failed().get("bad"));
        assertTrue(some.toString().contains("bad was not judged: evaluate: need ears"), some.toString());
        Problem e = assertThrows(
                Problem.class, () -> Evaluation.of(deaf, List.of(output("bad", tones(220, 220))), Progress.NONE));
        assertEquals("evaluate: need ears, got none; buy some", e.getMessage(), "none is left");
    }

    @Test
    void aPanelOfAbsentJudgesIsRefusedWithTheRemedy(@TempDir Path empty) {
        Problem e =
                assertThrows(Problem.class, () -> Panel.open(new ProjectPaths(empty), EnumSet.of(JudgeKind.IDENTITY)));
        assertTrue(
                e.getMessage()
                        .startsWith("evaluate: need a judge that is there, got identity is absent: "
                                + "models/judges/resemblyzer.pt is not there"),
                e.getMessage());
    }
}
