package diffsvc.notebook;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.evaluate.Evaluation;
import diffsvc.evaluate.JudgeKind;
import diffsvc.evaluate.Panel;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.evaluate.Target;
import diffsvc.hparams.Hparams;
import diffsvc.inside.Explorer;
import diffsvc.platform.ComputeDevice;
import diffsvc.plot.MapOrder;
import diffsvc.plot.Plots;
import diffsvc.progress.Progress;
import diffsvc.voice.Conversion;
import diffsvc.voice.PartialResult;
import diffsvc.voice.Voice;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    private Panel panel;

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
     * Judges conversions beside their songs and the copy synthesis of these; the voice's recordings in
     * models/NAME/target are the target. The judges open at the first call and stay open.
     *
     * <pre>{@code
     * var e = bench.evaluate(c);
     * e.picture("output 1");
     * show(e.players("output 1"));
     * }</pre>
     *
     * @param conversions named output 1, output 2, ... in the result
     */
    public Evaluation evaluate(Conversion... conversions) {
        Map<String, Conversion> named = new LinkedHashMap<>();
        for (Conversion c : conversions) {
            named.put("output " + (named.size() + 1), c);
        }
        return evaluate(named);
    }

    /** The same with names. */
    public Evaluation evaluate(Map<String, Conversion> conversions) {
        return evaluate(conversions, Progress.NONE);
    }

    /**
     * The same with a bar.
     *
     * @param progress {@code at("judging", ...)} after each sound
     */
    public Evaluation evaluate(Map<String, Conversion> conversions, Progress progress) {
        if (panel == null) {
            panel = Panel.open(voice.paths(), JudgeKind.ofLanguage("en"));
        }
        Target target = voice.hparams().project().isEmpty()
                ? null
                : Target.of(voice.paths(), voice.hparams().project()).orElse(null);
        Map<Wave, Sound> songs = new LinkedHashMap<>(), copies = new LinkedHashMap<>();
        List<Evaluation.Candidate> candidates = new ArrayList<>();
        MapOrder.of(conversions).forEach((name, c) -> {
            Sound song = songs.computeIfAbsent(c.song(), w -> Sound.of("song " + (songs.size() + 1), w));
            Sound copy = copies.computeIfAbsent(
                    c.song(),
                    w -> Sound.of("copy of " + song.name(), c.copySynthesis().wave()));
            candidates.add(new Evaluation.Candidate(
                    Subject.of(Sound.of(name, c.wave())).against(song, c.key()).towards(target), copy));
        });
        return Evaluation.of(panel, candidates, progress);
    }

    /**
     * The sampling of one or two conversions as a page to move through, in a notebook and as a file.
     *
     * <pre>{@code bench.explore(c, c.patch("wavenet.block3.skip", x -> x.mul(0))).save("explore.html")}</pre>
     *
     * @param conversions one or two, of up to 20 s each
     */
    public static Explorer explore(Conversion... conversions) {
        return Explorer.of(conversions);
    }

    /** The same with names. */
    public static Explorer explore(Map<String, Conversion> conversions) {
        return Explorer.of(MapOrder.of(conversions));
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

    /** Closes the judges and the voice. */
    @Override
    public void close() {
        if (panel != null) {
            panel.close();
        }
        voice.close();
    }
}
