package diffsvc.check;

import java.nio.file.Path;

/**
 * The one error a person meets: which stage, which file, what was needed, what came, and what to do. It carries no stack frames, so a
 * notebook prints a line and the command line a sentence (exit code 2).
 */
public final class Problem extends RuntimeException {
    private final String stage;

    private Problem(String stage, String sentence) {
        super(stage + ": " + sentence, null, false, false);
        this.stage = stage;
    }

    /** {@code stage: file: need NEED, got GOT; REMEDY}. */
    public static Problem in(String stage, Path file, String need, String got, String remedy) {
        return new Problem(stage, file + ": need " + need + ", got " + got + "; " + remedy);
    }

    /** The same where no file is concerned. */
    public static Problem in(String stage, String need, String got, String remedy) {
        return new Problem(stage, "need " + need + ", got " + got + "; " + remedy);
    }

    /** The stage that speaks, as the command line's lines name it. */
    public String stage() {
        return stage;
    }
}
