package diffsvc.audio;

import java.util.List;

/** Sound that may be longer than memory: its samples are read where they lie, a part at a time. */
public interface Recording extends AutoCloseable {
    /** Lowest sample rate of a file that is read, in Hz: below it there is no room for a voice. */
    int LEAST_RATE_HZ = 2000;
    /** Highest sample rate of a file that is read, in Hz: 16 times 48 kHz. */
    int MOST_RATE_HZ = 768_000;
    /** Channels that a file may have. */
    int MOST_CHANNELS = 64;
    /** Longest file that is read, in seconds: at 48 kHz its samples can still be counted by an int. */
    int MOST_SECONDS = 12 * 3600;
    /**
     * Largest sample of a file that is read, 40 dB above full scale: what lies beyond is no sound but integers, or
     * damage.
     */
    float MOST_SAMPLE = 100;

    /** Samples per channel, N. */
    int samples();

    /** Channels of the file, 1 or more. */
    int channels();

    /** Samples per second, Hz. */
    int sampleRateHz();

    /**
     * Samples {@code from} up to, not including, {@code to} of every channel.
     *
     * @throws diffsvc.check.Problem when they cannot be read, or one is no finite number
     */
    Wave read(int from, int to);

    /** The length in seconds. */
    default double seconds() {
        return samples() / (double) sampleRateHz();
    }

    /** Reads the whole recording into memory. */
    default Wave whole() {
        return read(0, samples());
    }

    /** Remarks on the file, one sentence each: a header without a length, sound that is left out; usually none. */
    default List<String> notes() {
        return List.of();
    }

    /** A recording over a wave that is in memory already. */
    static Recording of(Wave wave) {
        return new Recording() {
            @Override
            public int samples() {
                return wave.samples();
            }

            @Override
            public int channels() {
                return wave.channels().length;
            }

            @Override
            public int sampleRateHz() {
                return wave.sampleRateHz();
            }

            @Override
            public Wave read(int from, int to) {
                return wave.samples(from, to);
            }

            @Override
            public void close() {}
        };
    }

    @Override
    void close();
}
