package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.platform.EngineLock;
import diffsvc.plot.HtmlParts;
import diffsvc.plot.MapOrder;
import diffsvc.plot.TextTable;
import diffsvc.tensor.Summary;
import java.util.Map;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import tech.tablesaw.api.Table;

/**
 * The notebook's page, while a cell runs. In JShell and in programs there is none, and the kernel's classes are not on
 * the class path.
 */
public final class Display {
    private Display() {}

    /** Whether there is a page; false in JShell and in programs. */
    public static boolean isThere() {
        try {
            return BaseKernel.notebookKernel() != null;
        } catch (NoClassDefFoundError
                | NullPointerException e) { // the second where its classes are there and none runs
            return false;
        }
    }

    /**
     * Shows values, one below the other, in the middle of a cell; without a page prints their text.
     *
     * @param things of any type; a map of waves becomes {@link #show(Map) players} side by side
     */
    public static void show(Object... things) {
        for (Object thing : things == null ? new Object[] {null} : things) {
            if (isThere()) {
                BaseKernel kernel = BaseKernel.notebookKernel();
                kernel.display(kernel.getRenderer().render(thing));
            } else {
                System.out.println(text(thing));
            }
        }
    }

    /** Shows players side by side in one table, each with its name above: for listening to A and B in turns. */
    public static void show(Map<String, Wave> waves) {
        show(new Object[] {new Players(waves)});
    }

    /**
     * Waves by name, displayed as players side by side.
     *
     * @param waves in the order of {@link MapOrder}
     */
    public record Players(Map<String, Wave> waves) {
        public Players {
            waves = MapOrder.of(waves);
        }

        @Override
        public String toString() {
            StringBuilder lines = new StringBuilder();
            waves.forEach((name, wave) -> lines.append(name)
                    .append("  ")
                    .append(HtmlParts.caption(wave))
                    .append('\n'));
            return lines.toString().stripTrailing();
        }
    }

    /**
     * A value in words: a tensor or a Java array in one line; a record, map or list of tensors in a line for each part;
     * a record of many settings in a line for each, unless it has words of its own; a table with all its rows.
     *
     * @param thing anything
     */
    public static String text(Object thing) {
        if (thing instanceof NDArray array) {
            return Summary.of(array).toString();
        }
        if (thing != null && thing.getClass().isArray()) {
            return Html.shortened(thing);
        }
        if (thing instanceof Table table) {
            return TextTable.of(table);
        }
        if (thing instanceof Record values) {
            return Html.hold(Html.components(values))
                    ? Html.text(Html.components(values))
                    : Html.isLong(values) ? Html.settingsText(values) : values.toString();
        }
        Map<String, Object> entries = Html.entries(thing);
        return Html.hold(entries) ? Html.text(entries) : String.valueOf(thing);
    }

    /** Shows something under a name, or replaces what the name showed before. */
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
