package diffsvc.evaluate.signal;

import diffsvc.audio.Wave;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Finds clicks: single kinks in a smooth curve, as a bad join makes them. The measure is the second difference |x[n +
 * 1] - 2 x[n] + x[n - 1]|, which a loud low tone leaves small where a first difference would be large. A sample is
 * compared with the fifth largest value in the {@value #AROUND_SECONDS} s before and in those behind it, the larger of
 * the two, without the {@value #EVENT_SECONDS} s around it, and at least {@value #LEAST_AROUND}. It is a click where
 * the second difference is at least {@value #AUDIBLE} and {@value #TIMES} times that. Noise, the onset of a consonant
 * and the pulses of a voice have many large values on one side at least; a click has none, and the four values that are
 * passed over leave room for one or two more clicks close by. The release of a plosive close to the microphone and the
 * noises of a mouth may be as lonely as a click, so compare with the song.
 */
public final class Clicks {
    private static final double AROUND_SECONDS = 0.025,
            EVENT_SECONDS = 0.001,
            AUDIBLE = 1e-3,
            LEAST_AROUND = 1e-4,
            TIMES = 5;
    private static final int PASSED_OVER = 4;

    /**
     * A click.
     *
     * @param seconds where it is
     * @param jump second difference, share of full scale
     * @param db above its surroundings
     */
    public record Click(double seconds, double jump, double db) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "click at %.3f s, %.1f dB above its surroundings", seconds, db);
        }
    }

    private final float[] second;
    private final int rateHz, event, around;

    private Clicks(float[] x, int rateHz) {
        this.rateHz = rateHz;
        event = Math.max(1, (int) Math.round(EVENT_SECONDS * rateHz));
        around = (int) Math.round(AROUND_SECONDS * rateHz);
        second = new float[x.length];
        for (int i = 1; i + 1 < x.length; i++) {
            second[i] = Math.abs(x[i + 1] - 2 * x[i] + x[i - 1]);
        }
    }

    /** Listens to the mean of the channels. */
    public static Clicks in(Wave wave) {
        return new Clicks(wave.mean(), wave.sampleRateHz());
    }

    /** All clicks in their order; a few kinks within {@value #EVENT_SECONDS} s are one. */
    public List<Click> all() {
        List<Click> all = new ArrayList<>();
        for (int i = 0; i < second.length; i++) {
            if (second[i] >= AUDIBLE && isPeak(i) && exceeds(i, TIMES)) {
                all.add(new Click(i / (double) rateHz, second[i], db(i)));
            }
        }
        return all;
    }

    /**
     * How far the strongest kink of the recording stands above its surroundings, dB; a click where it is at least 14
     * dB. NaN where no second difference is {@value #AUDIBLE}.
     */
    public double strongest() {
        double strongest = Double.NaN, times = 0;
        for (int i = 0; i < second.length; i++) {
            if (second[i] >= AUDIBLE && isPeak(i) && exceeds(i, times)) {
                strongest = db(i);
                times = second[i] / surroundings(i);
            }
        }
        return strongest;
    }

    /**
     * The kinks at given places: the largest second difference within {@value #EVENT_SECONDS} s of each, and how far it
     * stands above its surroundings, below 0 where it is lower than these. A place outside the recording is left out.
     *
     * @param seconds places, those of a manifest's joins for instance
     */
    public List<Click> at(double... seconds) {
        List<Click> found = new ArrayList<>();
        for (double s : seconds) {
            long place = Math.round(s * rateHz);
            if (s >= 0 && place < second.length) { // NaN is nowhere
                int largest = (int) place;
                for (int i = (int) Math.max(0, place - event); i <= Math.min(second.length - 1, place + event); i++) {
                    largest = second[i] > second[largest] ? i : largest;
                }
                found.add(new Click(s, second[largest], db(largest)));
            }
        }
        return found;
    }

    /** The largest within an event's length on either side; the first of equal ones. */
    private boolean isPeak(int i) {
        for (int k = Math.max(0, i - event); k < i; k++) {
            if (second[k] >= second[i]) {
                return false;
            }
        }
        for (int k = i + 1; k <= Math.min(second.length - 1, i + event); k++) {
            if (second[k] > second[i]) {
                return false;
            }
        }
        return true;
    }

    /**
     * Whether it is at least {@code times} its surroundings, by counting the neighbours that are above its fraction:
     * most samples have enough of them close by, so that nothing is sorted.
     */
    private boolean exceeds(int i, double times) {
        if (times == 0) {
            return true;
        }
        double limit = second[i] / times;
        return limit >= LEAST_AROUND
                && few(limit, i - event - around, i - event)
                && few(limit, i + event + 1, i + event + 1 + around);
    }

    private boolean few(double limit, int from, int to) {
        int above = 0;
        for (int k = Math.min(second.length, to) - 1; k >= Math.max(0, from); k--) {
            if (second[k] > limit && ++above > PASSED_OVER) {
                return false;
            }
        }
        return true;
    }

    private double db(int i) {
        return 20 * Math.log10(Math.max(second[i], Float.MIN_NORMAL) / surroundings(i));
    }

    private double surroundings(int i) {
        return Math.max(
                LEAST_AROUND,
                Math.max(fifth(i - event - around, i - event), fifth(i + event + 1, i + event + 1 + around)));
    }

    /** The fifth largest value of a stretch; 0 where it has fewer. */
    private double fifth(int from, int to) {
        int first = Math.max(0, from), last = Math.min(second.length, to);
        if (last - first <= PASSED_OVER) {
            return 0;
        }
        float[] sorted = Arrays.copyOfRange(second, first, last);
        Arrays.sort(sorted);
        return sorted[sorted.length - 1 - PASSED_OVER];
    }

    /** "2 clicks, the strongest kink 31.0 dB above its surroundings". */
    @Override
    public String toString() {
        int n = all().size();
        return String.format(
                Locale.ROOT,
                "%d %s, the strongest kink %.1f dB above its surroundings",
                n,
                n == 1 ? "click" : "clicks",
                strongest());
    }
}
