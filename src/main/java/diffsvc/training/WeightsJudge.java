package diffsvc.training;

/**
 * Says how good the weights of a run are, by converting songs for instance. {@link diffsvc.training} does not know how.
 */
@FunctionalInterface
public interface WeightsJudge {
    /**
     * The score of the weights that a voice would have now.
     *
     * @param run between two updates; it stays as it is
     * @return the higher the better
     */
    double score(TrainingRun run);
}
