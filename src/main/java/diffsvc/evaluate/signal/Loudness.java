package diffsvc.evaluate.signal;

import diffsvc.audio.Wave;
import java.util.Arrays;
import java.util.Locale;

/**
 * Loudness by ITU-R BS.1770-5 and EBU Tech 3341 and 3342: mean square behind the K-weighting, in blocks of 0.4 s for
 * the integrated loudness and of 3 s for the range, each gated. Channels as files have them: 5 are L, R, C, Ls, Rs, 6
 * have the bass channel before the last two; a surround channel counts 1.41 times, the bass channel not at all, and a
 * mono file is one channel (3 LU less than the same sound in two).
 */
public final class Loudness {
    /** Seconds from value to value of the curves. */
    public static final double HOP_SECONDS = 0.1;

    private static final int MOMENTARY_HOPS = 4, SHORT_TERM_HOPS = 30;
    private static final double OFFSET_LUFS = -0.691,
            ABSOLUTE_GATE_LUFS = -70,
            GATE_LU = -10,
            RANGE_GATE_LU = -20,
            RANGE_LOW = 0.10,
            RANGE_HIGH = 0.95,
            SURROUND = 1.41;

    private final double[] power;

    private Loudness(double[] power) {
        this.power = power;
    }

    /** Measures a wave of any rate; what does not fill the last 0.1 s is left out. */
    public static Loudness of(Wave wave) {
        double[] power = new double[(int) (wave.samples() / (HOP_SECONDS * wave.sampleRateHz()))];
        int channels = wave.channels().length;
        for (int c = 0; c < channels; c++) {
            double weight = channels == 6 && c == 3 ? 0 : channels >= 5 && c >= channels - 2 ? SURROUND : 1;
            addPower(wave.channels()[c], wave.sampleRateHz(), weight, power);
        }
        return new Loudness(power);
    }

    private static void addPower(float[] x, int rateHz, double weight, double[] power) {
        Biquad shelf = Biquad.shelf(rateHz), highPass = Biquad.highPass(rateHz);
        for (int hop = 0, i = 0; hop < power.length; hop++) {
            int from = i, to = (int) Math.min(x.length, Math.round((hop + 1) * HOP_SECONDS * rateHz));
            double sum = 0;
            for (; i < to; i++) {
                double y = highPass.next(shelf.next(x[i]));
                sum += y * y;
            }
            power[hop] += weight * sum / (to - from);
        }
    }

    /**
     * Loudness of the whole, LUFS: the mean over the blocks of 0.4 s, every 0.1 s, above -70 LUFS and not more than 10
     * LU below the mean of these. NaN where no block is: a silent wave, or one below 0.4 s.
     */
    public double integrated() {
        double[] blocks = above(blocks(MOMENTARY_HOPS), power(ABSOLUTE_GATE_LUFS));
        return lufs(mean(above(blocks, mean(blocks) * Math.pow(10, GATE_LU / 10))));
    }

    /**
     * Loudness range, LU: from the 10th to the 95th percentile of the loudness of 3 s, every 0.1 s, above -70 LUFS and
     * not more than 20 LU below the mean of these. NaN for a silent wave or one below 3 s; EBU Tech 3342 asks for a
     * minute of sound.
     */
    public double range() {
        double[] blocks = above(blocks(SHORT_TERM_HOPS), power(ABSOLUTE_GATE_LUFS)),
                kept = above(blocks, mean(blocks) * Math.pow(10, RANGE_GATE_LU / 10));
        if (kept.length == 0) {
            return Double.NaN;
        }
        Arrays.sort(kept);
        return lufs(percentile(kept, RANGE_HIGH)) - lufs(percentile(kept, RANGE_LOW));
    }

    /**
     * The peak of the curve through the samples, dB of full scale, at four times the rate (BS.1770-5, annex 2); never
     * below the largest sample. NaN where every sample is 0.
     */
    public static double truePeak(Wave wave) {
        return TruePeak.dbtp(wave);
    }

    /** Loudness of 3 s [n], LUFS: value i of the 3 s from {@code 0.1 i}; -infinity in digital silence. */
    public double[] shortTerm() {
        return Arrays.stream(blocks(SHORT_TERM_HOPS)).map(Loudness::lufs).toArray();
    }

    /** Loudness of 0.4 s [n], LUFS: value i of the 0.4 s from {@code 0.1 i}; -infinity in digital silence. */
    public double[] momentary() {
        return Arrays.stream(blocks(MOMENTARY_HOPS)).map(Loudness::lufs).toArray();
    }

    private double[] blocks(int hops) {
        double[] blocks = new double[Math.max(0, power.length - hops + 1)];
        for (int i = 0; i < blocks.length; i++) {
            for (int k = 0; k < hops; k++) {
                blocks[i] += power[i + k] / hops;
            }
        }
        return blocks;
    }

    private static double[] above(double[] blocks, double least) {
        return Arrays.stream(blocks).filter(p -> p > least).toArray();
    }

    private static double mean(double[] blocks) {
        return Arrays.stream(blocks).average().orElse(Double.NaN);
    }

    private static double percentile(double[] sorted, double share) {
        return sorted[(int) Math.round((sorted.length - 1) * share)];
    }

    private static double lufs(double power) {
        return OFFSET_LUFS + 10 * Math.log10(power);
    }

    private static double power(double lufs) {
        return Math.pow(10, (lufs - OFFSET_LUFS) / 10);
    }

    /** "-17.2 LUFS, range 4.1 LU". */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.1f LUFS, range %.1f LU", integrated(), range());
    }

    /**
     * A filter of second order in the transposed direct form II. The analogue prototypes below are those that give the
     * tables of BS.1770 at 48 kHz by the bilinear transform; other rates transform the same prototypes, so that the
     * curve stays where it is in Hz.
     */
    static final class Biquad {
        private static final double SHELF_HZ = 1681.974450955533,
                SHELF_DB = 3.999843853973347,
                SHELF_Q = 0.7071752369554196,
                SHELF_BAND = 0.4996667741545416, // the exponent of the gain at the corner
                PASS_HZ = 38.13547087602444,
                PASS_Q = 0.5003270373238773;
        private final double b0, b1, b2, a1, a2;
        private double z1, z2;

        private Biquad(double b0, double b1, double b2, double a1, double a2) {
            this.b0 = b0;
            this.b1 = b1;
            this.b2 = b2;
            this.a1 = a1;
            this.a2 = a2;
        }

        /** The first stage: 4 dB more above the corner, for the head. */
        static Biquad shelf(int rateHz) {
            double k = Math.tan(Math.PI * SHELF_HZ / rateHz), kk = k * k, kq = k / SHELF_Q;
            double high = Math.pow(10, SHELF_DB / 20), band = Math.pow(high, SHELF_BAND), a0 = 1 + kq + kk;
            return new Biquad(
                    (high + band * kq + kk) / a0,
                    2 * (kk - high) / a0,
                    (high - band * kq + kk) / a0,
                    2 * (kk - 1) / a0,
                    (1 - kq + kk) / a0);
        }

        /** The second stage: less of the bass. The standard's numerator is 1, -2, 1. */
        static Biquad highPass(int rateHz) {
            double k = Math.tan(Math.PI * PASS_HZ / rateHz), kk = k * k, kq = k / PASS_Q, a0 = 1 + kq + kk;
            return new Biquad(1, -2, 1, 2 * (kk - 1) / a0, (1 - kq + kk) / a0);
        }

        double next(double x) {
            double y = b0 * x + z1;
            z1 = b1 * x - a1 * y + z2;
            z2 = b2 * x - a2 * y;
            return y;
        }

        /** b0, b1, b2, a1, a2; a0 is 1. */
        double[] coefficients() {
            return new double[] {b0, b1, b2, a1, a2};
        }
    }
}
