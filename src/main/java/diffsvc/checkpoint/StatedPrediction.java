package diffsvc.checkpoint;

import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.PredictionKind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What a denoiser predicts, as its checkpoint states it: a buffer [1] in float64 beside the schedule's,
 * {@code v_prediction} (1) or {@code edm_prediction} (noise.sigma_data), and none for eps. It stays with the weights
 * through dividing, merging and resuming, and the Python project's strict load refuses it: that project samples every
 * denoiser as eps.
 *
 * @param sigmaData noise.sigma_data; 0 for other kinds than edm
 */
public record StatedPrediction(PredictionKind kind, double sigmaData) {
    /** What the files of the Python project predict. */
    public static final StatedPrediction EPS = new StatedPrediction(PredictionKind.EPS, 0);

    /** What settings ask for. */
    public static StatedPrediction of(Hparams.Noise noise) {
        return new StatedPrediction(noise.predicts(), noise.predicts() == PredictionKind.EDM ? noise.sigmaData() : 0);
    }

    /**
     * What a checkpoint states; empty where it has no such buffer.
     *
     * @param file named in errors; may be null
     * @param tensors by name, with any prefix
     * @throws Problem for two such buffers, or a sigma_data that no setting can have
     */
    public static Optional<StatedPrediction> in(Path file, Map<String, TorchTensor> tensors) {
        StatedPrediction found = null;
        for (PredictionKind kind : PredictionKind.values()) {
            for (Map.Entry<String, TorchTensor> e : tensors.entrySet()) {
                if (isBuffer(kind, e.getKey())) {
                    if (found != null) {
                        throw wrong(file, "one kind of prediction", found.kind + " and " + kind);
                    }
                    found = new StatedPrediction(kind, kind == PredictionKind.EDM ? sigmaData(file, e.getValue()) : 0);
                }
            }
        }
        return Optional.ofNullable(found);
    }

    /** The same of a file's tensors. */
    public static Optional<StatedPrediction> in(StateDict state) {
        return in(state.file(), state.tensors());
    }

    /** Whether a tensor of that name is such a buffer. */
    public static boolean isBuffer(String name) {
        for (PredictionKind kind : PredictionKind.values()) {
            if (isBuffer(kind, name)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isBuffer(PredictionKind kind, String name) {
        return !kind.buffer().isEmpty() && (name.equals(kind.buffer()) || name.endsWith("." + kind.buffer()));
    }

    private static double sigmaData(Path file, TorchTensor tensor) {
        if (tensor.size() != 1) {
            throw wrong(file, "edm_prediction of one value", tensor.toString());
        }
        double value = tensor.toDoubles()[0];
        try {
            return Hparams.defaults().noise().sigmaData(value).sigmaData(); // has the bounds
        } catch (Problem beyond) {
            throw file == null ? beyond : beyond.reworded(sentence -> file + ": " + sentence);
        }
    }

    private static Problem wrong(Path file, String need, String got) {
        String remedy = "train the voice again, or take a checkpoint that training wrote";
        return file == null
                ? Problem.in("checkpoint", need, got, remedy)
                : Problem.in("checkpoint", file, need, got, remedy);
    }

    /** The buffer by which a checkpoint states it, by its name; none for eps. */
    public Map<String, TorchTensor> buffers() {
        if (kind == PredictionKind.EPS) {
            return Map.of();
        }
        ByteBuffer value = ByteBuffer.allocate(Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        value.putDouble(0, kind == PredictionKind.EDM ? sigmaData : 1);
        return Map.of(kind.buffer(), TorchTensor.ofBytes(TorchTensor.Type.DOUBLE, value, 1));
    }

    /** Settings with this prediction. */
    public Hparams.Noise on(Hparams.Noise noise) {
        Hparams.Noise named = noise.prediction(kind.text());
        return kind == PredictionKind.EDM ? named.sigmaData(sigmaData) : named;
    }

    /** "eps", "v" or "edm, sigma_data 0.12". */
    @Override
    public String toString() {
        return kind.text() + (kind == PredictionKind.EDM ? ", sigma_data " + sigmaData : "");
    }
}
