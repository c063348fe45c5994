package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Padding;
import java.util.ArrayList;
import java.util.List;

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

    /**
     * The posterior noise of a batch of conversions: each item's source is asked as it is for the item alone. Padding
     * gets 0.
     *
     * @param sources one for each item
     * @param frames T of each item, without padding
     */
    static Draw of(List<RandomSource> sources, long[] frames) {
        return (x, t) -> {
            List<NDArray> items = new ArrayList<>();
            for (int i = 0; i < frames.length; i++) {
                Shape own = new Shape(1, 1, x.getShape().get(2), frames[i]);
                items.add(sources.get(i).normal(x.getManager(), "posterior", t, own));
            }
            return items.size() == 1 ? items.get(0) : Padding.joined(x.getManager(), items, 3);
        };
    }

    /** Noise that depends on the seed and on t alone, so that a step can be repeated. */
    static Draw seeded(long seed) {
        return of(RandomSource.keyed(seed));
    }
}
