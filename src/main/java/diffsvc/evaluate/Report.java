package diffsvc.evaluate;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.Resampler;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Track;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.hparams.Hparams;
import diffsvc.platform.EngineLock;
import diffsvc.plot.Lane;
import diffsvc.plot.Page;
import diffsvc.plot.Picture;
import diffsvc.plot.Plots;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/** An {@link Evaluation} as pictures and as a page that plays. */
public final class Report {
    /** What makes the pages, and may replace them. */
    public static final String PROGRAM = "diffsvc evaluate";

    private static final int MOST_WITH_PICTURES = 12;
    private static final Hparams.Audio AUDIO = Hparams.defaults().audio();
    private static final double QUIET_LUFS = -60;
    /** The figures of phrases that are drawn, and their lanes without bars. */
    private static final Map<String, Lane> LANES = lanes();

    private Report() {}

    private static Map<String, Lane> lanes() {
        Map<String, Lane> lanes = new LinkedHashMap<>();
        lanes.put("f0-rmse-cents", new Lane("F0 error, cents", 0, List.of()));
        lanes.put("identity", new Lane("identity, cosine to the target minus cosine to the song", 0, List.of()));
        lanes.put("loudness", new Lane("loudness, LUFS", QUIET_LUFS, List.of()));
        return lanes;
    }

    /** The spectrogram of an output with its F0, and below it F0 error, identity and loudness by phrase. */
    public static Picture picture(Evaluation evaluation, String output) {
        Evaluation.Row row = evaluation.output(output);
        Plots plots = Plots.of(AUDIO);
        Sound sound = row.subject().output();
        List<Lane> lanes = new ArrayList<>();
        LANES.forEach((figure, lane) -> {
            List<Lane.Bar> bars = row.passages().stream()
                    .map(p -> new Lane.Bar(p.phrase().start(), p.phrase().end(), p.value(figure)))
                    .filter(b -> !Double.isNaN(b.value()))
                    .toList();
            if (!bars.isEmpty()) {
                lanes.add(new Lane(lane.name(), lane.base(), bars));
            }
        });
        List<Picture> pictures = new ArrayList<>();
        float[][] mel = mel(sound.wave());
        pictures.add(plots.mel(output, mel, f0(sound.f0(), mel.length)));
        if (!lanes.isEmpty()) {
            pictures.add(plots.lanes("by phrase", sound.seconds(), lanes));
        }
        return plots.stacked(output, pictures);
    }

    private static float[][] mel(Wave wave) {
        try (EngineLock lock = EngineLock.take("evaluate");
                NDManager scratch = NDManager.newBaseManager()) {
            FrontEnd front = FrontEnd.of(Hparams.defaults());
            float[] samples = Resampler.resampleIfNeeded(wave.first(), wave.sampleRateHz(), AUDIO.sampleRateHz());
            // silence behind a scrap, which would not fill a window
            Wave signal = Wave.mono(
                    Arrays.copyOf(samples, Math.max(samples.length, AUDIO.windowSamples())), AUDIO.sampleRateHz());
            return FrontEnd.rows(front.of(scratch, front.signal(signal)));
        }
    }

    /** The track on the frames of the mel, for drawing. */
    private static F0Track f0(F0Track f0, int frames) {
        float[] hz = new float[frames];
        boolean[] voiced = new boolean[frames];
        for (int t = 0; t < frames; t++) {
            int nearest = (int) Math.min(f0.frames() - 1, Math.round(t * AUDIO.hopSeconds() / f0.frameSeconds()));
            hz[t] = f0.f0Hz()[nearest];
            voiced[t] = f0.voiced()[nearest];
        }
        return new F0Track(hz, voiced, AUDIO.hopSeconds());
    }

    /** Ranking, figures, players and pictures of an evaluation in one page. */
    public static Page page(String title, Evaluation evaluation) {
        Page page = Page.titled(title, PROGRAM);
        add(page, evaluation);
        return page;
    }

    /** Adds an evaluation to a page. */
    static void add(Page page, Evaluation evaluation) {
        page.heading("Ranking")
                .text("The score is the geometric mean of " + words(evaluation)
                        + "; each is from 0 to 1. docs/evaluate.md says how they follow from the figures.")
                .table(evaluation.ranking());
        List<Evaluation.Row> outputs = evaluation.ranked();
        for (Evaluation.Row row : outputs.subList(0, Math.min(MOST_WITH_PICTURES, outputs.size()))) {
            page.heading(row.name());
            Map<String, Wave> waves = new LinkedHashMap<>();
            if (row.subject().source() != null) {
                waves.put("song", row.subject().source().wave());
            }
            if (row.copy() != null) {
                waves.put("copy synthesis", row.copy().wave());
            }
            waves.put("output", row.subject().output().wave());
            page.players(waves);
            Map<String, Wave> worst = evaluation.players(row.name());
            if (!worst.isEmpty()) {
                page.text("The phrase with the lowest score:").players(worst);
            }
            page.picture(picture(evaluation, row.name()));
            if (!row.passages().isEmpty()) {
                page.table(evaluation.phrases(row.name()));
            }
        }
        page.heading("All figures")
                .table(evaluation.table())
                .heading("What they mean")
                .table(meanings(evaluation));
        if (!evaluation.absent().isEmpty()) {
            page.heading("Absent judges");
            evaluation.absent().forEach((kind, why) -> page.text(kind + ": " + why));
        }
        if (!evaluation.failed().isEmpty()) {
            page.heading("Not judged");
            evaluation.failed().forEach((name, why) -> page.text(name + ": " + why));
        }
    }

    private static String words(Evaluation evaluation) {
        List<String> parts =
                evaluation.parts().stream().map(Score.Part::toString).toList();
        return parts.isEmpty() ? "nothing, because no part could be measured" : String.join(", ", parts);
    }

    /**
     * What each figure of an evaluation means.
     *
     * @return columns figure, judge, meaning
     */
    static Table meanings(Evaluation evaluation) {
        Table table = Table.create(
                "meanings",
                StringColumn.create("figure"),
                StringColumn.create("judge"),
                StringColumn.create("meaning"));
        for (JudgeKind kind : JudgeKind.values()) {
            for (Measure m : kind.measures()) {
                if (evaluation.judges().contains(kind)
                        && evaluation.rows().stream().anyMatch(r -> r.has(m))) {
                    table.stringColumn(0).append(m.name());
                    table.stringColumn(1).append(kind.toString());
                    table.stringColumn(2).append(m.meaning());
                }
            }
        }
        return table;
    }
}
