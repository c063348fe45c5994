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
        Path joined = null;
        try {
            joined = Temporary.file("output", ".wav"); // 10 MB per minute
            Level level = join(joiner, converter, joined);
            return finish(joiner, joined, level, target);
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
        }
    }

    /** The highest magnitude of a song, how many samples there are and how many went beyond full scale. */
    private static final class Level {
        private float peak;
        private long beyond, samples;

        void take(float[] samples) {
            this.samples += samples.length;
            for (float v : samples) {
                peak = Math.max(peak, Math.abs(v));
                beyond += Math.abs(v) > 1 ? 1 : 0;
            }
        }
    }

    /** Converts the slices and writes the song as floats. */
    private Level join(SliceJoiner joiner, SliceConverter converter, Path joined) throws IOException {
        Level level = new Level();
        boolean pressed = false;
        try {
            try (WavWriter out = WavWriter.open(joined, 1, joiner.rateHz(), Depth.FLOAT)) {
                try {
                    joiner.run(converter, samples -> {
                        level.take(samples);
                        out.append(samples);
                    });
                } finally {
                    pressed = Thread.interrupted(); // an interrupted thread could neither end the file nor read it
                }
            } catch (Problem stop) {
                if (stop.isStop()) {
                    keepPart(joiner, joined, level);
                }
                throw stop;
            }
        } finally {
            if (pressed) {
                Thread.currentThread().interrupt();
            }
        }
        return level;
    }

    /** Writes the song in its format beside the target, and reads it back. */
    private Written finish(SliceJoiner joiner, Path joined, Level level, Path target) throws IOException {
        long began = System.nanoTime();
        float scale = depth == Depth.FLOAT || level.peak <= 1 ? 1 : WaveWriter.HEADROOM / level.peak;
        if (level.beyond > 0) {
            warnings.add(
                    depth == Depth.FLOAT
                            ? level.beyond + " samples go beyond full scale; floats keep them, players may not"
                            : String.format(
                                    Locale.ROOT,
                                    "%d samples went beyond full scale, so all are scaled by %.3f and nothing clips",
                                    level.beyond,
                                    scale));
        }
        String ending = target.getFileName().toString().replaceAll(".*\\.", "");
        Path fresh = target.resolveSibling(".diffsvc-" + Long.toHexString(System.nanoTime()) + ".part." + ending);
        fresh.toFile().deleteOnExit();
        boolean whole = false;
        try (WavReader result = WavReader.open(joined)) {
            List<Join> joins = Join.audit(joiner, result);
            WaveWriter.write(fresh, result, depth, scale);
            requireWhole(fresh, result.samples(), target);
            timer.ended(new Progress.Stage(
                    "output",
                    ending + ", " + depth.text() + (depth == Depth.FLOAT ? "" : " bits"),
                    "[" + result.samples() + "]",
                    (System.nanoTime() - began) / 1e9));
            whole = true;
            return new Written(fresh, scale, level.beyond, joins, result.samples());
        } finally {
            if (!whole) {
                fresh.toFile().delete();
            }
        }
    }

    /** What was promised can be read back. */
    private static void requireWhole(Path fresh, int samples, Path target) throws IOException {
        try (Recording back = AudioFile.open(fresh)) {
            if (back.samples() != samples) {
                throw Problem.in(
                        "output",
                        target,
                        samples + " samples",
                        String.valueOf(back.samples()),
                        "check the disk, and try again");
            }
        }
    }

    /** Keeps the song up to where it was stopped, unless it is too long to hold. */
    private void keepPart(SliceJoiner joiner, Path joined, Level level) throws IOException {
        if (level.samples == 0) {
            kept.accept(new PartialResult("song", 0, joiner.slices().size(), Map.of(), null));
            return;
        }
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
