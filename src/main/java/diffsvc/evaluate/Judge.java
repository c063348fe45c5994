package diffsvc.evaluate;

import diffsvc.check.Problem;
import java.util.List;

/**
 * Something that gives numbers to an output and knows nothing of how it was made. {@link JudgeKind} lists all of them,
 * with what they need and where their weights come from.
 */
public interface Judge extends AutoCloseable {
    /**
     * The figures of one output, in the order of {@link JudgeKind#measures()}. A figure whose {@link Need} the subject
     * lacks is left out; one without anything to count is NaN.
     *
     * @throws Problem when a program or file that the judge works with fails
     */
    List<Figure> judge(Subject subject);

    /** Frees networks and ends processes. */
    @Override
    void close();
}
