package diffsvc.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;

/** Items of different lengths as one batch: zeros follow each item up to the longest. */
public final class Padding {
    private Padding() {}

    /**
     * Joins items to a batch.
     *
     * @param owner of the result and of what is made on the way
     * @param items each [1, ..], alike but for one axis
     * @param axis that differs, 1 or more
     * @return [B, ..], zeros behind the shorter ones
     */
    public static NDArray joined(NDManager owner, List<NDArray> items, int axis) {
        long longest =
                items.stream().mapToLong(a -> a.getShape().get(axis)).max().orElseThrow();
        NDList all = new NDList();
        for (NDArray item : items) {
            long[] missing = item.getShape().getShape().clone();
            missing[axis] = longest - missing[axis];
            all.add(missing[axis] == 0 ? item : item.concat(owner.zeros(new Shape(missing), item.getDataType()), axis));
        }
        NDArray batch = NDArrays.concat(all, 0);
        batch.attach(owner);
        return batch;
    }

    /**
     * One item without its padding, a view into the batch.
     *
     * @param batch [B, .., T]
     * @param index of the item
     * @param length of the item, 1 to T
     * @return [1, .., length]
     */
    public static NDArray item(NDArray batch, int index, long length) {
        return batch.get(index + ":" + (index + 1) + ", ..., :" + length);
    }
}
