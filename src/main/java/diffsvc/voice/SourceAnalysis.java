package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import diffsvc.check.Finite;
import diffsvc.check.Problem;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.F0Track;
import diffsvc.conds.PitchExtractor;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.files.Remembered;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.EngineLock;
import diffsvc.platform.WeakManager;
import diffsvc.tensor.Inner;
import diffsvc.tensor.TryOuts;
import java.nio.file.Path;
import java.util.function.UnaryOperator;

/**
 * From a recording to mel, F0, units and conds, with the content encoder and the pitch extractor alone: no trained
 * network is opened.
 *
 * <pre>{@code
 * try (var analysis = SourceAnalysis.open(Path.of("models/demo/hparams.yaml"))) {
 *     Source source = analysis.of(Path.of("raw/music1.wav"));
 *     source.mel();  source.f0();  source.units();  source.conds();
 * }
 * }</pre>
 *
 * <p>Each stage is a call of its own as well, in the order {@link #signal}, {@link #mel}, {@link #f0}, {@link #units},
 * {@link #align}; {@link #of(Wave)} makes exactly these calls. Arrays belong to the analysis' manager.
 */
public final class SourceAnalysis implements AutoCloseable {
    private final Hparams hparams;
    private final ContentEncoder encoder;
    private final Path encoderFile;
    private final PitchExtractor pitchExtractor;
    private final NDManager manager;
    private final Precision precision;
    private final FrontEnd front;
    private final Runnable closing;

    private SourceAnalysis(
            Hparams hparams,
            ContentEncoder encoder,
            Path encoderFile,
            PitchExtractor pitchExtractor,
            NDManager manager,
            Precision precision,
            Runnable closing) {
        this.hparams = hparams;
        this.encoder = encoder;
        this.encoderFile = encoderFile;
        this.pitchExtractor = pitchExtractor;
        this.manager = manager;
        this.precision = precision;
        this.closing = closing;
        front = FrontEnd.of(hparams);
    }

    /**
     * Opens content encoder and pitch extractor of a voice. An array lives as long as something refers to it
     * ({@link WeakManager}).
     *
     * @param config an hparams.yaml, or a config.yaml of the Python project; the encoder is looked for under models/,
     *     or where {@code hubert_path} says
     * @throws Problem when a file is missing, damaged, or has another SHA-256 than the hparams name
     */
    public static SourceAnalysis open(Path config) {
        return open(config, UnaryOperator.identity());
    }

    /** The same under edited settings, {@code h -> Arg2Hparams.apply(h, "pitch.extractor=crepe")} for instance. */
    public static SourceAnalysis open(Path config, UnaryOperator<Hparams> edit) {
        ProjectPaths paths = ProjectPaths.find();
        return open(config, edit, ModelFiles.in(paths.models()), ComputeDevice.auto(), new Remembered(paths.cache()));
    }

    /** The same with the frozen files of another models folder. */
    public static SourceAnalysis open(Path config, UnaryOperator<Hparams> edit, ModelFiles files) {
        return open(config, edit, files, ComputeDevice.auto());
    }

    /** The same on a device; without one, an analysis is on {@link ComputeDevice#auto}. */
    public static SourceAnalysis open(
            Path config, UnaryOperator<Hparams> edit, ModelFiles files, ComputeDevice device) {
        return open(config, edit, files, device, Remembered.NOTHING);
    }

    private static SourceAnalysis open(
            Path config, UnaryOperator<Hparams> edit, ModelFiles files, ComputeDevice device, Remembered kept) {
        Hparams hparams = edit.apply(HparamsYaml.readEither(config));
        Path encoderFile = ModelFiles.encoderBeside(config).orElseGet(() -> files.encoderFile(hparams));
        WeakManager networks = WeakManager.open(device), values = WeakManager.open(device);
        Runnable closing = () -> {
            values.close();
            networks.close();
        };
        try {
            return new SourceAnalysis(
                    hparams,
                    Networks.encoder(networks.manager(), hparams, encoderFile, TryOuts.on(device, kept)),
                    encoderFile,
                    Networks.pitchExtractor(networks.manager(), hparams, files),
                    values.manager(),
                    AutoPrecision.in(kept).of(hparams, device).denoiser(),
                    closing);
        } catch (RuntimeException | Error e) {
            closing.run();
            throw e;
        }
    }

    /**
     * An analysis on networks that are open already; {@link #close} leaves networks and manager open.
     *
     * @param encoderFile where the encoder came from, for errors; null if from no file
     * @param manager owner of the arrays of every result
     * @param precision of the encoder; not auto or mixed
     */
    public static SourceAnalysis on(
            NDManager manager,
            Hparams hparams,
            ContentEncoder encoder,
            Path encoderFile,
            PitchExtractor pitchExtractor,
            Precision precision) {
        return new SourceAnalysis(hparams, encoder, encoderFile, pitchExtractor, manager, precision, () -> {});
    }

    /**
     * Every stage of a recording.
     *
     * @param raw a file that {@link AudioFile} reads
     * @throws Problem when the file cannot be read or is too short
     */
    public Source of(Path raw) {
        return of(AudioFile.read(raw));
    }

    /** Every stage of a recording, any rate and channels. */
    public Source of(Wave song) {
        Wave signal = signal(song);
        NDArray mel = melOfSignal(signal);
        F0Track f0 = f0OfSignal(signal);
        NDArray units = units(song);
        return new Source(song, signal, mel, f0, units, align(units, f0, mel));
    }

    /** One channel at the voice's rate, as the front end takes it: what mel and F0 are made of. */
    public Wave signal(Wave song) {
        return Wave.mono(front.signal(song), hparams.audio().sampleRateHz());
    }

    /** The mel of a recording, [1, T, M], log10. */
    public NDArray mel(Wave song) {
        return melOfSignal(signal(song));
    }

    /**
     * The mel of what {@link #signal} gave, [1, T, M], log10.
     *
     * @throws Problem when the signal is too short for one frame
     */
    public NDArray melOfSignal(Wave signal) {
        try (EngineLock lock = EngineLock.take("mel")) {
            return named("mel", front.of(manager, signal.first()));
        }
    }

    /** F0 and voicing of a recording on its mel's frames. */
    public F0Track f0(Wave song) {
        return f0OfSignal(signal(song));
    }

    /**
     * F0 and voicing of what {@link #signal} gave, on its mel's frames; {@code infer.seed} seeds an extractor that
     * draws numbers.
     */
    public F0Track f0OfSignal(Wave signal) {
        try (EngineLock lock = EngineLock.take("pitch")) {
            return pitchExtractor.f0(
                    signal,
                    hparams.audio().hopSamples(),
                    front.frames(signal.samples()),
                    hparams.infer().seed());
        }
    }

    /**
     * The content of a recording, [1, P, H]: {@link ContentEncoder#unitsPerSecond} units per second.
     *
     * @throws Problem when the recording is too short, or the encoder gives values that are not finite
     */
    public NDArray units(Wave song) {
        return units(song, Inner.NONE);
    }

    NDArray units(Wave song, Inner inner) {
        try (EngineLock lock = EngineLock.take("content")) {
            NDArray units = encoder.units(manager, song, precision, inner);
            if (!Finite.all(units)) {
                String got = Finite.count(units);
                units.close();
                throw Networks.spoilt("content", encoderFile, "units", got);
            }
            return named("units", units);
        }
    }

    /**
     * Units and F0 on the mel's frames.
     *
     * @param units [1, P, H], of this recording or of another
     * @param mel [1, T, M], log10; gives the energy
     * @return units [1, P, H]; mel2ph, f0 (log2 Hz), energy and unvoiced [1, T]
     * @throws Problem when F0 and mel differ in frames
     */
    public Conds align(NDArray units, F0Track f0, NDArray mel) {
        try (EngineLock lock = EngineLock.take("conds")) {
            return new Conds2Tensor(hparams.pitch(), hparams.quirks()).align(manager, units, f0, mel);
        }
    }

    /** The settings in force. */
    public Hparams hparams() {
        return hparams;
    }

    /** The content encoder; the analysis that opened it closes it. */
    public ContentEncoder encoder() {
        return encoder;
    }

    /** The pitch extractor; the analysis that opened it closes it. */
    public PitchExtractor pitchExtractor() {
        return pitchExtractor;
    }

    /** The front end of the voice's vocoder. */
    public FrontEnd frontEnd() {
        return front;
    }

    /** The owner of the arrays of every result. */
    public NDManager manager() {
        return manager;
    }

    private static NDArray named(String name, NDArray array) {
        array.setName(name);
        return array;
    }

    /** Closes the networks and the arrays, if this analysis opened them. */
    @Override
    public void close() {
        closing.run();
    }
}
