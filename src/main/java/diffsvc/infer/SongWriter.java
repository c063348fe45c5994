package diffsvc.infer;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Depth;
import diffsvc.audio.Recording;
import diffsvc.audio.WavReader;
import diffsvc.audio.WavWriter;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Problem;
import diffsvc.files.Temporary;
import diffsvc.files.WholeFile;
import diffsvc.progress.Progress;
import diffsvc.voice.PartialResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Writes a converted song under a temporary name beside its target: first as floats while the slices come, then, once
 * the peak is known, in the format that was asked for; then the file is read back.
 *
 * @param depth of the samples
 * @param warnings receives sentences for the user
 * @param timer receives the stage "output"
 * @param kept receives the song up to where it was stopped
 */
record SongWriter(Depth depth, List<String> warnings, StageTimer timer, Consumer<PartialResult> kept) {
    private static final int LONGEST_KEPT_SECONDS = 600;

    /**
     * A whole song under a temporary name.
     *
     * @param scale factor that all samples were multiplied with so that none clips
     * @param beyond samples that went beyond full scale before
     * @param joins how the slices meet
     */
    record Written(Path file, float scale, long beyond, List<Join> joins, int samples) {}

    /**
     * Converts the slices, joins them and writes the song.
     *
     * @param joiner of the song's slices
     * @param converter gives each slice in the voice
     * @param target the file that the result will have; it is not touched here
     * @throws Problem {@link Problem#isStop() stopped}, after {@code kept} has the song up to there; or when nothing
     *     can be written
     */
    Written write(SliceJoiner joiner, SliceConverter converter, Path target) {
        int rate = joiner.rateHz();
        Path joined = null, fresh = null;
        boolean whole = false;
        try {
            joined = Temporary.file("output", ".wav"); // 10 MB per minute
            float[] peak = {0};
            long[] beyond = {0};
            try (WavWriter out = WavWriter.open(joined, 1, rate, Depth.FLOAT)) {
                joiner.run(converter, samples -> {
                    for (float v : samples) {
                        peak[0] = Math.max(peak[0], Math.abs(v));
                        beyond[0] += Math.abs(v) > 1 ? 1 : 0;
                    }
                    out.append(samples);
                });
            } catch (Problem stop) {
                if (stop.isStop()) {
                    keepPart(joiner, joined);
                }
                throw stop;
            }
            long began = System.nanoTime();
            float scale = depth == Depth.FLOAT || peak[0] <= 1 ? 1 : WaveWriter.HEADROOM / peak[0];
            if (beyond[0] > 0) {
                warnings.add(
                        depth == Depth.FLOAT
                                ? beyond[0] + " samples go beyond full scale; floats keep them, players may not"
                                : String.format(
                                        Locale.ROOT,
                                        "%d samples went beyond full scale, so all are scaled by %.3f and nothing clips",
                                        beyond[0],
                                        scale));
            }
            List<Join> joins;
            int written;
            String ending = target.getFileName().toString().replaceAll(".*\\.", "");
            fresh = target.resolveSibling(".diffsvc-" + Long.toHexString(System.nanoTime()) + ".part." + ending);
            fresh.toFile().deleteOnExit();
            try (WavReader result = WavReader.open(joined)) {
                joins = Join.audit(joiner, result);
                written = result.samples();
                WaveWriter.write(fresh, result, depth, scale);
            }
            try (Recording back = AudioFile.open(fresh)) { // what was promised can be read back
                if (back.samples() != written) {
                    throw Problem.in(
                            "output",
                            target,
                            written + " samples",
                            String.valueOf(back.samples()),
                            "check the disk, and try again");
                }
            }
            timer.ended(new Progress.Stage(
                    "output",
                    ending + ", " + depth.text() + (depth == Depth.FLOAT ? "" : " bits"),
                    "[" + written + "]",
                    (System.nanoTime() - began) / 1e9));
            whole = true;
            return new Written(fresh, scale, beyond[0], joins, written);
        } catch (IOException | UncheckedIOException e) {
            throw Problem.in(
                    "output",
                    target,
                    "a file that can be written",
                    WholeFile.reason(e instanceof UncheckedIOException u ? u.getCause() : (IOException) e),
                    "check the folder's permissions and the free disk space");
        } finally {
            if (joined != null) {
                joined.toFile().delete();
            }
            if (fresh != null && !whole) {
                fresh.toFile().delete();
            }
        }
    }

    /** Keeps the song up to where it was stopped, unless it is too long to hold. */
    private void keepPart(SliceJoiner joiner, Path joined) throws IOException {
        try (WavReader part = WavReader.open(joined)) {
            int done = 0;
            while (done < joiner.slices().size() && joiner.places()[done + 1] <= part.samples()) {
                done++;
            }
            Wave wave = part.samples() > 0 && part.samples() <= LONGEST_KEPT_SECONDS * joiner.rateHz()
                    ? part.read(0, part.samples())
                    : null;
            kept.accept(new PartialResult("song", done, joiner.slices().size(), Map.of(), wave));
        }
    }
}
