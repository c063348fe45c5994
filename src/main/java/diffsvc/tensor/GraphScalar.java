package diffsvc.tensor;

import ai.djl.ndarray.NDArray;

/**
 * A number as an array that lives as long as the array it is multiplied with. The engine's own {@code mul(Number)} and
 * {@code div(Number)} make such an array in a Java buffer and free it at once, while the gradient still points at it:
 * if the garbage collector runs between forward and backward pass, the gradient is multiplied by whatever lies there
 * then. Every path that is trained multiplies by a GraphScalar instead.
 */
public final class GraphScalar {
    private GraphScalar() {}

    /**
     * {@code value} as a scalar of the manager of {@code like}.
     *
     * @param like its manager owns the scalar
     * @return a scalar, float32
     */
    public static NDArray of(NDArray like, double value) {
        return like.getManager().create((float) value);
    }
}
