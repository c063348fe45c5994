package diffsvc.infer;

import diffsvc.audio.Recording;
import diffsvc.audio.Slicer;
import java.util.ArrayList;
import java.util.List;

/**
 * A stretch of a song that is sung at once, in samples of the song: it answers for {@code start} to {@code end} and is
 * heard from {@code from} to {@code to}, which reaches further where a phrase had to be cut.
 *
 * @param silent nothing sounds in it: it becomes digital silence
 * @param cut its beginning is a forced cut inside a phrase
 */
public record Slice(int start, int end, int from, int to, boolean silent, boolean cut) {
    /**
     * Parts that follow each other from 0 to N.
     *
     * @param sound a recording that is read part by part
     * @param slicer says where silence is
     * @param most longest that may be heard at once, samples
     * @param context heard beyond a forced cut on either side, samples
     * @return in order
     */
    public static List<Slice> of(Recording sound, Slicer slicer, int most, int context) {
        List<Slice> parts = new ArrayList<>();
        for (Slicer.Slice slice : slicer.slice(sound)) {
            if (slice.silent() || slice.samples() <= most) {
                parts.add(new Slice(slice.start(), slice.end(), slice.start(), slice.end(), slice.silent(), false));
                continue;
            }
            int reach = Math.min(context, most / 4);
            for (Slicer.Slice s : slicer.bound(sound, slice, most - 2 * reach)) {
                boolean first = s.start() == slice.start(), last = s.end() == slice.end();
                parts.add(new Slice(
                        s.start(),
                        s.end(),
                        first ? s.start() : Math.max(slice.start(), s.start() - reach),
                        last ? s.end() : Math.min(slice.end(), s.end() + reach),
                        false,
                        !first));
            }
        }
        return parts;
    }

    /**
     * Samples of the song that the part covers, without what is heard beyond its cuts.
     *
     * @return n
     */
    public int samples() {
        return end - start;
    }

    /**
     * Samples heard.
     *
     * @return n
     */
    public int heard() {
        return to - from;
    }
}
