package diffsvc.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import diffsvc.check.Problem;
import diffsvc.checkpoint.PythonOnly;
import diffsvc.checkpoint.Safetensors;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.dataset.Batch;
import diffsvc.dataset.Batches;
import diffsvc.dataset.Dataset;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.PredictionKind;
import diffsvc.memory.TrainingCost;
import diffsvc.platform.EngineLock;
import diffsvc.platform.WeakManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Joint training from update to update. Every draw follows from (seed, number of the batch), so a run resumes from its
 * weights, moments, averages and step alone. A notebook takes the same steps by hand: {@link #batch}, then
 * {@link JointTraining#forward}, {@link JointTraining#loss} and {@link JointTraining#backward} of {@link #training},
 * then {@link #update(double)}. {@link TrainingLoop} saves and validates on the way.
 */
public final class TrainingRun implements AutoCloseable {
    private static final int VALIDATION_DRAWS = 32;

    /**
     * The numbers of one update.
     *
     * @param step updates behind the weights, this one included
     * @param loss mean over the batches of the update
     * @param gradientNorm of both models together, before clipping
     * @param lr learning rate that was used
     */
    public record Update(
            long step, double loss, double gradientNorm, double embeddingNorm, double wavenetNorm, double lr) {}

    private final NDManager manager;
    private final Hparams hparams;
    private final Dataset data;
    private final Batches batches;
    private final JointTraining training;
    private Path spoilt;
    /** Parameters that only the Python project's network has, and buffers as a checkpoint gave them. */
    private Map<String, TorchTensor> unheld, keptBuffers;

    private List<String> order;
    private double firstRate = -1;
    private long step;

    /**
     * A new run: random weights, or the warm start if training.warm_start is set.
     *
     * @param parent owner of the run's tensors
     * @throws Problem for a warm start of a denoiser that does not predict eps
     */
    public TrainingRun(NDManager parent, Hparams hparams, Dataset data) {
        this(
                parent,
                requireStart(hparams),
                data,
                NoiseSchedule.of(hparams.noise()).asSaved(),
                MelRange.of(hparams.noise()));
    }

    /**
     * A run that resumes from a state. The state's schedule and mel range take precedence over the hparams, as they do
     * in inference.
     *
     * @param parent owner of the run's tensors
     */
    public TrainingRun(NDManager parent, Hparams hparams, Dataset data, TrainingState state) {
        this(
                parent,
                hparams,
                data,
                state.buffers().containsKey("betas")
                        ? NoiseSchedule.ofBuffers(new StateDict(null, state.buffers()))
                        : NoiseSchedule.of(hparams.noise()).asSaved(),
                state.buffers().containsKey("spec_min")
                        ? MelRange.ofBuffers(new StateDict(null, state.buffers()))
                        : MelRange.of(hparams.noise()));
        try {
            resume(state);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * A run that begins from the weights of a saved voice, with a fresh optimizer. The voice's schedule and mel range
     * take precedence over the hparams.
     *
     * @param parent owner of the run's tensors
     * @param atStep step of the voice; the count continues from it
     */
    public static TrainingRun fromVoice(
            NDManager parent, Hparams hparams, Dataset data, Path embeddingFile, Path wavenetFile, long atStep) {
        StateDict saved = StateDict.readUnmapped(wavenetFile);
        boolean schedule = saved.tensors().containsKey("betas"),
                range = saved.tensors().containsKey("spec_min");
        TrainingRun run = new TrainingRun(
                parent,
                hparams,
                data,
                schedule
                        ? NoiseSchedule.ofBuffers(saved)
                        : NoiseSchedule.of(hparams.noise()).asSaved(),
                range ? MelRange.ofBuffers(saved) : MelRange.of(hparams.noise()));
        try {
            run.from(embeddingFile, wavenetFile, atStep);
            return run;
        } catch (RuntimeException e) {
            run.close();
            throw e;
        }
    }

    private static Hparams requireStart(Hparams hparams) {
        if (hparams.training().warmStart() && hparams.noise().predicts() != PredictionKind.EPS) {
            throw Problem.in(
                    "train",
                    "noise.prediction eps for training.warm_start, which answers that all of the input is noise",
                    hparams.noise().prediction(),
                    "set training.warm_start=false: a first prediction of zero is a good start for v and edm");
        }
        return hparams;
    }

    private TrainingRun(NDManager parent, Hparams hparams, Dataset data, NoiseSchedule noise, MelRange range) {
        this.manager = WeakManager.under(parent).manager();
        this.hparams = hparams;
        this.data = data;
        WaveNet wavenet = WaveNet.random(
                manager, WaveNet.Sizes.of(hparams), hparams.training().seed());
        if (hparams.training().warmStart() && hparams.noise().predicts() == PredictionKind.EPS) {
            WarmStart.passThrough(wavenet);
        } else {
            wavenet.weights()
                    .get("output_projection.weight")
                    .muli(0f); // as in the reference: the first prediction is zero
        }
        EmbeddingModel embedding =
                EmbeddingModel.random(manager, hparams, hparams.training().seed() + 1);
        training = new JointTraining(manager, hparams, embedding, wavenet, noise, range);
        batches = new Batches(data.training(), hparams, training.noise().steps());
        step = hparams.steps();
        Map<String, TorchTensor> own = training.optimizer().weights();
        boolean lacking = PythonOnly.lacking("fs2.", own.keySet());
        unheld = lacking
                ? PythonOnly.parameters(
                        "fs2.",
                        hparams.embedding().hiddenSize(),
                        hparams.audio().melBins())
                : Map.of();
        keptBuffers = lacking ? PythonOnly.buffers("fs2.") : Map.of();
        order = List.copyOf(PythonOnly.among("fs2.", own, unheld).keySet());
    }

    /** A manager on the run's device, beside the run's own. */
    NDManager newManager() {
        return NDManager.newBaseManager(manager.getDevice());
    }

    /** Both models and their optimizer; owned by the run. */
    public JointTraining training() {
        return training;
    }

    /** The settings of the run. */
    public Hparams hparams() {
        return hparams;
    }

    /** The clips. */
    public Dataset data() {
        return data;
    }

    /** Updates behind the weights; 0 for a new run. */
    public long step() {
        return step;
    }

    /** The number of weights that learn, of both models together. */
    public long parameters() {
        return training.optimizer().parameters().values().stream()
                .mapToLong(NDArray::size)
                .sum();
    }

    /** Sets the folder in which a batch whose loss is not finite is kept; without it such a batch is not kept. */
    public void keepSpoiltBatchesIn(Path folder) {
        spoilt = folder;
    }

    /**
     * The first batch of the next update.
     *
     * @param scratch owner of the batch
     */
    public Batch batch(NDManager scratch) {
        return batch(scratch, 0);
    }

    /**
     * Batch {@code part} of the next update.
     *
     * @param scratch owner of the batch
     * @param part from 0, below training.accumulate
     */
    public Batch batch(NDManager scratch, int part) {
        return batches.batch(
                scratch,
                hparams.training().seed(),
                step * Math.max(1, hparams.training().accumulate()) + part);
    }

    /**
     * One whole update: training.accumulate batches forward and backward, then the optimizer's step.
     *
     * @throws Problem when loss or gradient is not finite: the weights are as before, and the batch is kept;
     *     {@link Problem#isStop() stopped} when the thread is interrupted: the gradients are cleared, and the next call
     *     repeats the update
     */
    public Update update() {
        try (EngineLock lock = EngineLock.take("train")) {
            return wholeUpdate();
        }
    }

    /** Several updates in a row. Nothing is saved; {@link TrainingLoop} does that. */
    public Update train(int updates) {
        return train(updates, update -> {});
    }

    /**
     * Several updates in a row, with a listener.
     *
     * @param updates 1 or more
     * @param listener receives each update
     * @throws Problem {@link Problem#isStop() stopped} when the thread is interrupted; the run stays at the last whole
     *     update, and the next call continues from there
     */
    public Update train(int updates, Consumer<Update> listener) {
        Update last = null;
        for (int i = 0; i < updates; i++) {
            EngineLock.check("train", i, updates, "updates, at step " + step);
            last = update();
            listener.accept(last);
        }
        return last;
    }

    private Update wholeUpdate() {
        int parts = Math.max(1, hparams.training().accumulate());
        double loss = 0;
        for (int part = 0; part < parts; part++) {
            try (NDManager scratch = manager.newSubManager()) {
                Batch batch = batch(scratch, part);
                double one = training.accumulate(batch, 1.0 / parts);
                if (!Double.isFinite(one)) {
                    throw spoilt(batch, "loss", one);
                }
                loss += one / parts;
            } catch (RuntimeException e) {
                training.optimizer().clear(); // the next update must not add to the gradients of a stopped one
                throw e;
            }
        }
        return update(loss);
    }

    /**
     * The optimizer's step from the gradients held, after {@link JointTraining#backward} by hand.
     *
     * @param loss reported with the update
     * @throws Problem when a gradient is not finite; the weights are as before
     */
    public Update update(double loss) {
        double lr = firstRate > 0
                ? firstRate
                : JointTraining.learningRate(
                        hparams.training().lr(), hparams.training().decaySteps(), step);
        long behind = training.optimizer().updates(); // 0 after a start from other weights, whose share has to fade
        double decay = Math.min(
                hparams.training().emaDecay(),
                (1 + behind) / (10.0 + behind)); // the first averages follow the weights closely
        double embedding = 0, wavenet = 0;
        for (Map.Entry<String, Double> e : training.optimizer().gradientNorms().entrySet()) {
            double square = e.getValue() * e.getValue();
            embedding += e.getKey().startsWith("fs2.") ? square : 0;
            wavenet += e.getKey().startsWith("fs2.") ? 0 : square;
        }
        double norm = Math.sqrt(embedding + wavenet);
        if (!Double.isFinite(norm)) {
            try (NDManager scratch = manager.newSubManager()) {
                throw spoilt(batch(scratch), "gradient", norm);
            }
        }
        training.optimizer().update(lr, hparams.training().clipGradNorm(), decay, norm);
        firstRate = -1;
        return new Update(++step, loss, norm, Math.sqrt(embedding), Math.sqrt(wavenet), lr);
    }

    private Problem spoilt(Batch batch, String what, double value) {
        training.optimizer().clear();
        String where = "";
        if (spoilt != null) {
            Path file = spoilt.resolve("spoilt_batch_step_" + step + ".safetensors");
            Map<String, TorchTensor> tensors = new LinkedHashMap<>();
            tensors.put("mels", TorchTensor.of(batch.mels()));
            tensors.put("noise", TorchTensor.of(batch.noise()));
            tensors.put("units", TorchTensor.of(batch.conds().units()));
            tensors.put("f0", TorchTensor.of(batch.conds().f0()));
            tensors.put("mel2ph", TorchTensor.of(batch.conds().mel2ph().toType(DataType.FLOAT32, false)));
            tensors.put("t", TorchTensor.of(batch.t().toType(DataType.FLOAT32, false)));
            Safetensors.write(file, tensors, Map.of("clips", String.join("\n", batch.clips())));
            where = ", kept in " + file.getFileName();
        }
        return Problem.in(
                "train",
                "a finite " + what,
                value + " at step " + step + " in the batch of " + String.join(", ", batch.clips()) + where,
                "check these clips; lower training.lr; the earlier checkpoints are unchanged");
    }

    /**
     * Mean loss of the current weights over training clips, with draws that are the same at every call and that
     * training does not use: for a comparison of before and after.
     */
    public double probe(int draws) {
        double sum = 0;
        for (int i = 0; i < draws; i++) {
            EngineLock.check("train", i, draws, "probes");
            try (NDManager scratch = manager.newSubManager()) {
                sum += training.lossOf(
                        batches.batch(scratch, ~hparams.training().seed(), i));
            }
        }
        return sum / draws;
    }

    /**
     * Mean loss over the validation part, with fixed crops, noise and diffusion steps; NaN if there is no validation
     * part.
     */
    public double validate() {
        if (data.validation().isEmpty()) {
            return Double.NaN;
        }
        Batches held = new Batches(data.validation(), hparams, training.noise().steps());
        double sum = 0;
        int draws = Math.max(VALIDATION_DRAWS, data.validation().size());
        for (int i = 0; i < draws; i++) {
            EngineLock.check("validation", i, draws, "draws");
            try (NDManager scratch = manager.newSubManager()) {
                sum += training.lossOf(
                        held.fixed(scratch, hparams.training().seed(), i, TrainingCost.VALIDATION_FRAMES));
            }
        }
        return sum / draws;
    }

    /**
     * Saves the averaged weights (the last ones if training.ema_decay is 0) as a voice.
     *
     * @param folder models/NAME, created if missing
     * @return the hparams that were written, with the step of the run
     */
    public Hparams saveVoice(Path folder) {
        Hparams done = hparams.steps(step);
        VoiceWriter.save(folder, done, training.optimizer().averages(), training.noise(), training.range());
        return done;
    }

    /** Everything a resumed run needs. The tensors share the run's memory: write them before the next update. */
    public TrainingState state() {
        AdamW optimizer = training.optimizer();
        Map<String, TorchTensor> buffers = new LinkedHashMap<>(training.noise().buffers());
        buffers.putAll(training.range().buffers());
        buffers.putAll(training.prediction().stated().buffers());
        buffers.putAll(keptBuffers);
        double lr = JointTraining.learningRate(
                hparams.training().lr(), hparams.training().decaySteps(), step);
        Map<String, TorchTensor> own = optimizer.weights(), weights = new LinkedHashMap<>();
        order.forEach(name -> weights.put(name, own.getOrDefault(name, unheld.get(name))));
        return new TrainingState(
                step,
                optimizer.updates(),
                lr,
                hparams.training().seed(),
                buffers,
                weights,
                optimizer.firstMoments(),
                optimizer.secondMoments(),
                hparams.training().emaDecay() > 0 ? optimizer.averages() : Map.of());
    }

    /**
     * Saves {@link #state} as a checkpoint.
     *
     * @return path of the checkpoint
     */
    public Path save(Checkpoints checkpoints) {
        return save(checkpoints, note -> {});
    }

    /**
     * The same with notes.
     *
     * @param notes receives a sentence for each older checkpoint that is set aside because it is damaged
     * @return path of the checkpoint
     */
    public Path save(Checkpoints checkpoints, Consumer<String> notes) {
        Hparams.Training t = hparams.training();
        return checkpoints.save(state(), t.beta1(), t.beta2(), t.eps(), t.weightDecay(), notes);
    }

    /**
     * Resumes from a state of this project or of the Python project. As in the Python project, the first update uses
     * the learning rate of the checkpoint. A state whose denoiser predicts something else than noise.prediction gives
     * its weights alone: optimizer and average start again from nothing.
     *
     * @throws Problem naming every tensor that is missing or has another shape, or the first that is not finite
     */
    public void resume(TrainingState state) {
        restore(state.weights());
        state.requireFinite("this checkpoint is of no use: rename it, and the one before it is taken");
        keep(state);
        step = state.step();
        if (!state.prediction().equals(training.prediction().stated())) {
            training.optimizer().resume(Map.of(), Map.of(), 0);
            training.optimizer().average();
            return;
        }
        training.optimizer().resume(state.first(), state.second(), state.updates());
        if (state.average().isEmpty()) {
            training.optimizer().average();
        } else {
            training.optimizer().resumeAverage(state.average());
        }
        firstRate = state.lr();
    }

    /** Keeps what this network has no place for: it is written into the next checkpoints unchanged. */
    private void keep(TrainingState state) {
        Map<String, TorchTensor> own = training.optimizer().weights(),
                others = new LinkedHashMap<>(),
                buffers = new LinkedHashMap<>();
        state.weights().forEach((name, t) -> {
            if (!own.containsKey(name)) {
                others.put(name, TorchTensor.ofBytes(t.type(), copy(t), t.shape()));
            }
        });
        state.buffers().forEach((name, t) -> {
            if (!StatedPrediction.isBuffer(name)) { // the run states its own
                buffers.put(name, TorchTensor.ofBytes(t.type(), copy(t), t.shape()));
            }
        });
        unheld = others;
        keptBuffers = buffers;
        order = List.copyOf(state.weights().keySet());
    }

    /** A copy that outlives the file it was read from. */
    private static ByteBuffer copy(TorchTensor t) {
        ByteBuffer from = t.bytes();
        return ByteBuffer.allocate(from.remaining())
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(from)
                .flip();
    }

    /**
     * Takes the weights of a saved voice, with a fresh optimizer.
     *
     * @param atStep step of the voice; the count continues from it
     * @throws Problem naming every tensor that is missing or has another shape, or the first that is not finite
     */
    public void from(Path embeddingFile, Path wavenetFile, long atStep) {
        Map<String, TorchTensor> weights =
                new LinkedHashMap<>(StateDict.readUnmapped(wavenetFile).tensors());
        weights.putAll(StateDict.readUnmapped(embeddingFile).tensors());
        restore(weights);
        training.optimizer().average();
        step = atStep;
    }

    private void restore(Map<String, TorchTensor> weights) {
        List<String> differences = new ArrayList<>();
        training.optimizer().parameters().forEach((name, p) -> {
            TorchTensor t = weights.get(name);
            if (t == null || !Arrays.equals(t.shape(), p.getShape().getShape())) {
                differences.add(name + (t == null ? " is missing" : " is " + t + " instead of " + p.getShape()));
            }
        });
        if (!differences.isEmpty()) {
            throw Problem.in(
                    "train",
                    "the weights of a network of these hparams",
                    differences.size() + " differences: "
                            + String.join("; ", differences.subList(0, Math.min(8, differences.size()))),
                    "take the hparams that came with the checkpoint");
        }
        Map<String, TorchTensor> own = new LinkedHashMap<>(weights);
        own.keySet().retainAll(training.optimizer().parameters().keySet());
        FiniteTensors.require("weights to begin from", own, "take another voice or an older checkpoint");
        training.optimizer().restore(weights);
    }

    @Override
    public void close() {
        training.close();
        manager.close();
    }
}
