package diffsvc.evaluate;

import diffsvc.audio.Recording;
import diffsvc.audio.Slicer;
import diffsvc.audio.Wave;
import diffsvc.check.Finite;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a song into phrases for figures over time. What lies between two silences is a phrase: 0.2 s, all of it
 * {@value #SILENCE_DB} dB below the recording's peak. One longer than {@value #LONGEST_SECONDS} s is cut where it is
 * weakest, into parts of at least {@value #SHORTEST_SECONDS} s. Silence belongs to no phrase, and a sound between two
 * silences may be shorter than that at the recording's ends.
 */
public final class Phrases {
    /** Bounds of a phrase, seconds. */
    public static final double SHORTEST_SECONDS = 1.5, LONGEST_SECONDS = 10;

    private static final double SILENCE_DB = 35, SILENCE_MS = 200, CUT_MS = 20, KEPT_MS = 100, SCRAP_SECONDS = 0.1;

    private Phrases() {}

    /** The phrases of a sound in their order; none for a silent one or one with samples that are no numbers. */
    public static List<Phrase> of(Sound sound) {
        Wave wave = sound.wave();
        List<Phrase> phrases = new ArrayList<>();
        if (wave.isSilent() || !Finite.all(sound.samples())) {
            return phrases;
        }
        int rateHz = wave.sampleRateHz();
        Slicer slicer = new Slicer(
                20 * Math.log10(wave.peak()) - SILENCE_DB, 1000 * SHORTEST_SECONDS, SILENCE_MS, CUT_MS, KEPT_MS);
        Recording recording = Recording.of(wave);
        for (Slicer.Slice slice : slicer.slice(recording)) {
            Slicer.Slice rest = slice;
            while (!slice.silent() && rest.samples() > LONGEST_SECONDS * rateHz) {
                // leaves at least the shortest phrase behind the cut
                double most = Math.min(LONGEST_SECONDS * rateHz, rest.samples() - SHORTEST_SECONDS * rateHz);
                Slicer.Slice first = slicer.bound(recording, rest, (int) most).get(0);
                phrases.add(phrase(first, rateHz));
                rest = new Slicer.Slice(first.end(), rest.end(), false);
            }
            if (!slice.silent() && rest.samples() > SCRAP_SECONDS * rateHz) {
                phrases.add(phrase(rest, rateHz));
            }
        }
        return phrases;
    }

    private static Phrase phrase(Slicer.Slice slice, int rateHz) {
        return new Phrase(slice.start() / (double) rateHz, slice.end() / (double) rateHz);
    }
}
