package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.Overrides;
import java.util.List;
import java.util.Map;

/**
 * The settings of a run: those it begins with, and what somebody overrides. A key that the dataset or a file decides is
 * refused where it says something else, instead of being passed over.
 *
 * @param dataset hparams.yaml of the dataset
 * @param base what the run would have without overrides
 * @param decider whose schedule and mel range hold, "the checkpoint"; null for a run that begins at step 0
 */
public record RunSettings(Hparams dataset, Hparams base, String decider) {
    private static final String STAGE = "train";
    private static final List<String> FILE_DECIDES = List.of(
            "noise.steps",
            "noise.schedule",
            "noise.max_beta",
            "noise.spec_min",
            "noise.spec_max",
            "training.warm_start");
    private static final List<String> SOUND = List.of(
            "audio.sample_rate_hz",
            "audio.hop_samples",
            "audio.window_samples",
            "audio.fft_size",
            "audio.mel_bins",
            "audio.fmin_hz",
            "audio.fmax_hz");

    /**
     * A run that begins with random weights.
     *
     * @param dataset hparams.yaml of the dataset
     * @param project its name
     * @return the dataset's settings
     */
    public static RunSettings fresh(Hparams dataset, String project) {
        return new RunSettings(dataset, dataset.project(project), null);
    }

    /**
     * A run that goes on from its own checkpoint, or begins from one of another run.
     *
     * @param dataset hparams.yaml of the dataset
     * @param base the run's own, or the dataset's
     * @param project its name
     * @return base
     */
    public static RunSettings fromCheckpoint(Hparams dataset, Hparams base, String project) {
        requireSameSound(dataset, base, "the run");
        return new RunSettings(dataset, base.project(project), "the checkpoint");
    }

    /**
     * A run that begins from a voice: the schedule and the mel range that its weights were trained under hold.
     *
     * @param dataset hparams.yaml of the dataset
     * @param voice its hparams.yaml
     * @param project name of the run
     * @return the dataset's settings with the voice's noise
     * @throws Problem when dataset and voice do not have the same mel or encoder
     */
    public static RunSettings fromVoice(Hparams dataset, Hparams voice, String project) {
        requireSameSound(dataset, voice, "the voice");
        Hparams base = dataset.noise(n -> voice.noise()).project(project);
        return new RunSettings(dataset, base, "the voice");
    }

    private static void requireSameSound(Hparams dataset, Hparams weights, String whose) {
        for (String key : SOUND) {
            Object made = value(dataset, key), trained = value(weights, key);
            if (!made.equals(trained)) {
                throw Problem.in(
                        STAGE,
                        "a dataset with the mel that " + whose + " was trained on",
                        key + "=" + made + " where " + whose + " has " + trained,
                        "preprocess again with --hparams " + key + "=" + trained
                                + ", or choose another dataset with --data");
            }
        }
        String made = dataset.hubert().sha256(), trained = weights.hubert().sha256();
        if (!made.isEmpty() && !trained.isEmpty() && !made.equals(trained)) {
            throw Problem.in(
                    STAGE,
                    "a dataset with the units that " + whose + " was trained on",
                    "the encoder "
                            + dataset.hubert().file() + " where " + whose + " has "
                            + weights.hubert().file() + " with another SHA-256",
                    "preprocess again with that encoder, or choose another dataset with --data");
        }
    }

    /**
     * The settings with overrides.
     *
     * @param overrides key=value with commas between
     * @param steps of {@code --steps}; null = not given
     * @return settings in force
     * @throws Problem naming a key that would have no effect
     */
    public Hparams with(String overrides, Integer steps) {
        Overrides keys = new Overrides(STAGE, overrides);
        keys.refuseProjectAndSteps();
        if (steps != null) {
            keys.refuse("--steps says it too", "give one of the two", "training.steps");
        }
        Hparams asked =
                Arg2Hparams.apply(base, Arg2Hparams.join(overrides, steps == null ? "" : "training.steps=" + steps));
        for (String key : keys.keys()) {
            boolean shaped = key.startsWith("audio.")
                    || key.startsWith("hubert.")
                    || key.startsWith("dataset.")
                    || List.of("pitch.extractor", "pitch.f0_min_hz", "pitch.f0_max_hz")
                            .contains(key);
            refuse(key, shaped, asked, dataset, "the dataset", "preprocess again with it");
            refuse(
                    key,
                    decider != null && FILE_DECIDES.contains(key),
                    asked,
                    base,
                    decider,
                    "leave it out, or train a new voice with it");
        }
        return asked;
    }

    private static void refuse(String key, boolean decided, Hparams asked, Hparams there, String whose, String remedy) {
        if (decided && !value(asked, key).equals(value(there, key))) {
            throw Problem.in(
                    STAGE,
                    "keys that have an effect here",
                    key + "=" + value(asked, key) + " where " + whose + ", which decides, has " + value(there, key),
                    remedy);
        }
    }

    private static Object value(Hparams hparams, String key) {
        Object at = HparamsYaml.toMap(hparams);
        for (String part : key.split("\\.")) {
            at = ((Map<?, ?>) at).get(part);
        }
        return at;
    }
}
