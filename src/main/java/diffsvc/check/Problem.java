package diffsvc.check;

import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * The one error that users see: stage, file, what was needed, what came, and the remedy. It has no stack trace, so a
 * notebook prints one line and the command line one sentence (exit code 2).
 */
public final class Problem extends RuntimeException {
    /** Where it happened. */
    private final String stage;
    /** Whether the user stopped the work. */
    private final boolean stop;

    private Problem(String stage, String sentence, boolean stop) {
        super(stage + ": " + sentence, null, false, false);
        this.stage = stage;
        this.stop = stop;
    }

    /** {@code stage: file: need NEED, got GOT; REMEDY}. */
    public static Problem in(String stage, Path file, String need, String got, String remedy) {
        return new Problem(stage, file + ": need " + need + ", got " + got + "; " + remedy, false);
    }

    /** The same without a file. */
    public static Problem in(String stage, String need, String got, String remedy) {
        return new Problem(stage, "need " + need + ", got " + got + "; " + remedy, false);
    }

    /** The user stopped the work with the stop button or Ctrl-C; {@code soFar} is "after 12 of 200 steps". */
    public static Problem stopped(String stage, String soFar) {
        return new Problem(stage, "stopped " + soFar, true);
    }

    /**
     * The same problem with another sentence behind the stage, for a caller who knows more: which file it was, or what
     * the file calls a key.
     */
    public Problem reworded(UnaryOperator<String> words) {
        return new Problem(stage, words.apply(getMessage().substring(stage.length() + 2)), stop);
    }

    /** Whether the user stopped the work; false for an error. */
    public boolean isStop() {
        return stop;
    }

    /** The stage, as the command line prints it in front of the sentence. */
    public String stage() {
        return stage;
    }
}
