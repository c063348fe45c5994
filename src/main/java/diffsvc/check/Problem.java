package diffsvc.check;

import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * The one error a person meets: which stage, which file, what was needed, what came, and what to do. It carries no
 * stack frames, so a notebook prints a line and the command line a sentence (exit code 2).
 */
public final class Problem extends RuntimeException {
    /** Who speaks. */
    private final String stage;
    /** Whether it is the stop button. */
    private final boolean stop;

    private Problem(String stage, String sentence, boolean stop) {
        super(stage + ": " + sentence, null, false, false);
        this.stage = stage;
        this.stop = stop;
    }

    /**
     * {@code stage: file: need NEED, got GOT; REMEDY}.
     *
     * @param stage who speaks
     * @param file that is concerned
     * @param need what was needed
     * @param got what came
     * @param remedy what to do
     * @return the problem, to be thrown
     */
    public static Problem in(String stage, Path file, String need, String got, String remedy) {
        return new Problem(stage, file + ": need " + need + ", got " + got + "; " + remedy, false);
    }

    /**
     * The same where no file is concerned.
     *
     * @param stage who speaks
     * @param need what was needed
     * @param got what came
     * @param remedy what to do
     * @return the problem, to be thrown
     */
    public static Problem in(String stage, String need, String got, String remedy) {
        return new Problem(stage, "need " + need + ", got " + got + "; " + remedy, false);
    }

    /**
     * The stop button, or Ctrl-C, and how far the work had come: "after 12 of 200 steps".
     *
     * @param stage who speaks
     * @param soFar "after 12 of 200 steps"
     * @return the problem, to be thrown
     */
    public static Problem stopped(String stage, String soFar) {
        return new Problem(stage, "stopped " + soFar, true);
    }

    /**
     * The same problem in other words, for a caller who knows more: which file it was, or what the file calls a key.
     *
     * @param words changes the sentence behind the stage
     * @return the problem, to be thrown
     */
    public Problem retold(UnaryOperator<String> words) {
        return new Problem(stage, words.apply(getMessage().substring(stage.length() + 2)), stop);
    }

    /**
     * Whether somebody stopped the work, and nothing is wrong.
     *
     * @return false for an error
     */
    public boolean isStop() {
        return stop;
    }

    /**
     * The stage that speaks, as the command line's lines name it.
     *
     * @return as given
     */
    public String stage() {
        return stage;
    }
}
