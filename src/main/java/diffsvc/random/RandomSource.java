package diffsvc.random;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/** Where a conversion's random numbers come from: start noise, posterior noise, the vocoder's phases and noise. */
public interface RandomSource {
    /**
     * Standard normal numbers, float32.
     *
     * @param manager owner of the result
     * @param purpose "x_T", "posterior", ...
     * @param index of the draw: a slice or a step
     */
    NDArray normal(NDManager manager, String purpose, long index, Shape shape);

    /**
     * Uniform numbers in [0, 1), float32.
     *
     * @param manager owner of the result
     * @param purpose "x_T", "posterior", ...
     * @param index of the draw: a slice or a step
     */
    NDArray uniform(NDManager manager, String purpose, long index, Shape shape);

    /** A seed for generators that have no counterpart in the Python project. */
    long seed();

    /** Whether every draw moves the next one; then the draws that Python makes without using them must be made too. */
    boolean inPythonOrder();

    /**
     * A source whose draws depend on seed, purpose and index alone, whatever was drawn before ({@link KeyedRandom}).
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
        };
    }

    /**
     * One stream of numbers, as after {@code torch.manual_seed(seed)}: the draws of the Python project if they are
     * asked for in its order. The engine has one generator for the process, so nothing else may draw until the
     * conversion ends.
     */
    static RandomSource inPythonOrder(long seed) {
        Engine.getInstance().setRandomSeed(KeyedRandom.fold(seed));
        return new RandomSource() {
            @Override
            public NDArray normal(NDManager manager, String purpose, long index, Shape shape) {
                return manager.randomNormal(shape);
            }

            @Override
            public NDArray uniform(NDManager manager, String purpose, long index, Shape shape) {
                return manager.randomUniform(0, 1, shape);
            }

            @Override
            public long seed() {
                return seed;
            }

            @Override
            public boolean inPythonOrder() {
                return true;
            }
        };
    }
}
