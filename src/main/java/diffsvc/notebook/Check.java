package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import diffsvc.check.Problem;
import java.util.Arrays;

/** Verifies in the last cell of a notebook: prints what holds, and throws where something does not. */
public final class Check {
    private Check() {}

    /**
     * Verifies that a tensor has these sizes.
     *
     * @throws Problem where it has others
     */
    public static void shape(String name, NDArray array, long... sizes) {
        that(
                name + " is " + Arrays.toString(sizes),
                Arrays.equals(array.getShape().getShape(), sizes),
                Arrays.toString(array.getShape().getShape()));
    }

    /**
     * Verifies that something holds.
     *
     * @param sentence what should hold, printed after "holds: "
     * @param got the value that was found instead
     * @throws Problem where {@code holds} is false
     */
    public static void that(String sentence, boolean holds, Object got) {
        if (!holds) {
            throw Problem.in("check", sentence, String.valueOf(got), "run the cells above in order");
        }
        System.out.println("holds: " + sentence);
    }
}
