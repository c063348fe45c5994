package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.checkpoint.StateDict;
import diffsvc.hparams.Hparams;
import diffsvc.random.RandomSource;
import java.nio.file.Path;
import java.util.function.BiConsumer;

/**
 * HiFiGAN at 24 kHz, 80 bins, hop 128, with or without a harmonic source: the vocoder of the Python project's 24 kHz
 * voices. It takes the log10 mel as it is.
 */
public final class HifiGan implements Vocoder {
    private final VocoderConfig config;
    private final HarmonicSource source;
    private final HifiGanNet net;

    private HifiGan(VocoderConfig config, HarmonicSource source, HifiGanNet net) {
        this.config = config;
        this.source = source;
        this.net = net;
    }

    /**
     * Opens a checkpoint, {@code state_dict.model_gen}, with its config.yaml beside it (or NAME.yaml).
     *
     * @param manager owner of what is made
     * @param file path; relative ones from the project's folder where text
     * @return the vocoder
     */
    public static HifiGan load(NDManager manager, Path file) {
        VocoderConfig config = VocoderConfig.yaml(file);
        StateDict state = StateDict.read(file);
        HifiGanNet.Sizes sizes = config.sizes(state);
        HarmonicSource source = sizes.source() ? new HarmonicSource(state, config.rateHz(), sizes.hop()) : null;
        return new HifiGan(config, source, HifiGanNet.load(manager, "HiFiGAN", sizes, state));
    }

    /**
     * Random weights, with a harmonic source: for shapes and sizes.
     *
     * @param manager owner of what is made
     * @param config sizes and rates
     * @param seed the same seed, the same result
     * @return a vocoder that makes noise
     */
    public static HifiGan random(NDManager manager, VocoderConfig config, long seed) {
        HifiGanNet net = HifiGanNet.random(manager, config.sizes(true), seed);
        return new HifiGan(
                config, HarmonicSource.random(config.rateHz(), net.sizes().hop()), net);
    }

    /**
     * Its harmonic source, or null.
     *
     * @return null for a generator that takes no source
     */
    public HarmonicSource harmonics() {
        return source;
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
     * The source [B, 1, L] of F0 [B, T] in Hz, L = T hop; null for a generator that takes none.
     *
     * @param f0Hz [B, T] Hz
     * @param draws where the noise comes from
     * @return [B, 1, L], or null
     */
    public NDArray source(NDArray f0Hz, RandomSource draws) {
        return source == null ? null : source.of(f0Hz, draws);
    }

    /**
     * The same with its random part given; {@code look} sees sines (with noise) and source.
     *
     * @param f0Hz [B, T] Hz
     * @param draw where fresh noise comes from
     * @param look sees each stage's value by name
     * @return [B, 1, L], or null
     */
    public NDArray source(NDArray f0Hz, HarmonicSource.Draw draw, BiConsumer<String, NDArray> look) {
        return source.of(f0Hz, draw, look);
    }

    /**
     * The wave [B, 1, L] of a log10 mel [B, M, T] and a source [B, 1, L], or null: then nothing is added.
     *
     * @param mel [B, M, T], log10
     * @param source [B, 1, L], or null
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
            NDArray log = scratch.create(mel, new Shape(1, frames, bins)).transpose(0, 2, 1);
            NDArray source = source(scratch.create(f0Hz, new Shape(1, frames)), draws);
            return Vocoder.fit(wave(log, source, (name, value) -> {}).toFloatArray(), samples, quirks);
        }
    }

    @Override
    public void close() {
        net.close();
    }
}
