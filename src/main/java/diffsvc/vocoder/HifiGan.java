package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Forms;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.hparams.VocoderKind;
import diffsvc.platform.PartListener;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Cost;
import diffsvc.tensor.Inner;
import diffsvc.tensor.Tap;
import diffsvc.tensor.TryOuts;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Supplier;

/**
 * The two neural vocoders: NSF-HiFiGAN at 44.1 kHz (openvpi's for DiffSinger), a HiFi-GAN conditioned on a harmonic
 * source, and the Python project's HiFiGAN at 24 kHz, with or without one. They differ in the reader of their
 * configuration and in the base of the mel's logarithm: NSF-HiFiGAN takes natural logarithms, so its log10 mel is
 * multiplied by 2.30259 first, the very number the reference multiplies by.
 *
 * <p>Conversions run the generator as a script in one precision; whoever looks inside gets it operation by operation
 * ({@link Forms}).
 */
public final class HifiGan implements Vocoder {
    /** What a log10 mel is multiplied by for a network that takes natural logarithms. */
    public static final float LN_10 = 2.30259f;

    private final VocoderKind kind;
    private final VocoderConfig config;
    private final HarmonicSource source;
    private final NDManager manager;
    private final Forms<HifiGanNet, HifiGanScript> forms;
    private final String weights;

    private HifiGan(
            VocoderKind kind,
            VocoderConfig config,
            HarmonicSource source,
            NDManager manager,
            TryOuts tryOuts,
            Supplier<HifiGanNet> load) {
        this.kind = kind;
        this.config = config;
        this.source = source;
        this.manager = manager;
        forms = new Forms<>(load, (net, precision) -> HifiGanScript.of(manager, net, precision, tryOuts));
        weights = forms.walk(net -> net.weights().toString()); // opens it, which checks the tensors
    }

    /**
     * Opens the weights with their configuration beside them: a file that holds {@code {'generator': ...}} with
     * config.json (or NAME.json), or a checkpoint's {@code state_dict.model_gen} with config.yaml (or NAME.yaml).
     *
     * @param manager owner of the weights
     * @param kind nsf_hifigan or hifigan
     * @throws Problem when the configuration is missing or differs from the tensors, or an NSF-HiFiGAN has no harmonic
     *     source
     */
    public static HifiGan load(NDManager manager, VocoderKind kind, Path file) {
        return load(manager, kind, file, TryOuts.EACH_TIME);
    }

    /** The same, with what is remembered of try-outs. */
    public static HifiGan load(NDManager manager, VocoderKind kind, Path file, TryOuts tryOuts) {
        VocoderConfig config = VocoderConfig.of(kind, file);
        StateDict state = StateDict.read(file);
        HifiGanNet.Sizes sizes = config.sizes(state);
        if (kind == VocoderKind.NSF_HIFIGAN && !sizes.source()) {
            throw Problem.in(
                    "vocoder",
                    file,
                    "a generator with a harmonic source (m_source.l_linear)",
                    "one without",
                    "give an NSF-HiFiGAN file");
        }
        HarmonicSource source = sizes.source() ? new HarmonicSource(state, config.rateHz(), sizes.hop()) : null;
        String name = kind == VocoderKind.NSF_HIFIGAN ? "NSF-HiFiGAN" : "HiFiGAN";
        return new HifiGan(
                kind, config, source, manager, tryOuts.of(file), () -> HifiGanNet.load(manager, name, sizes, state));
    }

    /**
     * A generator of random weights with a harmonic source, to learn shapes or to measure: its wave is noise.
     *
     * @param manager owner of the weights
     * @param kind nsf_hifigan or hifigan
     */
    public static HifiGan random(NDManager manager, VocoderKind kind, VocoderConfig config, long seed) {
        HifiGanNet.Sizes sizes = config.sizes(true);
        return new HifiGan(
                kind,
                config,
                HarmonicSource.random(config.rateHz(), sizes.hop()),
                manager,
                TryOuts.EACH_TIME,
                () -> HifiGanNet.random(manager, sizes, seed));
    }

    @Override
    public VocoderKind kind() {
        return kind;
    }

    @Override
    public FrontEnd frontEnd() {
        return FrontEnd.of(kind, config.audio(), Hparams.Quirks.FIXED);
    }

    @Override
    public Cost cost() {
        return config.cost(kind);
    }

    /** The harmonic source; null for a generator that takes none. */
    public HarmonicSource harmonics() {
        return source;
    }

    /** The generator's weights, weight norm folded in; the generator owns them. */
    public Weights weights() {
        return forms.network().weights();
    }

    /** Sizes and rates the file came with. */
    public VocoderConfig config() {
        return config;
    }

    /**
     * The source [B, 1, L] of F0 [B, T] in Hz, L = T hop; null for a generator that takes none.
     *
     * @param random where phases and noise come from
     */
    public NDArray source(NDArray f0Hz, RandomSource random) {
        return source == null ? null : source.of(f0Hz, random);
    }

    /**
     * The source [B, 1, L] of F0 [B, T] in Hz with its random part given.
     *
     * @param tap receives each stage's value by name: sines (with noise), source
     */
    public NDArray source(NDArray f0Hz, HarmonicSource.Draw draw, BiConsumer<String, NDArray> tap) {
        return source.of(f0Hz, draw, tap);
    }

    /**
     * The wave [B, 1, L] of a mel [B, M, T], in [-1, 1], operation by operation.
     *
     * @param mel [B, M, T], in the network's own logarithm: natural for NSF-HiFiGAN, log10 for HiFiGAN
     * @param source [B, 1, L]; null adds nothing
     * @param tap receives each scale's value by name
     */
    public NDArray wave(NDArray mel, NDArray source, BiConsumer<String, NDArray> tap) {
        return forms.walk(net -> net.wave(mel, source, tap));
    }

    /**
     * The wave [B, 1, L] of a mel [B, M, T], in [-1, 1], in one call for each part of the mel.
     *
     * @param mel [B, M, T], in the network's own logarithm: natural for NSF-HiFiGAN, log10 for HiFiGAN
     * @param source [B, 1, L]; null adds nothing
     * @param precision of the values between the convolutions
     */
    public NDArray wave(NDArray mel, NDArray source, Precision precision) {
        return forms.script(precision).wave(mel, source);
    }

    /** The generator operation by operation. */
    HifiGanNet network() {
        return forms.network();
    }

    /**
     * Writes the generator as TorchScript, whose method forward takes a mel [B, M, T] in the network's own logarithm
     * and a source [B, 1, T hop], or [1, 1, 0] for none, to a wave [B, 1, T hop].
     *
     * @param precision not auto or mixed
     * @throws IOException of the stream
     */
    public void writeScript(Precision precision, OutputStream out) throws IOException {
        try (HifiGanScript script = forms.walk(net -> HifiGanScript.of(manager, net, precision, TryOuts.EACH_TIME))) {
            script.write(out);
        }
    }

    @Override
    public Wave vocode(
            NDArray mel,
            float[] f0Hz,
            boolean[] voiced,
            int samples,
            RandomSource random,
            Hparams.Quirks quirks,
            Precision precision,
            Inner inner) {
        return vocode(mel, f0Hz, voiced, samples, random, quirks, precision, PartListener.NONE, inner);
    }

    @Override
    public List<Tap> taps() {
        return HifiGanScript.taps(config.sizes(source != null));
    }

    /**
     * The same, with a listener to its parts: the harmonic source, and each part of the generator's wave.
     *
     * @param mel [1, T, M], log10
     * @param f0Hz [T] Hz, 0 where unvoiced
     * @param voiced [T], not read
     */
    public Wave vocode(
            NDArray mel,
            float[] f0Hz,
            boolean[] voiced,
            int samples,
            RandomSource random,
            Hparams.Quirks quirks,
            Precision precision,
            PartListener listener) {
        return vocode(mel, f0Hz, voiced, samples, random, quirks, precision, listener, Inner.NONE);
    }

    private Wave vocode(
            NDArray mel,
            float[] f0Hz,
            boolean[] voiced,
            int samples,
            RandomSource random,
            Hparams.Quirks quirks,
            Precision precision,
            PartListener listener,
            Inner inner) {
        Vocoder.require(mel, config.mels(), f0Hz, voiced);
        try (NDManager scratch = mel.getManager().newSubManager()) {
            scratch.tempAttachAll(mel);
            // row by row in memory, whatever view the sampler left: another layout may take another algorithm
            NDArray rows = mel.flatten().reshape(mel.getShape());
            NDArray log = (kind.naturalLog() ? rows.mul(LN_10) : rows).transpose(0, 2, 1);
            NDArray harmonics =
                    listener.timed("source", () -> source(scratch.create(f0Hz, new Shape(1, f0Hz.length)), random));
            float[] wave = forms.script(precision)
                    .wave(log, harmonics, listener, inner)
                    .toFloatArray();
            return Wave.mono(Vocoder.fit(wave, samples, quirks), config.rateHz());
        }
    }

    @Override
    public String toString() {
        return kind.text() + " at " + config.rateHz() + " Hz: " + weights;
    }

    @Override
    public void close() {
        forms.close();
    }
}
