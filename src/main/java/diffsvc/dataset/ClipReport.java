package diffsvc.dataset;

import java.util.List;
import java.util.function.ToDoubleFunction;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.LongColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * What became of one stretch of a recording.
 *
 * @param recording file relative to the folder of recordings
 * @param clip its name in the dataset; empty when it was skipped
 * @param part train, valid or test; empty when it was skipped
 * @param startSeconds where it begins in the recording
 * @param voicedShare share of frames with a pitch, 0 to 1
 * @param f0LowHz the 5th percentile of the voiced frames
 * @param f0HighHz the 95th percentile
 * @param peak largest magnitude, 1 = full scale
 * @param clippedSamples samples at full scale
 * @param skipped why it is not in the dataset; empty when it is
 * @param note a remark of the decoder on the whole recording, {@link diffsvc.audio.Recording#notes}; empty as a rule
 */
public record ClipReport(
        String recording,
        String clip,
        String part,
        double startSeconds,
        double seconds,
        double voicedShare,
        double f0LowHz,
        double f0MedianHz,
        double f0HighHz,
        double peak,
        long clippedSamples,
        String skipped,
        String note) {
    /** A shard of an older version has no notes. */
    public ClipReport {
        note = note == null ? "" : note;
    }

    static ClipReport skipped(String recording, double start, double seconds, String why) {
        return new ClipReport(recording, "", "", start, seconds, 0, 0, 0, 0, 0, 0, why, "");
    }

    /** The same of a recording under another name. */
    ClipReport of(String name) {
        return with(name, clip.isEmpty() ? "" : name + clip.substring(recording.length()), part, note);
    }

    /** The same in a part of the dataset, with a remark on its recording. */
    ClipReport in(String part, String note) {
        return with(recording, clip, clip.isEmpty() ? "" : part, note);
    }

    private ClipReport with(String recording, String clip, String part, String note) {
        return new ClipReport(
                recording,
                clip,
                part,
                startSeconds,
                seconds,
                voicedShare,
                f0LowHz,
                f0MedianHz,
                f0HighHz,
                peak,
                clippedSamples,
                skipped,
                note);
    }

    /** The reports as a table with the columns of report.csv. */
    public static Table table(List<ClipReport> reports) {
        Table table = Table.create("clips");
        table.addColumns(
                StringColumn.create("recording", reports.stream().map(ClipReport::recording)),
                StringColumn.create("clip", reports.stream().map(ClipReport::clip)),
                StringColumn.create("part", reports.stream().map(ClipReport::part)),
                numbers("start_s", reports, ClipReport::startSeconds),
                numbers("seconds", reports, ClipReport::seconds),
                numbers("voiced", reports, ClipReport::voicedShare),
                numbers("f0_low_hz", reports, ClipReport::f0LowHz),
                numbers("f0_median_hz", reports, ClipReport::f0MedianHz),
                numbers("f0_high_hz", reports, ClipReport::f0HighHz),
                numbers("peak", reports, ClipReport::peak),
                LongColumn.create(
                        "clipped_samples",
                        reports.stream().mapToLong(ClipReport::clippedSamples).toArray()),
                StringColumn.create("skipped", reports.stream().map(ClipReport::skipped)),
                StringColumn.create("note", reports.stream().map(ClipReport::note)));
        return table;
    }

    private static DoubleColumn numbers(String name, List<ClipReport> reports, ToDoubleFunction<ClipReport> of) {
        return DoubleColumn.create(
                name,
                reports.stream()
                        .mapToDouble(r -> Math.round(of.applyAsDouble(r) * 1e4) / 1e4)
                        .toArray());
    }
}
