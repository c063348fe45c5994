package diffsvc.cli;

import ai.djl.engine.EngineException;
import diffsvc.check.Problem;

/**
 * How a command that failed ends.
 *
 * @param code 2 where the input, an option or the machine does not fit, 1 for a defect of the program
 * @param sentence the message for the user; null where only the stack helps
 */
record Failure(int code, String sentence) {
    private static final String MEMORY =
            "give the process more (a container's limit, --max-memory, DIFFSVC_JVM=-Xmx2g), or a shorter song";

    /** What a throwable means to a person. */
    static Failure of(String stage, Throwable e) {
        if (e instanceof Problem) {
            return new Failure(2, e.getMessage());
        }
        if (e instanceof OutOfMemoryError
                || e instanceof EngineException
                        && String.valueOf(e.getMessage()).matches("(?s).*(can't allocate|not enough) memory.*")) {
            return new Failure(
                    2, stage + ": need more memory than the process may take, got " + first(e) + "; " + MEMORY);
        }
        if (e instanceof StackOverflowError) {
            return new Failure(
                    2,
                    stage
                            + ": need an input that is nested less deeply, got a stack that is full; correct the file that is read");
        }
        if (e instanceof LinkageError) {
            return new Failure(
                    2,
                    stage + ": need native libraries that load, got " + first(e)
                            + "; check that the temporary and the home folder can be written (ulimit -f, free disk space)");
        }
        return new Failure(1, null);
    }

    private static String first(Throwable e) {
        String text = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return text.lines().findFirst().orElse("").replaceAll("\\s+", " ");
    }
}
