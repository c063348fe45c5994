package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.hparams.Hparams;
import diffsvc.random.RandomSource;
import java.nio.file.Path;
import java.util.function.BiConsumer;

/**
 * NSF-HiFiGAN at 44.1 kHz (openvpi's vocoder for DiffSinger): HiFi-GAN told by a harmonic source. It takes natural
 * logarithms, so the log10 mel is multiplied by 2.30259 first, the very number the reference multiplies by.
 */
public final class NsfHifiGan implements Vocoder {
    /** What a log10 mel is multiplied by. */
    public static final float LN_10 = 2.30259f;

    private final VocoderConfig config;
    private final HarmonicSource source;
    private final HifiGanNet net;

    private NsfHifiGan(VocoderConfig config, HarmonicSource source, HifiGanNet net) {
        this.config = config;
        this.source = source;
        this.net = net;
    }

    /**
     * Opens a file that holds {@code {'generator': ...}} with its config.json beside it (or NAME.json).
     *
     * @param manager owner of what is made
     * @param file path of the weights
     * @return the vocoder
     */
    public static NsfHifiGan load(NDManager manager, Path file) {
        return load(manager, file, VocoderConfig.json(file));
    }

    private static NsfHifiGan load(NDManager manager, Path file, VocoderConfig config) {
        StateDict state = StateDict.read(file);
        HifiGanNet.Sizes sizes = config.sizes(state);
        if (!sizes.source()) {
            throw Problem.in(
                    "vocoder",
                    file,
                    "a generator with a harmonic source (m_source.l_linear)",
                    "one without",
                    "give an NSF-HiFiGAN file");
        }
        return new NsfHifiGan(
                config,
                new HarmonicSource(state, config.rateHz(), sizes.hop()),
                HifiGanNet.load(manager, "NSF-HiFiGAN", sizes, state));
    }

    /**
     * A generator of random weights in the sizes of a configuration: to learn shapes, or to measure.
     *
     * @param manager owner of what is made
     * @param config sizes and rates
     * @param seed the same seed, the same result
     * @return a vocoder that makes noise
     */
    public static NsfHifiGan random(NDManager manager, VocoderConfig config, long seed) {
        HifiGanNet net = HifiGanNet.random(manager, config.sizes(true), seed);
        return new NsfHifiGan(
                config, HarmonicSource.random(config.rateHz(), net.sizes().hop()), net);
    }

    /**
     * Its harmonic source.
     *
     * @return the source module
     */
    public HarmonicSource harmonics() {
        return source;
    }

    /**
     * The generator's weights, weight norm folded in.
     *
     * @return owned by the generator
     */
    public Weights weights() {
        return net.weights();
    }

    /**
     * Sizes and rates the file came with.
     *
     * @return as read
     */
    public VocoderConfig config() {
        return config;
    }

    /**
     * The source [B, 1, L] of F0 [B, T] in Hz, L = T hop.
     *
     * @param f0Hz [B, T] Hz
     * @param draws where the noise comes from
     * @return [B, 1, L]
     */
    public NDArray source(NDArray f0Hz, RandomSource draws) {
        return source.of(f0Hz, draws);
    }

    /**
     * The same with its random part given; {@code look} sees sines (with noise) and source.
     *
     * @param f0Hz [B, T] Hz
     * @param draw where fresh noise comes from
     * @param look sees each stage's value by name
     * @return [B, 1, L]
     */
    public NDArray source(NDArray f0Hz, HarmonicSource.Draw draw, BiConsumer<String, NDArray> look) {
        return source.of(f0Hz, draw, look);
    }

    /**
     * The wave [B, 1, L] of a mel [B, M, T] in natural logarithms and a source [B, 1, L]; {@code look} sees each scale
     * by name.
     *
     * @param mel [B, M, T], natural logarithm
     * @param source [B, 1, L]
     * @param look sees each stage's value by name
     * @return [B, 1, L], [-1, 1]
     */
    public NDArray wave(NDArray mel, NDArray source, BiConsumer<String, NDArray> look) {
        return net.wave(mel, source, look);
    }

    @Override
    public float[] vocode(
            NDManager manager,
            float[] mel,
            float[] f0Hz,
            boolean[] voiced,
            int samples,
            RandomSource draws,
            Hparams.Quirks quirks) {
        int bins = net.sizes().mels(), frames = f0Hz.length;
        config.requireFrames(mel.length, bins, frames);
        try (NDManager scratch = manager.newSubManager()) {
            NDArray log =
                    scratch.create(mel, new Shape(1, frames, bins)).mul(LN_10).transpose(0, 2, 1);
            NDArray source = source(scratch.create(f0Hz, new Shape(1, frames)), draws);
            return Vocoder.fit(wave(log, source, (name, value) -> {}).toFloatArray(), samples, quirks);
        }
    }

    @Override
    public void close() {
        net.close();
    }
}
