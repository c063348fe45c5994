package diffsvc.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import diffsvc.check.Problem;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Embedding and denoiser as one network with one optimizer: noise a mel, guess the noise, send the error back through the denoiser into the
 * embedding (arXiv:2006.11239, Algorithm 1). The loss covers all elements, padding included, as the reference's does.
 */
public final class JointTraining implements AutoCloseable {
    /**
     * One update's input.
     *
     * @param conds units, mel2ph, f0, energy
     * @param mels [B, T, M] log10
     * @param t [B] int64, diffusion step of each clip
     * @param noise [B, 1, M, T]
     */
    public record Batch(Conds conds, NDArray mels, NDArray t, NDArray noise) {}

    private final EmbeddingModel embedding;
    private final WaveNet wavenet;
    private final NoiseSchedule noise;
    private final MelRange range;
    private final Hparams.Training settings;
    private final AdamW optimizer;

    /** Takes over both models: closing the training closes them. */
    public JointTraining(NDManager manager, Hparams hparams, EmbeddingModel embedding, WaveNet wavenet, NoiseSchedule noise, MelRange range) {
        this.embedding = embedding;
        this.wavenet = wavenet;
        this.noise = noise;
        this.range = range;
        settings = hparams.training();
        if (!settings.loss().equals("l1") && !settings.loss().equals("l2")) {
            throw Problem.in("train", "training.loss l1 or l2", settings.loss(), "correct training.loss");
        }
        Map<String, NDArray> parameters = new LinkedHashMap<>();        // the reference's order: denoiser, then embedding
        wavenet.weights().all().forEach((k, v) -> parameters.put("denoise_fn." + k, v));
        embedding.weights().all().forEach((k, v) -> parameters.put("fs2." + k, v));
        optimizer = new AdamW(manager, parameters, settings.beta1(), settings.beta2(), settings.eps(), settings.weightDecay());
    }

    public EmbeddingModel embedding() {
        return embedding;
    }

    public WaveNet wavenet() {
        return wavenet;
    }

    public AdamW optimizer() {
        return optimizer;
    }

    public NoiseSchedule noise() {
        return noise;
    }

    public MelRange range() {
        return range;
    }

    /** The loss of a batch, a scalar that still knows how it came about; call inside a gradient collector to send it back. */
    public NDArray loss(Batch batch) {
        NDArray x0 = range.norm(batch.mels());                                                        // [B, 1, M, T]
        NDArray x = noise.noised(x0, batch.t(), batch.noise());
        NDArray cond = embedding.embed(batch.conds()).forDenoiser();                                  // [B, H, T]
        NDArray guess = wavenet.walk(x, batch.t(), wavenet.project(cond), (name, value) -> { });
        NDArray error = guess.sub(batch.noise());
        return settings.loss().equals("l1") ? error.abs().mean() : error.square().mean();
    }

    /** Forward and backward of one batch: adds to the gradients both models hold, and gives the loss. */
    public double accumulate(Batch batch) {
        try (NDManager scratch = batch.mels().getManager().newSubManager()) {
            scratch.tempAttachAll(batch.mels(), batch.t(), batch.noise(), batch.conds().units(), batch.conds().mel2ph(), batch.conds().f0(), batch.conds().energy());
            try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray loss = loss(batch);
                collector.backward(loss);
                return loss.getFloat();
            }
        }
    }

    /** One update from what was accumulated; the total gradient norm before clipping. */
    public double update(long step) {
        return optimizer.update(learningRate(settings.lr(), settings.decaySteps(), step), settings.clipGradNorm());
    }

    /** Rate of update {@code step} (0-based): after update g the reference sets lr 0.5^floor(g / decaySteps) for the next one. */
    public static double learningRate(double lr, int decaySteps, long step) {
        return lr * Math.pow(0.5, Math.floorDiv(Math.max(0, step - 1), decaySteps));
    }

    @Override public void close() {
        optimizer.close();
        wavenet.close();
        embedding.close();
    }
}
