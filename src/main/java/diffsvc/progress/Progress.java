package diffsvc.progress;

/**
 * Receives the progress of a piece of work: sampling, a song, preprocessing and training all report through this one
 * interface. Every call that takes a {@code Progress} has an overload without it.
 */
@FunctionalInterface
public interface Progress {
    /** Ignores every report. */
    Progress NONE = (stage, done, of) -> {};

    /**
     * A stage that has ended.
     *
     * @param name audio, mel, pitch, content, embedding, diffusion, vocoder, recording, ...
     * @param what the stage made, in words
     * @param shape of the result, {@code [1, 518, 256]}; empty where there is none
     * @param seconds wall time
     */
    record Stage(String name, String what, String shape, double seconds) {}

    /**
     * The current stage has finished {@code done} of {@code of} units: evaluations, recordings, updates.
     *
     * @param done units that are finished
     * @param of units in all
     */
    void at(String stage, long done, long of);

    /** A stage has ended. */
    default void ended(Stage stage) {}

    /**
     * A remark for the user; the work continues.
     *
     * @param text one sentence
     */
    default void note(String text) {}

    /** Reports to this listener first, then to another. */
    default Progress and(Progress other) {
        Progress first = this;
        return new Progress() {
            @Override
            public void at(String stage, long done, long of) {
                first.at(stage, done, of);
                other.at(stage, done, of);
            }

            @Override
            public void ended(Stage stage) {
                first.ended(stage);
                other.ended(stage);
            }

            @Override
            public void note(String text) {
                first.note(text);
                other.note(text);
            }
        };
    }
}
