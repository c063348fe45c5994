package diffsvc.memory;

import ai.djl.ndarray.types.Shape;
import diffsvc.conds.crepe.Crepe;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.pitchextractor.XiaomaPe;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.platform.Processor;
import diffsvc.vocoder.VocoderConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What one model takes in memory, in bytes, as a function of batch and frames. The form of each follows from the
 * network (which arrays there are, what they grow with); its few numbers are fitted to peaks that {@link Meter}
 * measured on a CPU, where an array is counted as often as the engine and the allocator really hold it. ARCHITECTURE.md
 * tells how to measure anew.
 *
 * @param model hubert, crepe, pe, embedding, wavenet, nsf_hifigan, hifigan, pair
 * @param framesPerSecond of the model's own time axis: mel frames, 50 units a second, 200 CREPE windows a second
 * @param weights bytes that stay as long as the model is open
 * @param activations bytes above them while it runs
 */
public record Cost(String model, double framesPerSecond, long weights, Activations activations) {
    /** Bytes at work. */
    @FunctionalInterface
    public interface Activations {
        /**
         * Bytes beside the weights, for so many clips of so many frames.
         *
         * @param batch clips at once
         * @param frames T of a clip
         * @return bytes
         */
        double of(int batch, int frames);
    }

    private static final double MIB = 1 << 20, FLOAT = 4, UNITS_PER_SECOND = 50, WINDOWS_PER_SECOND = 200;
    static final List<String> MODELS =
            List.of("hubert", "crepe", "pe", "embedding", "wavenet", "nsf_hifigan", "hifigan", "pair");
    /** The published files' sizes, for those who don't have them yet. */
    public static final HubertSoft.Sizes PUBLISHED_HUBERT = new HubertSoft.Sizes(512, 768, 12, 12, 3072, 256, 100);

    public static final int[] PUBLISHED_CREPE = {1024, 128, 128, 128, 256, 512};
    public static final XiaomaPe.Sizes PUBLISHED_PE = new XiaomaPe.Sizes(80, 256, 256, 5, 3, 2, 5);
    public static final VocoderConfig PUBLISHED_HIFIGAN = new VocoderConfig(
            Path.of("config.yaml"),
            24000,
            512,
            512,
            30,
            12000,
            80,
            512,
            new int[] {8, 4, 2, 2},
            new int[] {16, 8, 4, 4},
            new int[] {3, 7, 11},
            new int[][] {{1, 3, 5}, {1, 3, 5}, {1, 3, 5}},
            true);

    /**
     * Bytes above the process without models, at the peak.
     *
     * @param batch clips at once
     * @param frames T of a clip
     * @return bytes
     */
    public long peak(int batch, int frames) {
        return weights + atWork(batch, frames);
    }

    /**
     * Bytes above the weights, at the peak.
     *
     * @param batch clips at once
     * @param frames T of a clip
     * @return bytes
     */
    public long atWork(int batch, int frames) {
        return Math.round(activations.of(batch, frames));
    }

    /**
     * Frames of a sound.
     *
     * @param seconds of sound
     * @return rounded up
     */
    public int frames(double seconds) {
        return (int) Math.ceil(seconds * framesPerSecond);
    }

    private static long bytes(Map<String, Shape> table) {
        return 4 * table.values().stream().mapToLong(Shape::size).sum();
    }

    /**
     * HuBERT Soft over P frames. Its peak lies in the first convolution (64 P wide in time), or, beyond some minutes,
     * in the attention (P squared).
     *
     * @param s sizes of the network
     * @return the cost
     */
    public static Cost hubert(HubertSoft.Sizes s) {
        double position = (double) s.dim() * s.dim() / 16 * 128;
        return new Cost(
                "hubert",
                UNITS_PER_SECOND,
                bytes(HubertSoft.table(s)),
                (b, p) -> FLOAT
                        * (7.5 * position
                                + Math.max(
                                        3.8 * s.conv() * 64 * b * p,
                                        2.5 * s.heads() * (double) p * p * b + 20.0 * s.dim() * b * p)));
    }

    /**
     * CREPE with {@code batch} windows worked on at a time, of {@code frames} in all: the first layer's 256 positions
     * by its channels.
     *
     * @param channels after each of CREPE's layers
     * @return the cost
     */
    public static Cost crepe(int[] channels) {
        return new Cost(
                "crepe",
                WINDOWS_PER_SECOND,
                bytes(Crepe.table(channels)),
                (b, f) -> 30 * MIB
                        + FLOAT * (6.2 * channels[0] * 256 * b * gaps(256.0 * channels[0] * b, 0.76) + 2 * 1024.0 * f));
    }

    /**
     * Xiaoma's pitch extractor over T mel frames.
     *
     * @param s sizes of the network
     * @param framesPerSecond of the mel
     * @return the cost
     */
    public static Cost pitchExtractor(XiaomaPe.Sizes s, double framesPerSecond) {
        return new Cost(
                "pe", framesPerSecond, bytes(XiaomaPe.table(s)), (b, t) -> 14 * MIB + FLOAT * 86 * s.hidden() * b * t);
    }

    /**
     * Units and pitch to the condition; with no_fs2 false a transformer over the units.
     *
     * @param h the voice's settings
     * @return the cost
     */
    public static Cost embedding(Hparams h) {
        Hparams.Embedding e = h.embedding();
        double fps = fps(h);
        return new Cost(
                "embedding",
                fps,
                bytes(EmbeddingModel.table(e)),
                (b, t) ->
                        14 * MIB + FLOAT * (6.2 * e.hiddenSize() * b * t + encoder(e, b, t * UNITS_PER_SECOND / fps)));
    }

    private static double encoder(Hparams.Embedding e, int b, double units) {
        return e.noFs2() ? 0 : e.encLayers() * b * (42.0 * e.hiddenSize() * units + 2.4 * e.numHeads() * units * units);
    }

    /**
     * The denoiser, sampling: the condition's projections of all layers stay for all steps.
     *
     * @param h the voice's settings
     * @return the cost
     */
    public static Cost wavenet(Hparams h) {
        WaveNet.Sizes s = WaveNet.Sizes.of(h);
        return new Cost(
                "wavenet",
                fps(h),
                bytes(WaveNet.table(s)),
                (b, t) -> 22 * MIB + FLOAT * s.channels() * (3.9 * s.layers() + 24.5) * b * t);
    }

    /**
     * A generator, NSF-HiFiGAN or HiFiGAN, over T frames: arrays as long as the wave at its widest scale, and the nine
     * harmonics of its source. Where big blocks come from the system and go back to it, as the launcher has it for
     * {@code infer}, for JShell and for notebooks; kept blocks leave gaps, and up to three times as much is resident.
     *
     * @param model its name in tables
     * @param c sizes of the generator
     * @return the cost
     */
    public static Cost generator(String model, VocoderConfig c) {
        return new Cost(
                model,
                c.rateHz() / (double) c.hopSamples(),
                bytes(c.table()),
                (b, t) -> 57 * MIB + FLOAT * ((6.1 + LAYOUT) * widest(c) + 2.1 * 9 * c.hopSamples()) * b * t);
    }

    /**
     * Arrays at the widest scale that wide convolutions keep beside: 900 frames of NSF-HiFiGAN took 319 MiB with AVX2
     * and 405 to 418 with AVX-512 on one machine.
     */
    private static final double LAYOUT = Processor.isWide() ? 2.9 : 0;

    /**
     * Arrays above 64 MiB come from the system and go back to it (the launcher's setting), so that they leave no gaps
     * between those that stay.
     */
    private static double gaps(double elements, double without) {
        return FLOAT * elements > 64 * MIB ? without : 1;
    }

    /** Elements a frame at the widest scale. */
    private static double widest(VocoderConfig c) {
        double widest = 0, channels = c.channels(), rate = 1;
        for (int r : c.rates()) {
            channels /= 2;
            rate *= r;
            widest = Math.max(widest, channels * rate);
        }
        return widest;
    }

    /**
     * Embedding and denoiser in training: weights, gradients, two moments (and the averaged weights), and of each layer
     * what the backward pass needs. Part of the training is a validation pass, whatever the batch.
     *
     * @param h the voice's settings
     * @return embedding and wavenet together
     */
    public static Cost pair(Hparams h) {
        WaveNet.Sizes s = WaveNet.Sizes.of(h);
        double weights = bytes(WaveNet.table(s)) + bytes(EmbeddingModel.table(h.embedding())), fps = fps(h);
        double state = (h.training().emaDecay() > 0 ? 4 : 3) * weights;
        Cost sampling = wavenet(h);
        return new Cost(
                "pair",
                fps,
                Math.round(weights),
                (b, t) -> 37 * MIB
                        + state
                        + 0.226 * weights
                        + Math.max(
                                sampling.atWork(1, Math.min(t, VALIDATION_FRAMES)),
                                FLOAT
                                        * ((10.8 * s.channels() * s.layers() + 71.3 * s.mels()) * b * t
                                                + encoder(h.embedding(), b, t * UNITS_PER_SECOND / fps))));
    }

    private static final int VALIDATION_FRAMES = 512;

    private static double fps(Hparams h) {
        return h.audio().sampleRateHz() / (double) h.audio().hopSamples();
    }
}
