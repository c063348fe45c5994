package diffsvc.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.checkpoint.Weights;
import diffsvc.dataset.Batch;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Prediction;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetPass;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.platform.EngineLock;
import diffsvc.tensor.GraphScalar;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

/**
 * Embedding and denoiser as one network with one optimizer: add noise to a mel, predict the noise, and propagate the
 * error back through the denoiser into the embedding (arXiv:2006.11239, Algorithm 1). The loss covers all elements,
 * padding included, as in the reference.
 *
 * <p>With noise.prediction v or edm the denoiser predicts v or F, and the loss is that of v or F ({@link Prediction}).
 * Diffusion steps are drawn uniformly for each kind; Karras et al. (arXiv:2206.00364, table 1) draw log(sigma) from a
 * normal distribution instead, which spends fewer updates on both ends of the schedule.
 */
public final class JointTraining implements AutoCloseable {
    /**
     * The result of a forward pass, attached to the graph for {@link #backward}.
     *
     * @param cond [B, T, H], the embedding's output
     * @param guess [B, 1, M, T], what the denoiser predicts
     * @param target [B, 1, M, T], what it should have predicted: the noise that was added, v or F
     */
    public record Forward(NDArray cond, NDArray guess, NDArray target) {}

    private final EmbeddingModel embedding;
    private final WaveNet wavenet;
    private final NoiseSchedule noise;
    private final Prediction prediction;
    private final MelRange range;
    private final Hparams.Training settings;
    /**
     * The denoiser's forward pass in {@link #precision()}; null in float32, where the network runs operation by
     * operation.
     */
    private final WaveNetPass pass;

    private final AdamW optimizer;
    /**
     * The engine's one gradient collector, and the training whose forward pass it recorded: a training that a cell has
     * replaced may have left it open.
     */
    private static GradientCollector collector;

    private static JointTraining recorded;

    /**
     * Takes over both models: closing the training closes them.
     *
     * @param manager parent of the optimizer's tensors
     * @param hparams training and noise.prediction are used
     * @throws Problem when training.loss is neither l1 nor l2, and where this machine is wrong in training.precision
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
        this.prediction = new Prediction(noise, StatedPrediction.of(hparams.noise()));
        this.range = range;
        settings = hparams.training();
        if (!settings.loss().equals("l1") && !settings.loss().equals("l2")) {
            throw Problem.in("train", "training.loss l1 or l2", settings.loss(), "correct training.loss");
        }
        if (precision() == Precision.FLOAT32) {
            pass = null;
        } else {
            try (EngineLock lock = EngineLock.take("train")) { // another training may be in the middle of an update
                stop();
                WaveNetPass.tryOut(manager, wavenet.sizes(), precision());
            }
            pass = WaveNetPass.of(manager, wavenet, precision());
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

    /** The embedding model. */
    public EmbeddingModel embedding() {
        return embedding;
    }

    /** The denoiser. */
    public WaveNet wavenet() {
        return wavenet;
    }

    /** The one optimizer of both models. */
    public AdamW optimizer() {
        return optimizer;
    }

    /** The noise schedule. */
    public NoiseSchedule noise() {
        return noise;
    }

    /** What the denoiser learns to predict. */
    public Prediction prediction() {
        return prediction;
    }

    /** The range that maps each mel bin to -1 .. 1. */
    public MelRange range() {
        return range;
    }

    /** The precision of the denoiser's forward and backward pass: float32 or bfloat16. */
    public Precision precision() {
        return Precision.named("train", "training.precision", settings.precision());
    }

    /**
     * From a batch to the prediction; the arrays belong to the batch's manager.
     *
     * @param denoiser null: operation by operation, in float32
     */
    private Forward walk(Batch batch, UnaryOperator<NDArray> onCondition, WaveNetPass denoiser) {
        NDArray x0 = range.norm(batch.mels()); // [B, 1, M, T]
        NDArray x = noise.noised(x0, batch.t(), batch.noise());
        EmbeddingModel.Condition condition = embedding.embed(batch.conds());
        NDArray cond = onCondition.apply(condition.forDenoiser());
        NDArray seen = prediction.input(x, batch.t());
        NDArray guess = denoiser == null
                ? wavenet.walk(seen, batch.t(), wavenet.project(cond), (name, value) -> {})
                : denoiser.predict(seen, batch.t(), cond);
        return new Forward(condition.cond(), guess, prediction.target(x0, batch.t(), batch.noise()));
    }

    /**
     * The forward pass, recorded for {@link #backward}. There is one at a time in a process: an earlier pass without
     * its backward pass is discarded.
     *
     * @return arrays of the batch's manager
     */
    public Forward forward(Batch batch) {
        return forward(batch, UnaryOperator.identity());
    }

    /**
     * The same with a function applied to the condition, for experiments: with {@code NDArray::stopGradient} the
     * embedding receives no gradient.
     *
     * @param onCondition from the condition [B, H, T] to what the denoiser gets, [B, H, T]
     * @return arrays of the batch's manager
     */
    public Forward forward(Batch batch, UnaryOperator<NDArray> onCondition) {
        EngineLock.check("train", "before the forward pass");
        stop();
        synchronized (JointTraining.class) {
            collector = Engine.getInstance().newGradientCollector();
            recorded = this;
        }
        try {
            return walk(batch, onCondition, pass);
        } catch (RuntimeException e) {
            stop();
            throw e;
        }
    }

    /**
     * The mean error of the prediction over all elements, absolute or squared (training.loss).
     *
     * @return a scalar
     */
    public NDArray loss(Forward forward) {
        NDArray error = forward.guess().sub(forward.target());
        return settings.loss().equals("l1")
                ? error.abs().mean()
                : error.square().mean();
    }

    /**
     * The backward pass: adds to the gradients that both models hold.
     *
     * @param loss a scalar of the last forward pass
     * @throws Problem when no forward pass was recorded, or the last one is another training's
     */
    public double backward(NDArray loss) {
        if (recorded != this) {
            throw Problem.in(
                    "train",
                    "a forward pass before each backward pass",
                    "none since the last",
                    "call forward, then loss, then backward");
        }
        try {
            EngineLock.check("train", "before the backward pass");
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
            recorded = null;
        }
    }

    /** The loss of a batch in float32 and without gradients, for validation. */
    public double lossOf(Batch batch) {
        try (NDManager scratch = batch.mels().getManager().newSubManager()) {
            scratch.tempAttachAll(batch.arrays());
            return loss(walk(batch, UnaryOperator.identity(), null)).getFloat();
        }
    }

    /**
     * Forward and backward pass of one batch that is a part of an update.
     *
     * @param share factor of its loss in the gradients, above 0; 1 / n for one of n batches
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

    /** Forward and backward pass of one batch. */
    public double accumulate(Batch batch) {
        return accumulate(batch, 1);
    }

    /**
     * The norm of each gradient that is held: it shows that one loss reaches both models.
     *
     * @return columns parameter, model, shape, norm
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
     * One update from the accumulated gradients.
     *
     * @param step training step, 0-based; the learning rate follows from it
     * @return the total gradient norm before clipping
     */
    public double update(long step) {
        return optimizer.update(learningRate(settings.lr(), settings.decaySteps(), step), settings.clipGradNorm());
    }

    /**
     * The learning rate of an update. After update g the reference sets lr 0.5^floor(g / decaySteps) for the next one.
     *
     * @param lr rate at the start
     * @param decaySteps updates until the rate halves, above 0
     * @param step training step, 0-based
     */
    public static double learningRate(double lr, int decaySteps, long step) {
        return lr * Math.pow(0.5, Math.floorDiv(Math.max(0, step - 1), decaySteps));
    }

    @Override
    public void close() {
        if (recorded == this) {
            stop();
        }
        optimizer.close();
        if (pass != null) {
            pass.close();
        }
        wavenet.close();
        embedding.close();
    }
}
