package diffsvc.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Joint training from update to update, resumable: every draw is fixed by (seed, step), and the state file holds weights, moments, averages
 * and the step.
 */
public final class TrainingRun implements AutoCloseable {
    /** What an update did. */
    public record Update(long step, double loss, double gradientNorm, double lr) {}

    private final NDManager manager;
    private final Hparams hparams;
    private final Dataset data;
    private final JointTraining training;
    private final NDArray average;
    private long step;

    /** A new run: random weights, or the warm start if the hparams ask for it. */
    public TrainingRun(NDManager parent, Hparams hparams, Dataset data) {
        this.manager = parent.newSubManager();
        this.hparams = hparams;
        this.data = data;
        WaveNet wavenet = WaveNet.random(manager, WaveNet.Sizes.of(hparams), hparams.training().seed());
        if (hparams.training().warmStart()) {
            WarmStart.passThrough(wavenet);
        } else {
            wavenet.weights().get("output_projection.weight").muli(0f);   // as the reference: the first guess is no noise
        }
        EmbeddingModel embedding = EmbeddingModel.random(manager, hparams, hparams.training().seed() + 1);
        training = new JointTraining(manager, hparams, embedding, wavenet, NoiseSchedule.of(hparams.noise()), MelRange.of(hparams.noise()));
        average = own(manager, training.optimizer());
        step = hparams.steps();
    }

    private static NDArray own(NDManager manager, AdamW optimizer) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray copy = optimizer.flat(scratch).duplicate();
            copy.attach(manager);
            return copy;
        }
    }

    public JointTraining training() {
        return training;
    }

    public long step() {
        return step;
    }

    /** The next update's batch; it belongs to {@code scratch}. */
    public JointTraining.Batch batch(NDManager scratch) {
        return data.batch(scratch, hparams, training.noise().steps(), hparams.training().seed(), step);
    }

    /**
     * One update.
     *
     * @throws Problem when the loss is not finite; the weights are as before
     */
    public Update update() {
        try (NDManager scratch = manager.newSubManager()) {
            double loss = training.accumulate(batch(scratch));
            if (!Double.isFinite(loss)) {
                throw Problem.in("train", "a finite loss", loss + " at step " + step, "lower training.lr, or look at the clips of this batch");
            }
            double lr = JointTraining.learningRate(hparams.training().lr(), hparams.training().decaySteps(), step), norm = training.update(step);
            double decay = Math.min(hparams.training().emaDecay(), (1 + step) / (10.0 + step));   // short memory at first
            scratch.tempAttachAll(average);
            average.muli((float) decay).addi(training.optimizer().flat(scratch).mul((float) (1 - decay)));
            return new Update(++step, loss, norm, lr);
        }
    }

    /** Mean loss of the present weights over draws that are the same at every call, and other ones than training's: for before and after. */
    public double probe(int draws) {
        double sum = 0;
        for (int i = 0; i < draws; i++) {
            try (NDManager scratch = manager.newSubManager()) {
                sum += training.loss(data.batch(scratch, hparams, training.noise().steps(), ~hparams.training().seed(), i)).getFloat();
            }
        }
        return sum / draws;
    }

    /** The averaged weights (the last ones if ema_decay is 0) as a voice in {@code folder}. */
    public Hparams saveVoice(Path folder) {
        Hparams done = hparams.withSteps(step);
        try (NDManager scratch = manager.newSubManager()) {
            Map<String, TorchTensor> named = training.optimizer().named(hparams.training().emaDecay() > 0 ? average : training.optimizer().flat(scratch));
            Voice.save(folder, done, named, training.noise(), training.range());
        }
        return done;
    }

    /** Everything that is needed to go on, in one file. */
    public void saveState(Path file) {
        Map<String, Object> state = new LinkedHashMap<>();
        state.put("global_step", step);
        try (NDManager scratch = manager.newSubManager()) {
            state.put("state_dict", training.optimizer().named(training.optimizer().flat(scratch)));
        }
        state.put("average", training.optimizer().named(average));
        state.put("exp_avg", training.optimizer().firstMoments());
        state.put("exp_avg_sq", training.optimizer().secondMoments());
        state.put("updates", training.optimizer().updates());
        TorchFile.write(file, state);
    }

    /** Goes on from a state file. */
    @SuppressWarnings("unchecked")
    public void resume(Path file) {
        if (!Files.exists(file) || !(TorchFile.read(file) instanceof Map<?, ?> state && state.get("exp_avg") instanceof Map)) {
            throw Problem.in("train", file, "a training state", "another file", "give one that train wrote");
        }
        step = (Long) state.get("global_step");
        restore((Map<String, TorchTensor>) state.get("state_dict"));
        training.optimizer().resume((Map<String, TorchTensor>) state.get("exp_avg"), (Map<String, TorchTensor>) state.get("exp_avg_sq"), (Long) state.get("updates"));
        fillAverage((Map<String, TorchTensor>) state.get("average"));
    }

    /** Starts from a saved voice's weights with a fresh optimizer; the step goes on counting. */
    public void from(Path embeddingFile, Path wavenetFile, long atStep) {
        Map<String, TorchTensor> weights = new LinkedHashMap<>(StateDict.read(wavenetFile).tensors());
        weights.putAll(StateDict.read(embeddingFile).tensors());
        restore(weights);
        fillAverage(weights);
        step = atStep;
    }

    private void restore(Map<String, TorchTensor> weights) {
        training.wavenet().weights().all().keySet().forEach(k -> training.wavenet().weights().fill(k, weights.get("denoise_fn." + k).toFloats()));
        training.embedding().weights().all().keySet().forEach(k -> training.embedding().weights().fill(k, weights.get("fs2." + k).toFloats()));
    }

    private void fillAverage(Map<String, TorchTensor> weights) {
        float[] all = new float[(int) average.size()];
        int at = 0;
        for (Map.Entry<String, NDArray> e : training.optimizer().parameters().entrySet()) {
            float[] part = weights.get(e.getKey()).toFloats();
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        try (NDManager scratch = manager.newSubManager()) {
            average.muli(0f).addi(scratch.create(all));
        }
    }

    @Override public void close() {
        training.close();
        manager.close();
    }
}
