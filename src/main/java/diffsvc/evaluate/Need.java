package diffsvc.evaluate;

/** What a judge needs beside the output. */
public enum Need {
    /** The song that was converted. */
    SOURCE("the song that was converted: --source"),
    /** Recordings of the voice that the output should sound like. */
    TARGET("recordings of the target: --target"),
    /** The words that are sung. */
    LYRICS("the words: --lyrics"),
    /** The melody that should be sung. */
    SCORE("the melody: --score");

    private final String text;

    Need(String text) {
        this.text = text;
    }

    /** What it is, and the option that gives it. */
    public String text() {
        return text;
    }
}
