package diffsvc.notebook;

import diffsvc.evaluate.CheckpointRanking;
import diffsvc.evaluate.Evaluation;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.StageLosses;
import diffsvc.evaluate.Target;
import diffsvc.plot.HtmlParts;
import java.util.List;
import tech.tablesaw.api.Table;

/** What the page gets of a judgement: ranking, figures and who was absent. */
final class Verdict {
    private Verdict() {}

    /** Ranking, all figures, which a click folds, and absent judges. */
    static String html(Evaluation evaluation) {
        return titled("ranking", evaluation.ranking()) + "<details open><summary>figures</summary>"
                + wide(evaluation.table()) + "</details>" + sentences(evaluation.absentJudges());
    }

    /** Checkpoints from the best to the worst, and absent judges. */
    static String html(CheckpointRanking ranking) {
        return titled("checkpoints", ranking.table())
                + sentences(ranking.evaluation().absentJudges());
    }

    /** What each stage loses, the sentences on it, and what could not be compared. */
    static String html(StageLosses losses) {
        return titled("losses", losses.table()) + sentences(losses.sentences()) + sentences(losses.notes());
    }

    /** Names and lengths of the recordings. */
    static String html(Target target) {
        return titled(target.name(), target.table());
    }

    /** A player with the recording's name. */
    static String html(Sound sound) {
        return "<b>" + HtmlParts.escaped(sound.name()) + "</b><br>" + HtmlParts.player(sound.wave());
    }

    private static String titled(String title, Table table) {
        return "<b>" + HtmlParts.escaped(title) + "</b>" + wide(table);
    }

    /** A table of many columns scrolls by itself and leaves the page as it is. */
    private static String wide(Table table) {
        return "<div style=\"overflow-x:auto\">" + HtmlParts.table(table) + "</div>";
    }

    private static String sentences(List<String> sentences) {
        StringBuilder html = new StringBuilder();
        sentences.forEach(s -> html.append("<p>").append(HtmlParts.escaped(s)).append("</p>"));
        return html.toString();
    }
}
