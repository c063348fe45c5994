package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import diffsvc.platform.EngineLock;
import diffsvc.tensor.Summary;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;

/**
 * The notebook's page, while a cell runs; in JShell and in programs there is none, and its classes are not even on the
 * path.
 */
public final class Display {
    private Display() {}

    /**
     * Whether there is one.
     *
     * @return false in JShell and in programs
     */
    public static boolean isThere() {
        try {
            return BaseKernel.notebookKernel() != null;
        } catch (NoClassDefFoundError e) {
            return false;
        }
    }

    /**
     * Shows something in the middle of a cell; without a page its text.
     *
     * @param thing anything
     */
    public static void show(Object thing) {
        if (isThere()) {
            BaseKernel kernel = BaseKernel.notebookKernel();
            kernel.display(kernel.getRenderer().render(thing));
        } else {
            System.out.println(text(thing));
        }
    }

    /**
     * What a value is, in words: a tensor in a line, a record of tensors a line a part.
     *
     * @param thing anything
     * @return one line or several
     */
    public static String text(Object thing) {
        if (thing instanceof NDArray array) {
            return Summary.of(array).toString();
        }
        if (thing instanceof Record values
                && Html.components(values).values().stream().anyMatch(NDArray.class::isInstance)) {
            return Html.text(Html.components(values));
        }
        return String.valueOf(thing);
    }

    /** Shows something under a name, or puts it in the place of what the name showed before. */
    static void show(Object thing, String name, boolean again) {
        if (EngineLock.pressed()) { // sending on an interrupted thread would break the kernel's channel
            return;
        }
        BaseKernel kernel = BaseKernel.notebookKernel();
        DisplayData data = kernel.getRenderer().render(thing);
        if (again) {
            kernel.getIO().display.updateDisplay(name, data);
        } else {
            data.putTransientData(DisplayData.DISPLAY_ID_KEY, name);
            kernel.display(data);
        }
    }
}
