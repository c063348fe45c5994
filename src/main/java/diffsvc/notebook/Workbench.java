package diffsvc.notebook;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.platform.ComputeDevice;
import diffsvc.plot.Plots;
import diffsvc.voice.PartialResult;
import diffsvc.voice.Voice;
import java.util.function.UnaryOperator;
import tech.tablesaw.api.Table;

/**
 * What a notebook opens first: a voice, the plots that know its mel scale and clock, and the arrays that cells still
 * refer to.
 *
 * <pre>{@code
 * var bench = Workbench.open("demo");
 * var voice = bench.voice();
 * var plots = bench.plots();
 * }</pre>
 *
 * <p>Nothing needs {@code close()}: an array lives as long as a cell refers to it.
 */
public final class Workbench implements AutoCloseable {
    private final Voice voice;
    private final Plots plots;

    private Workbench(Voice voice) {
        this.voice = voice;
        plots = Plots.of(voice.hparams().audio());
    }

    /**
     * Opens a voice with its own settings.
     *
     * @param project folder under models/
     */
    public static Workbench open(String project) {
        return new Workbench(Voice.open(project));
    }

    /**
     * Opens a voice with edited settings.
     *
     * <pre>{@code Workbench.open("demo", h -> h.infer(i -> i.steps(20)))}</pre>
     *
     * @param project folder under models/
     * @param edit of the project's settings
     */
    public static Workbench open(String project, UnaryOperator<Hparams> edit) {
        return new Workbench(Voice.open(project, edit));
    }

    /**
     * The same on a device; without one, it is {@link ComputeDevice#auto}.
     *
     * <pre>{@code Workbench.open("demo", h -> h, ComputeDevice.named("cuda:0"))}</pre>
     */
    public static Workbench open(String project, UnaryOperator<Hparams> edit, ComputeDevice device) {
        return new Workbench(Voice.open(project, edit, device));
    }

    /** The open voice. */
    public Voice voice() {
        return voice;
    }

    /** Plots on the voice's clock and mel scale. */
    public Plots plots() {
        return plots;
    }

    /**
     * Reads a recording of any kind, and prints what a person should know of the file: sound that was left out, a
     * header without a length.
     *
     * @param file path; a relative one starts at the project's folder
     */
    public Wave read(String file) {
        return AudioFile.read(voice.paths().resolve(file), note -> System.out.println("note       " + note));
    }

    /**
     * What the call that was stopped last had made until then.
     *
     * @throws Problem when no call was stopped since the voice was opened or {@link #clear} was called
     */
    public PartialResult last() {
        return voice.values().last();
    }

    /**
     * The arrays that cells still refer to, the largest first.
     *
     * @return columns value, shape, type, bytes
     */
    public Table held() {
        return voice.values().held();
    }

    /** Frees every array at once, referred to or not, and forgets {@link #last}; the voice stays open. */
    public void clear() {
        voice.values().clear();
    }

    @Override
    public String toString() {
        return "Workbench with " + voice;
    }

    /** Closes the voice. */
    @Override
    public void close() {
        voice.close();
    }
}
