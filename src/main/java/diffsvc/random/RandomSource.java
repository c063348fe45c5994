package diffsvc.random;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * All random numbers of a conversion: start noise, posterior noise, the vocoder's phases and noise. They are the same
 * on every device.
 */
public interface RandomSource {
    /**
     * Standard normal numbers, float32.
     *
     * @param manager owner of the array
     * @param purpose "x_T", "posterior", ...
     * @param index of a step or slice
     */
    NDArray normal(NDManager manager, String purpose, long index, Shape shape);

    /**
     * Uniform numbers in [0, 1), float32.
     *
     * @param manager owner of the array
     * @param purpose "x_T", "posterior", ...
     * @param index of a step or slice
     */
    NDArray uniform(NDManager manager, String purpose, long index, Shape shape);

    /** The seed, for generators without a counterpart in Python. */
    long seed();

    /** Whether each draw moves the next one; then draws that Python makes and does not use must be made too. */
    boolean inPythonOrder();

    /**
     * A source at the position of this one: draws from either do not move the other. A conversion keeps one behind each
     * of its random stages, so that a stage that is replaced or repeated draws what it would have drawn.
     */
    RandomSource fork();

    /**
     * Each draw follows from seed, purpose and index alone, whatever was drawn before ({@link KeyedRandom}).
     *
     * @param seed of the conversion
     */
    static RandomSource keyed(long seed) {
        return new RandomSource() {
            @Override
            public NDArray normal(NDManager manager, String purpose, long index, Shape shape) {
                return KeyedRandom.of(manager, seed, purpose, index).normal(shape);
            }

            @Override
            public NDArray uniform(NDManager manager, String purpose, long index, Shape shape) {
                return KeyedRandom.of(manager, seed, purpose, index).uniform(shape);
            }

            @Override
            public long seed() {
                return seed;
            }

            @Override
            public boolean inPythonOrder() {
                return false;
            }

            @Override
            public RandomSource fork() {
                return this;
            }
        };
    }

    /**
     * One stream, as after {@code torch.manual_seed(seed)}: the draws of the Python project if they are asked for in
     * its order.
     *
     * @param seed of the conversion
     */
    static RandomSource inPythonOrder(long seed) {
        return new TorchStream(seed);
    }
}
