package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import diffsvc.random.RandomSource;

/** Where a {@link Stochastic} sampler takes the fresh noise of a step from. */
@FunctionalInterface
public interface Draw {
    /**
     * Standard normal noise for the step that starts at diffusion step t.
     *
     * @param x [B, 1, M, T]
     * @param t diffusion step, 0 to S - 1
     * @return an array of x's shape, in x's manager
     */
    NDArray at(NDArray x, int t);

    /** The posterior noise of a conversion: {@code source} is asked for the purpose "posterior" and the index t. */
    static Draw of(RandomSource source) {
        return (x, t) -> source.normal(x.getManager(), "posterior", t, x.getShape());
    }

    /** Noise that depends on the seed and on t alone, so that a step can be repeated. */
    static Draw seeded(long seed) {
        return of(RandomSource.keyed(seed));
    }
}
