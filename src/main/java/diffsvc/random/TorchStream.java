package diffsvc.random;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * The stream of torch's CPU generator after {@code manual_seed}. The engine has one generator for the process, so a
 * stream remembers the draws before its position and repeats them where the generator has left that position meanwhile;
 * repeating costs far less than the networks between two draws.
 */
final class TorchStream implements RandomSource {
    /** Where a stream stands: the draw that came last, and those before it; the root has no draw. */
    private record Position(Position before, Shape shape, boolean normal) {}

    /** The position of the engine's generator; another one where somebody else has drawn or seeded since. */
    private static Position engine;

    private final long seed;
    private Position at;

    TorchStream(long seed) {
        this(seed, new Position(null, null, false));
    }

    private TorchStream(long seed, Position at) {
        this.seed = seed;
        this.at = at;
    }

    /** The generator was seeded for another purpose: the next draw of a stream goes back to its own position first. */
    static void left() {
        synchronized (KeyedRandom.GENERATOR) {
            engine = null;
        }
    }

    @Override
    public NDArray normal(NDManager manager, String purpose, long index, Shape shape) {
        return draw(manager, shape, true);
    }

    @Override
    public NDArray uniform(NDManager manager, String purpose, long index, Shape shape) {
        return draw(manager, shape, false);
    }

    private NDArray draw(NDManager manager, Shape shape, boolean normal) {
        synchronized (KeyedRandom.GENERATOR) {
            if (engine != at) {
                seek(manager);
            }
            NDArray drawn = drawn(manager, shape, normal);
            at = new Position(at, shape, normal);
            engine = at;
            return drawn;
        }
    }

    private void seek(NDManager manager) {
        Deque<Position> before = new ArrayDeque<>();
        for (Position p = at; p.before != null; p = p.before) {
            before.push(p);
        }
        Engine.getInstance().setRandomSeed(KeyedRandom.fold(seed));
        for (Position p : before) {
            drawn(manager, p.shape, p.normal).close();
        }
    }

    private static NDArray drawn(NDManager manager, Shape shape, boolean normal) {
        return normal ? CpuGenerator.normal(manager, shape) : CpuGenerator.uniform(manager, shape);
    }

    @Override
    public long seed() {
        return seed;
    }

    @Override
    public boolean inPythonOrder() {
        return true;
    }

    @Override
    public RandomSource fork() {
        return new TorchStream(seed, at);
    }
}
