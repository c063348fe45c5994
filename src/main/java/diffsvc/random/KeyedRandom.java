package diffsvc.random;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * One random draw that (seed, purpose, index) determine. The engine has one generator for the process and its state
 * cannot be read, so it is seeded for each draw under a lock: what was drawn before does not matter, and a resumed run
 * draws what the uninterrupted one would have.
 */
public final class KeyedRandom {
    /** Held by whoever seeds the engine's one generator or draws from it. */
    static final Object GENERATOR = new Object();

    private final NDManager manager;
    private final long seed;

    private KeyedRandom(NDManager manager, long seed) {
        this.manager = manager;
        this.seed = seed;
    }

    /**
     * The draw for a seed, a purpose and an index; it serves one call of {@link #normal} or {@link #uniform}.
     *
     * @param manager owner of the result
     * @param purpose "x_T", "posterior", ...
     * @param index of the draw: a slice or a step
     */
    public static KeyedRandom of(NDManager manager, long seed, String purpose, long index) {
        return new KeyedRandom(manager, mix(seed, purpose, index));
    }

    /** Standard normal, float32; the same numbers on every device. */
    public NDArray normal(Shape shape) {
        synchronized (GENERATOR) {
            TorchStream.left();
            Engine.getInstance().setRandomSeed((int) (seed ^ seed >>> 32));
            return CpuGenerator.normal(manager, shape);
        }
    }

    /** Uniform in [0, 1), float32; the same numbers on every device. */
    public NDArray uniform(Shape shape) {
        synchronized (GENERATOR) {
            TorchStream.left();
            Engine.getInstance().setRandomSeed((int) (seed ^ seed >>> 32));
            return CpuGenerator.uniform(manager, shape);
        }
    }

    /** The engine's seeds have 32 bits: one that fits stays as it is, as in Python. */
    static int fold(long seed) {
        return seed == (int) seed ? (int) seed : (int) (seed ^ seed >>> 32);
    }

    /**
     * A 64-bit seed for java.util.SplittableRandom and the like, by the same rule (splitmix64 over the three parts).
     *
     * @param purpose "x_T", "posterior", ...
     * @param index of the draw: a slice or a step
     */
    public static long mix(long seed, String purpose, long index) {
        long h = splitMix(seed);
        for (int i = 0; i < purpose.length(); i++) {
            h = splitMix(h ^ purpose.charAt(i));
        }
        return splitMix(h ^ index);
    }

    private static long splitMix(long z) {
        z += 0x9e3779b97f4a7c15L;
        z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }
}
