package diffsvc.evaluate.pitch;

import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import java.util.Locale;

/**
 * How well an F0 track follows a reference, by the definitions of melody extraction (Poliner et al., "Melody
 * Transcription from Music Audio", IEEE TASLP 2007; Salamon et al., "Melody Extraction from Polyphonic Music Signals",
 * IEEE SPM 2014) and the usual errors of speech synthesis. A figure without frames to count is NaN.
 *
 * <p>Raw accuracies ignore the voicing of the estimate but need its F0: a frame without one is a miss.
 *
 * @param rpa raw pitch accuracy: share of the frames voiced in the reference whose F0 is within 50 cents
 * @param rca raw chroma accuracy: the same with octaves ignored
 * @param voicingRecall share of the frames voiced in the reference that are voiced in the estimate
 * @param voicingFalseAlarm share of the frames unvoiced in the reference that are voiced in the estimate
 * @param correlation Pearson's, of log2 F0, over the frames voiced in both; NaN where one of them is constant
 * @param rmseHz root mean square error over the frames voiced in both, Hz
 * @param rmseCents the same in cents, 1200 per octave
 * @param octaveErrors share of the frames voiced in both that lie nearer to another octave than to the reference's
 */
public record F0Accuracy(
        double rpa,
        double rca,
        double voicingRecall,
        double voicingFalseAlarm,
        double correlation,
        double rmseHz,
        double rmseCents,
        double octaveErrors) {
    private static final double NEAR_CENTS = 50, OCTAVE_CENTS = 1200;

    /** Compares over the frames that both have. */
    public static F0Accuracy of(F0Track reference, F0Track estimate) {
        return of(reference, estimate, 0);
    }

    /**
     * Compares with a reference in another key.
     *
     * @param key semitones by which the estimate should lie above the reference
     */
    public static F0Accuracy of(F0Track reference, F0Track estimate, double key) {
        int frames = Math.min(reference.frames(), estimate.frames());
        double factor = Math.pow(2, key / 12);
        int voiced = 0, unvoiced = 0, near = 0, chroma = 0, recalled = 0, alarms = 0, both = 0, octaves = 0;
        double hz2 = 0, cents2 = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
        for (int t = 0; t < frames; t++) {
            boolean saysVoiced = estimate.voiced()[t];
            if (!reference.voiced()[t]) {
                unvoiced++;
                alarms += saysVoiced ? 1 : 0;
                continue;
            }
            voiced++;
            recalled += saysVoiced ? 1 : 0;
            double wanted = reference.f0Hz()[t] * factor, found = estimate.f0Hz()[t];
            if (!(wanted > 0 && found > 0)) {
                continue;
            }
            double cents = 100 * VocalRange.semitones(found, wanted),
                    octave = OCTAVE_CENTS * Math.rint(cents / OCTAVE_CENTS);
            near += Math.abs(cents) <= NEAR_CENTS ? 1 : 0;
            chroma += Math.abs(cents - octave) <= NEAR_CENTS ? 1 : 0;
            if (saysVoiced) {
                both++;
                octaves += octave == 0 ? 0 : 1;
                hz2 += (found - wanted) * (found - wanted);
                cents2 += cents * cents;
                double a = Math.log(wanted), b = Math.log(found);
                x += a;
                y += b;
                xx += a * a;
                yy += b * b;
                xy += a * b;
            }
        }
        double spreadX = both * xx - x * x, spreadY = both * yy - y * y, least = 1e-9 * both * both;
        return new F0Accuracy(
                share(near, voiced),
                share(chroma, voiced),
                share(recalled, voiced),
                share(alarms, unvoiced),
                spreadX > least && spreadY > least ? (both * xy - x * y) / Math.sqrt(spreadX * spreadY) : Double.NaN,
                Math.sqrt(hz2 / both),
                Math.sqrt(cents2 / both),
                share(octaves, both));
    }

    private static double share(int some, int all) {
        return all == 0 ? Double.NaN : some / (double) all;
    }

    /** The figures in one line: shares in percent. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "within 50 cents %.1f %% (octaves ignored %.1f %%), voicing recall %.1f %%, false alarm %.1f %%, "
                        + "correlation %.3f, error %.1f Hz, %.0f cents, octave errors %.1f %%",
                100 * rpa,
                100 * rca,
                100 * voicingRecall,
                100 * voicingFalseAlarm,
                correlation,
                rmseHz,
                rmseCents,
                100 * octaveErrors);
    }
}
