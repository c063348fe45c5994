package diffsvc.training;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.platform.EngineLock;
import diffsvc.progress.Progress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleConsumer;
import java.util.function.Function;

/**
 * Trains a small content encoder of the HuBERT-soft architecture to classify phones: cross-entropy over the cosine
 * between a unit and each label's vector, divided by 0.1, as soft units are trained (arXiv:2111.02392, eq. 1), with the
 * synthesizer's phones in place of cluster numbers.
 */
public final class ContentTraining implements AutoCloseable {
    private static final int WARM_UP = 300;
    private final NDManager manager;
    private final HubertSoft net;
    private final AdamW optimizer;
    private final LabelledSpeech speech;
    private final long seed;
    private long step;

    /**
     * A training from random weights.
     *
     * @param parent owner of its tensors
     * @param seed equal seeds give equal results
     */
    public ContentTraining(NDManager parent, HubertSoft.Sizes sizes, LabelledSpeech speech, long seed) {
        this(parent.newSubManager(), speech, seed, manager -> {
            HubertSoft net = HubertSoft.random(manager, sizes, seed);
            net.weights()
                    .fill(
                            "positional_embedding.conv.weight_g",
                            ones(
                                    128,
                                    0.5f)); // as long as the published initial values, sqrt(4 / (128 D)) for each entry
            return net;
        });
    }

    /**
     * A training that begins from an encoder's file, with a fresh optimizer.
     *
     * @param parent owner of its tensors
     * @param encoder HuBERT-soft's file format
     * @param heads of the attention; 0 = one for every 64 channels
     * @param seed equal seeds give equal results
     */
    public ContentTraining(NDManager parent, Path encoder, int heads, LabelledSpeech speech, long seed) {
        this(parent.newSubManager(), speech, seed, manager -> HubertSoft.load(manager, encoder, heads));
    }

    private ContentTraining(NDManager own, LabelledSpeech speech, long seed, Function<NDManager, HubertSoft> start) {
        manager = own;
        net = start.apply(own);
        this.speech = speech;
        this.seed = seed;
        optimizer = new AdamW(manager, Map.of("", net.weights()), 0.9, 0.98, 1e-8, 0.01, false);
    }

    private static float[] ones(int n, float value) {
        float[] v = new float[n];
        Arrays.fill(v, value);
        return v;
    }

    /** The encoder; owned by the training, and its weights change with each update. */
    public HubertSoft net() {
        return net;
    }

    /** Updates of this training. */
    public long step() {
        return step;
    }

    /**
     * One update on crops of two seconds.
     *
     * @param batch number of crops
     * @param lr highest learning rate
     * @param progress 0 at the start of the training, 1 at its end: the rate falls as a cosine
     * @return the mean cross-entropy
     * @throws Problem when the loss is not finite
     */
    public double update(int batch, double lr, double progress) {
        LabelledSpeech.Batch b = speech.augmented(batch, 2 * HubertSoft.RATE_HZ, seed, step);
        double loss;
        try (NDManager scratch = manager.newSubManager();
                GradientCollector collector = Engine.getInstance().newGradientCollector()) {
            NDArray wave = scratch.create(b.wave(), new Shape(batch, 1, b.samples()));
            NDArray label = scratch.create(b.labels(), new Shape(batch, b.frames(), 1));
            NDArray log = net.logits(net.walk(wave, (name, value) -> {})).logSoftmax(-1);
            NDArray nll = log.gather(label, 2).mean().neg();
            collector.backward(nll);
            loss = nll.getFloat();
        }
        if (!Double.isFinite(loss)) {
            throw Problem.in("content", "a finite loss", loss + " at step " + step, "lower the learning rate");
        }
        step++;
        optimizer.update(
                lr
                        * Math.min(1, step / (double) WARM_UP)
                        * (0.02 + 0.98 * (0.5 + 0.5 * Math.cos(Math.PI * Math.min(1, progress)))),
                1);
        return loss;
    }

    /**
     * How long an encoder is trained, and how fast.
     *
     * @param steps updates of this run at most
     * @param limit wall time at most
     * @param batch crops of two seconds in an update
     * @param lr highest learning rate
     * @param saveEvery updates between two saves
     */
    public record Plan(long steps, Duration limit, int batch, double lr, int saveEvery) {}

    /**
     * Updates until the plan's steps or its time are used up.
     *
     * @param progress {@code at("training", step, steps)} after each update
     * @param meanLoss receives the exponential mean of the losses, decay 0.98, before each report
     * @param save called every {@code saveEvery} updates and at the end
     * @throws Problem {@link Problem#isStop() stopped} when the thread was interrupted; a loss that is not finite
     */
    public void train(Plan plan, Progress progress, DoubleConsumer meanLoss, Runnable save) {
        long start = System.nanoTime();
        double mean = 0;
        while (true) {
            EngineLock.check("content", step, plan.steps(), "updates");
            double spent = (System.nanoTime() - start) / 1e9 / (plan.limit().toMillis() / 1e3),
                    done = Math.max(step / (double) plan.steps(), spent);
            if (done >= 1) {
                break;
            }
            double loss = update(plan.batch(), plan.lr(), done);
            mean = step == 1 ? loss : 0.98 * mean + 0.02 * loss;
            meanLoss.accept(mean);
            progress.at("training", step, plan.steps());
            if (step % plan.saveEvery() == 0) {
                save.run();
            }
        }
        if (step == 0 || step % plan.saveEvery() != 0) {
            save.run();
        }
    }

    /**
     * Share of the frames that are classified correctly.
     *
     * @param other speech that is not trained on
     * @param limit number of its clips that are used at most
     * @return 0 to 1
     */
    public double accuracy(LabelledSpeech other, int limit) {
        long right = 0, all = 0;
        for (LabelledSpeech.Clip clip :
                other.clips().subList(0, Math.min(limit, other.clips().size()))) {
            try (NDManager scratch = manager.newSubManager()) {
                float[] x = LabelledSpeech.floats(clip);
                NDArray units = net.extract(scratch.create(x, new Shape(1, 1, x.length)))
                        .units();
                scratch.tempAttachAll(units);
                long[] named = net.logits(units).argMax(2).toLongArray(), labels = LabelledSpeech.labels(clip);
                for (int i = 0; i < labels.length; i++) {
                    right += named[i] == labels[i] ? 1 : 0;
                }
                all += labels.length;
            }
        }
        return right / (double) all;
    }

    /**
     * Writes the encoder in HuBERT-soft's file format.
     *
     * @throws Problem when a weight is not finite, or the file cannot be written
     */
    public void save(Path file) {
        Map<String, TorchTensor> tensors = net.weights().toTensors("");
        FiniteTensors.require(
                "weights of the encoder", tensors, "the existing file stays; train again with a lower rate");
        TorchFile.write(file, tensors);
    }

    @Override
    public void close() {
        optimizer.close();
        net.close();
        manager.close();
    }
}
