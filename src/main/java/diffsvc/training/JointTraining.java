package diffsvc.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Weights;
import diffsvc.dataset.Batch;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.platform.EngineLock;
import diffsvc.tensor.GraphScalar;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Embedding and denoiser as one network with one optimizer: noise a mel, guess the noise, send the error back through
 * the denoiser into the embedding (arXiv:2006.11239, Algorithm 1). The loss covers all elements, padding included, as
 * the reference's does.
 */
public final class JointTraining implements AutoCloseable {
    /**
     * What the network said, still knowing how it came about.
     *
     * @param cond [B, T, H] of the embedding
     * @param guess [B, 1, M, T] of the denoiser
     * @param noise [B, 1, M, T] that was mixed in
     */
    public record Forward(NDArray cond, NDArray guess, NDArray noise) {}

    private final EmbeddingModel embedding;
    private final WaveNet wavenet;
    private final NoiseSchedule noise;
    private final MelRange range;
    private final Hparams.Training settings;
    private final AdamW optimizer;
    /**
     * The engine's one collector, and whose pass it remembers: a training that a cell has replaced may have left it
     * open.
     */
    private static GradientCollector collector;

    private static JointTraining remembers;

    /**
     * Takes over both models: closing the training closes them.
     *
     * @param manager owner of the models
     * @param hparams the voice's settings
     * @param embedding the model, which learns
     * @param wavenet the model, which learns
     * @param noise schedule
     * @param range of each mel bin
     */
    public JointTraining(
            NDManager manager,
            Hparams hparams,
            EmbeddingModel embedding,
            WaveNet wavenet,
            NoiseSchedule noise,
            MelRange range) {
        this.embedding = embedding;
        this.wavenet = wavenet;
        this.noise = noise;
        this.range = range;
        settings = hparams.training();
        if (!settings.loss().equals("l1") && !settings.loss().equals("l2")) {
            throw Problem.in("train", "training.loss l1 or l2", settings.loss(), "correct training.loss");
        }
        Map<String, Weights> networks = new LinkedHashMap<>(); // the reference's order: denoiser, then embedding
        networks.put("denoise_fn.", wavenet.weights());
        networks.put("fs2.", embedding.weights());
        optimizer = new AdamW(
                manager,
                networks,
                settings.beta1(),
                settings.beta2(),
                settings.eps(),
                settings.weightDecay(),
                settings.emaDecay() > 0);
    }

    /**
     * The embedding model that learns.
     *
     * @return with gradients
     */
    public EmbeddingModel embedding() {
        return embedding;
    }

    /**
     * The denoiser that learns.
     *
     * @return with gradients
     */
    public WaveNet wavenet() {
        return wavenet;
    }

    /**
     * The one optimizer of both models.
     *
     * @return the optimizer
     */
    public AdamW optimizer() {
        return optimizer;
    }

    /**
     * The schedule that noises the mels.
     *
     * @return S steps
     */
    public NoiseSchedule noise() {
        return noise;
    }

    /**
     * The range of each mel bin.
     *
     * @return as the mels were normalised
     */
    public MelRange range() {
        return range;
    }

    /** From a batch to the guess; the arrays belong to the batch's manager. */
    private Forward walk(Batch batch, UnaryOperator<NDArray> onCondition) {
        NDArray x0 = range.norm(batch.mels()); // [B, 1, M, T]
        NDArray x = noise.noised(x0, batch.t(), batch.noise());
        EmbeddingModel.Condition condition = embedding.embed(batch.conds());
        NDArray guess = wavenet.walk(
                x, batch.t(), wavenet.project(onCondition.apply(condition.forDenoiser())), (name, value) -> {});
        return new Forward(condition.cond(), guess, batch.noise());
    }

    /**
     * The forward pass, remembered for {@link #backward}. One at a time in a process: a pass that was begun and never
     * sent back is forgotten.
     *
     * @param batch conds, mels, t and noise of some clips
     * @return cond, guess and noise
     */
    public Forward forward(Batch batch) {
        return forward(batch, UnaryOperator.identity());
    }

    /**
     * The same with something done to the condition [B, H, T] on its way to the denoiser, for experiments: with
     * {@code NDArray::stopGradient} the embedding learns nothing.
     *
     * @param batch conds, mels, t and noise of some clips
     * @param onCondition what happens to it, [B, H, T] to [B, H, T]
     * @return cond, guess and noise
     */
    public Forward forward(Batch batch, UnaryOperator<NDArray> onCondition) {
        EngineLock.look("train", "before the forward pass");
        stop();
        synchronized (JointTraining.class) {
            collector = Engine.getInstance().newGradientCollector();
            remembers = this;
        }
        try {
            return walk(batch, onCondition);
        } catch (RuntimeException e) {
            stop();
            throw e;
        }
    }

    /**
     * The mean error of the guess over all elements, padding included as in the reference: a scalar.
     *
     * @param forward what the forward pass gave
     * @return a scalar
     */
    public NDArray loss(Forward forward) {
        NDArray error = forward.guess().sub(forward.noise());
        return settings.loss().equals("l1")
                ? error.abs().mean()
                : error.square().mean();
    }

    /**
     * Sends a loss back: adds to the gradients both models hold, and gives its value.
     *
     * @param loss a scalar
     * @return its value
     */
    public double backward(NDArray loss) {
        if (remembers != this) {
            throw Problem.in(
                    "train",
                    "a forward pass before each backward pass",
                    "none since the last",
                    "call forward, then loss, then backward");
        }
        try {
            EngineLock.look("train", "before the backward pass");
            collector.backward(loss);
            return loss.getFloat();
        } finally {
            stop();
        }
    }

    private static synchronized void stop() {
        if (collector != null) {
            collector.close();
            collector = null;
            remembers = null;
        }
    }

    /**
     * The loss of a batch without remembering, for validation.
     *
     * @param batch conds, mels, t and noise of some clips
     * @return a number
     */
    public double lossOf(Batch batch) {
        try (NDManager scratch = batch.mels().getManager().newSubManager()) {
            scratch.tempAttachAll(batch.arrays());
            return loss(walk(batch, UnaryOperator.identity())).getFloat();
        }
    }

    /**
     * Forward and backward of one batch, its share of the loss added to the gradients; the whole loss of the batch.
     *
     * @param batch conds, mels, t and noise of some clips
     * @param share of the batch in the update
     * @return the whole loss of the batch
     */
    public double accumulate(Batch batch, double share) {
        try (NDManager scratch = batch.mels().getManager().newSubManager()) {
            scratch.tempAttachAll(batch.arrays());
            NDArray loss = loss(forward(batch));
            double value = loss.getFloat();
            backward(share == 1 ? loss : loss.mul(GraphScalar.of(loss, share)));
            return value;
        } finally {
            stop();
        }
    }

    /**
     * Forward and backward of one batch.
     *
     * @param batch conds, mels, t and noise of some clips
     * @return the whole loss of the batch
     */
    public double accumulate(Batch batch) {
        return accumulate(batch, 1);
    }

    /**
     * What each parameter would learn from the gradients that are held: the proof that one loss reaches both models.
     *
     * @return parameter, model, shape, norm
     */
    public Table gradients() {
        Map<String, Double> norms = optimizer.gradientNorms();
        Table table = Table.create("gradients");
        table.addColumns(
                StringColumn.create("parameter", norms.keySet()),
                StringColumn.create(
                        "model", norms.keySet().stream().map(n -> n.startsWith("fs2.") ? "embedding" : "wavenet")),
                StringColumn.create(
                        "shape",
                        norms.keySet().stream()
                                .map(n ->
                                        optimizer.parameters().get(n).getShape().toString())),
                DoubleColumn.create("norm", norms.values()));
        return table;
    }

    /**
     * One update from what was accumulated; the total gradient norm before clipping.
     *
     * @param step training step, 0-based
     * @return norms, rate and step
     */
    public double update(long step) {
        return optimizer.update(learningRate(settings.lr(), settings.decaySteps(), step), settings.clipGradNorm());
    }

    /**
     * Rate of update {@code step} (0-based): after update g the reference sets lr 0.5^floor(g / decaySteps) for the
     * next one.
     *
     * @param lr rate at the start
     * @param decaySteps updates until the rate halves
     * @param step training step, 0-based
     * @return the rate
     */
    public static double learningRate(double lr, int decaySteps, long step) {
        return lr * Math.pow(0.5, Math.floorDiv(Math.max(0, step - 1), decaySteps));
    }

    @Override
    public void close() {
        if (remembers == this) {
            stop();
        }
        optimizer.close();
        wavenet.close();
        embedding.close();
    }
}
