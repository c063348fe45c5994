package diffsvc.evaluate.content;

import diffsvc.check.Problem;
import diffsvc.evaluate.Sound;
import java.util.Locale;

/** Writes down what is sung or said. Equal samples give equal words. */
public interface Recognizer extends AutoCloseable {
    /** What tables and errors call it. */
    String name();

    /** The language that it writes, whatever it hears. */
    Locale language();

    /**
     * The words of a recording.
     *
     * @throws Problem when the program or model behind it fails; {@link Problem#isStop() stopped} when this thread was
     *     interrupted
     */
    Transcript transcribe(Sound sound);

    /** Ends the program behind it. */
    @Override
    void close();
}
