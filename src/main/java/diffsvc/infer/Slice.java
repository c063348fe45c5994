package diffsvc.infer;

import diffsvc.audio.Recording;
import diffsvc.audio.Slicer;
import diffsvc.hparams.Hparams;
import java.util.ArrayList;
import java.util.List;

/**
 * A stretch of a song that is converted at once, in samples of the song: its result covers {@code start} to
 * {@code end}; the networks receive {@code from} to {@code to}, which reaches further where a phrase had to be cut.
 *
 * @param silent nothing sounds in it: it becomes digital silence
 * @param cut its beginning is a forced cut inside a phrase
 */
public record Slice(int start, int end, int from, int to, boolean silent, boolean cut) {
    private static final double CONTEXT_SECONDS = 0.5;

    /**
     * Cuts a song into slices that follow each other from 0 to N: at silences, and where a phrase is too long.
     *
     * @param song is read in parts
     * @param slicer finds silence
     * @param most longest slice with its context, samples
     * @param context beyond a forced cut on either side, samples
     */
    public static List<Slice> of(Recording song, Slicer slicer, int most, int context) {
        List<Slice> slices = new ArrayList<>();
        for (Slicer.Slice sound : slicer.slice(song)) {
            if (sound.silent() || sound.samples() <= most) {
                slices.add(new Slice(sound.start(), sound.end(), sound.start(), sound.end(), sound.silent(), false));
                continue;
            }
            int reach = Math.min(context, most / 4);
            for (Slicer.Slice s : slicer.bound(song, sound, most - 2 * reach)) {
                boolean first = s.start() == sound.start(), last = s.end() == sound.end();
                slices.add(new Slice(
                        s.start(),
                        s.end(),
                        first ? s.start() : Math.max(sound.start(), s.start() - reach),
                        last ? s.end() : Math.min(sound.end(), s.end() + reach),
                        false,
                        !first));
            }
        }
        return slices;
    }

    /**
     * Cuts a song as a voice's settings ask for, with half a second of context beyond a forced cut.
     *
     * @param infer slice_db is used
     * @param mostSeconds longest slice with its context
     */
    static List<Slice> of(Recording song, Hparams.Infer infer, double mostSeconds) {
        return of(song, Slicer.standard().at(infer.sliceDb()), (int) (mostSeconds * song.sampleRateHz()), (int)
                (CONTEXT_SECONDS * song.sampleRateHz()));
    }

    /** Samples of the song that the result covers, without context. */
    public int samples() {
        return end - start;
    }

    /** Samples that the networks receive, context included. */
    public int reach() {
        return to - from;
    }
}
