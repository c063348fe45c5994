package diffsvc.random;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/** All that is random in a conversion: start noise, posterior noise, the vocoder's phases and noise. */
public interface RandomSource {
    /**
     * Standard normal, float32, for a purpose ("x_T", "posterior", ...) and an index; it belongs to {@code manager}.
     *
     * @param manager owner of what is made
     * @param purpose "x_T", "posterior", ...
     * @param index of the draw, a slice or a step
     * @param shape sizes of the axes
     * @return an array of that shape
     */
    NDArray normal(NDManager manager, String purpose, long index, Shape shape);

    /**
     * Uniform in [0, 1), float32.
     *
     * @param manager owner of what is made
     * @param purpose "x_T", "posterior", ...
     * @param index of the draw, a slice or a step
     * @param shape sizes of the axes
     * @return an array of that shape
     */
    NDArray uniform(NDManager manager, String purpose, long index, Shape shape);

    /**
     * For generators of our own, which Python has no counterpart of.
     *
     * @return a number
     */
    long seed();

    /**
     * Whether every draw moves the next: then those that Python makes and does not use must be made too.
     *
     * @return false where draws do not depend on each other
     */
    boolean inPythonOrder();

    /**
     * Each draw by its seed, purpose and index alone, whatever was drawn before ({@link KeyedRandom}).
     *
     * @param seed of the conversion
     * @return draws that do not depend on each other
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
     * One stream, as after {@code torch.manual_seed(seed)}: the draws of the Python project if they are asked for in
     * its order. The engine has one generator for the process, so nothing else may draw until the conversion ends.
     *
     * @param seed of the conversion
     * @return that stream
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
