package diffsvc.audio;

/** Sound that may be longer than memory: its samples are read where they lie, a part at a time. */
public interface Recording extends AutoCloseable {
    /**
     * Samples a channel, N.
     *
     * @return N
     */
    int samples();

    /**
     * Channels of the file.
     *
     * @return 1 or more
     */
    int channels();

    /**
     * Samples a second.
     *
     * @return Hz
     */
    int sampleRateHz();

    /**
     * Samples {@code from} up to, not including, {@code to} of every channel.
     *
     * @param from first sample
     * @param to behind the last
     * @return to - from samples
     * @throws diffsvc.check.Problem when they cannot be read, or one is no finite number
     */
    Wave read(int from, int to);

    /**
     * Its length.
     *
     * @return seconds
     */
    default double seconds() {
        return samples() / (double) sampleRateHz();
    }

    /**
     * All of it.
     *
     * @return in memory
     */
    default Wave whole() {
        return read(0, samples());
    }

    /**
     * A wave that is in memory already.
     *
     * @param wave in memory
     * @return that reads from it
     */
    static Recording of(Wave wave) {
        return new Recording() {
            @Override public int samples() {
                return wave.samples();
            }

            @Override public int channels() {
                return wave.channels().length;
            }

            @Override public int sampleRateHz() {
                return wave.sampleRateHz();
            }

            @Override public Wave read(int from, int to) {
                return wave.samples(from, to);
            }

            @Override public void close() { }
        };
    }

    @Override void close();
}
