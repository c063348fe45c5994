package diffsvc.tensor;

import ai.djl.ndarray.NDArray;

/**
 * A number as an array that lives as long as what it is multiplied with. The engine's own {@code mul(Number)} and
 * {@code div(Number)} make such an array in a Java buffer and give it back at once, while the gradient still points at
 * it: when the garbage collector runs between forward and backward pass, the gradient is multiplied with whatever lies
 * there then. On every path that is trained, numbers are multiplied by this.
 */
public final class GraphScalar {
    private GraphScalar() {}

    /**
     * {@code value} as a scalar of the manager of {@code like}.
     *
     * @param like an array of the manager that is to own it
     * @param value the number
     * @return a scalar, float32
     */
    public static NDArray of(NDArray like, double value) {
        return like.getManager().create((float) value);
    }
}
