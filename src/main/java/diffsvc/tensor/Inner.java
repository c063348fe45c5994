package diffsvc.tensor;

import ai.djl.ndarray.NDArray;
import java.util.function.BiConsumer;

/**
 * Sees the inner values of a network as it runs, and may put another value in the place of one. A network calls it with
 * the names that it lists as {@link Tap}s. {@link #NONE} asks for nothing, and then a network runs as fast as without.
 */
public interface Inner {
    /** Asks for nothing. */
    Inner NONE = new Inner() {
        @Override
        public boolean asks(String name) {
            return false;
        }

        @Override
        public NDArray at(String name, NDArray value) {
            return value;
        }
    };

    /** Shows every value to somebody, and changes none. */
    static Inner showing(BiConsumer<String, NDArray> to) {
        return new Inner() {
            @Override
            public boolean asks(String name) {
                return true;
            }

            @Override
            public NDArray at(String name, NDArray value) {
                to.accept(name, value);
                return value;
            }
        };
    }

    /** Whether {@link #at} has a use for a value; one that nobody asks for need not be brought into its shape. */
    boolean asks(String name);

    /**
     * Sees a value.
     *
     * @param name of the tap
     * @param value float32, in the tap's shape; it lives during the call
     * @return the very same array to leave it as it is, or one of the same shape to go on with
     */
    NDArray at(String name, NDArray value);

    /**
     * Hears at which diffusion step the network is evaluated next.
     *
     * @param t 0 to S - 1; may lie between two
     */
    default void evaluating(double t) {}

    /** This, for a part whose names lack a prefix: {@code under("wavenet.")} hears "wavenet.input" for "input". */
    default Inner under(String prefix) {
        if (this == NONE) {
            return NONE;
        }
        Inner outer = this;
        return new Inner() {
            @Override
            public boolean asks(String name) {
                return outer.asks(prefix + name);
            }

            @Override
            public NDArray at(String name, NDArray value) {
                return outer.at(prefix + name, value);
            }

            @Override
            public void evaluating(double t) {
                outer.evaluating(t);
            }
        };
    }
}
