package diffsvc.audio;

import diffsvc.check.Problem;
import java.util.Arrays;
import java.util.Locale;

/**
 * Sound with the rate that belongs to it.
 *
 * @param channels one array of samples per channel, all of one length, in [-1, 1] unless the file itself goes beyond
 * @param sampleRateHz samples per second
 */
public record Wave(float[][] channels, int sampleRateHz) {
    private static final float SILENT_PEAK = 1e-4f;

    /**
     * Checks channels and rate.
     *
     * @throws IllegalArgumentException when there is no channel, when the channels differ in length, or for a rate
     *     outside {@link Recording}'s bounds
     */
    public Wave {
        if (channels.length == 0 || sampleRateHz < Recording.LEAST_RATE_HZ || sampleRateHz > Recording.MOST_RATE_HZ) {
            throw new IllegalArgumentException("a wave needs a channel and a rate from " + Recording.LEAST_RATE_HZ
                    + " to "
                    + Recording.MOST_RATE_HZ + " Hz, got " + channels.length + " and " + sampleRateHz);
        }
        for (float[] c : channels) {
            if (c.length != channels[0].length) {
                throw new IllegalArgumentException(
                        "channels of " + channels[0].length + " and " + c.length + " samples in one wave");
            }
        }
    }

    /** A wave of one channel [N]. */
    public static Wave mono(float[] samples, int sampleRateHz) {
        return new Wave(new float[][] {samples}, sampleRateHz);
    }

    /** Samples per channel. */
    public int samples() {
        return channels[0].length;
    }

    /** The length in seconds. */
    public double seconds() {
        return samples() / (double) sampleRateHz;
    }

    /** The first channel [N], as the Python project's 44.1 kHz mel front end takes it. */
    public float[] first() {
        return channels[0];
    }

    /** The mean of the channels [N], as the content encoder takes it. */
    public float[] mean() {
        if (channels.length == 1) {
            return channels[0];
        }
        float[] mean = new float[samples()];
        for (int i = 0; i < mean.length; i++) {
            float sum = 0;
            for (float[] c : channels) {
                sum += c[i];
            }
            mean[i] = sum / channels.length;
        }
        return mean;
    }

    /** The largest magnitude over all channels, 0 to 1 unless the wave clips; 0 for an empty wave. */
    public float peak() {
        float peak = 0;
        for (float[] c : channels) {
            for (float v : c) {
                peak = Math.max(peak, Math.abs(v));
            }
        }
        return peak;
    }

    /** Whether the peak is below -80 dB of full scale, a few steps of 16 bits: then a recording counts as silent. */
    public boolean isSilent() {
        return peak() < SILENT_PEAK;
    }

    /**
     * A part of the wave, all channels. An end beyond the wave's is the wave's end.
     *
     * @param start seconds, 0 to below the wave's length
     * @param end seconds, above start
     * @throws Problem for a start outside the wave or an end that does not follow it
     */
    public Wave slice(double start, double end) {
        if (!(start >= 0 && start < seconds() && end > start)) {
            throw Problem.in(
                    "audio",
                    String.format(Locale.ROOT, "a start from 0 to below %.2f s, and an end after it", seconds()),
                    start + " to " + end + " s",
                    "correct the two");
        }
        return samples(
                (int) Math.round(start * sampleRateHz), (int) Math.min(samples(), Math.round(end * sampleRateHz)));
    }

    /** Samples {@code start} up to, not including, {@code end} of every channel. */
    public Wave samples(int start, int end) {
        return new Wave(
                Arrays.stream(channels)
                        .map(c -> Arrays.copyOfRange(c, start, end))
                        .toArray(float[][]::new),
                sampleRateHz);
    }

    /**
     * The slice as the Python project passes it on: the mean of the channels through a file of 16 bits, multiplied by
     * 32767 when written and divided by 32768 when read.
     */
    public Wave asPythonSlice() {
        float[] mean = mean(), rounded = new float[mean.length];
        for (int i = 0; i < mean.length; i++) {
            rounded[i] = (float) (Math.max(-32768, Math.min(32767, Math.rint(mean[i] * 32767.0))) / 32768);
        }
        return mono(rounded, sampleRateHz);
    }

    /** Every sample times {@code scale}; the wave itself for 1. */
    public Wave times(float scale) {
        if (scale == 1) {
            return this;
        }
        float[][] scaled = new float[channels.length][samples()];
        for (int c = 0; c < scaled.length; c++) {
            for (int i = 0; i < scaled[c].length; i++) {
                scaled[c][i] = channels[c][i] * scale;
            }
        }
        return new Wave(scaled, sampleRateHz);
    }

    @Override
    public String toString() {
        return String.format(
                "Wave[%d x %d samples, %d Hz, %.2f s, peak %.3f]",
                channels.length, samples(), sampleRateHz, seconds(), peak());
    }
}
