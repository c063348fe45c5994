package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import diffsvc.check.Problem;
import java.util.Arrays;

/** The last cell of a notebook: says what holds, and stops with a sentence where something does not. */
public final class Check {
    private Check() {}

    /**
     * That a tensor has these sizes.
     *
     * @param name of the tensor
     * @param array the tensor
     * @param sizes of its axes
     */
    public static void shape(String name, NDArray array, long... sizes) {
        that(
                name + " is " + Arrays.toString(sizes),
                Arrays.equals(array.getShape().getShape(), sizes),
                Arrays.toString(array.getShape().getShape()));
    }

    /**
     * That something holds; {@code got} is what came instead.
     *
     * @param sentence what should hold
     * @param holds whether it does
     * @param got what came instead
     */
    public static void that(String sentence, boolean holds, Object got) {
        if (!holds) {
            throw Problem.in("check", sentence, String.valueOf(got), "run the cells above in order");
        }
        System.out.println("holds: " + sentence);
    }
}
