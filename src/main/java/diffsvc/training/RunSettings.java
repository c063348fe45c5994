package diffsvc.training;

import diffsvc.check.Problem;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.Overrides;
import diffsvc.hparams.PredictionKind;
import diffsvc.voice.Effect;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * The settings of a run: those it begins with, and overrides. A key that the dataset or a file decides is refused if an
 * override gives it another value, instead of being ignored.
 *
 * @param dataset hparams.yaml of the dataset
 * @param base settings without overrides
 * @param decider the file that decides schedule and mel range, "the checkpoint"; null for a run that begins at step 0
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
     */
    public static RunSettings fresh(Hparams dataset, String project) {
        return new RunSettings(dataset, dataset.project(project), null);
    }

    /**
     * A run that resumes from its own checkpoint, or begins from one of another run.
     *
     * @param dataset hparams.yaml of the dataset
     * @param base the run's own settings, or the dataset's
     * @throws Problem when dataset and run do not have the same mel or encoder
     */
    public static RunSettings fromCheckpoint(Hparams dataset, Hparams base, String project) {
        requireSameSound(dataset, base, "the run");
        return new RunSettings(dataset, base.project(project), "the checkpoint");
    }

    /**
     * A run that begins from a voice: it keeps the schedule and the mel range that the weights were trained with.
     *
     * @param dataset hparams.yaml of the dataset
     * @param project name of the run
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
        if (dataset.hubert().type() != weights.hubert().type()) {
            throw Problem.in(
                    STAGE,
                    "a dataset with the units that " + whose + " was trained on",
                    "hubert.kind=" + dataset.hubert().kind() + " where " + whose + " has "
                            + weights.hubert().kind(),
                    "preprocess again with that encoder, or choose another dataset with --data");
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
     * @param overrides key=value, separated by commas
     * @throws Problem naming a key that would have no effect
     */
    public Hparams with(String overrides) {
        return checked(new Overrides(STAGE, overrides), overrides);
    }

    /**
     * The settings with overrides and a number of steps.
     *
     * @param overrides key=value, separated by commas; training.steps is refused
     * @param steps training.steps
     * @throws Problem naming a key that would have no effect
     */
    public Hparams with(String overrides, int steps) {
        Overrides keys = new Overrides(STAGE, overrides);
        keys.refuse("--steps is given", "leave one out", "training.steps");
        return checked(keys, Arg2Hparams.join(overrides, "training.steps=" + steps));
    }

    /**
     * The settings with an edit.
     *
     * @param edit of every scope but project and steps
     * @return settings in force
     * @throws Problem naming a key that would have no effect
     */
    public Hparams with(UnaryOperator<Hparams> edit) {
        Hparams asked = edit.apply(base);
        List<String> changed = List.copyOf(Effect.changed(base, asked));
        new Overrides(STAGE, String.join(",", changed)).refuseProjectAndSteps();
        return checked(asked, changed);
    }

    private Hparams checked(Overrides keys, String all) {
        keys.refuseProjectAndSteps();
        return checked(Arg2Hparams.apply(base, all), keys.keys());
    }

    private Hparams checked(Hparams asked, List<String> keys) {
        for (String key : keys) {
            boolean shaped = key.startsWith("audio.")
                    || key.startsWith("hubert.")
                    || key.startsWith("dataset.")
                    || List.of("pitch.extractor", "pitch.f0_min_hz", "pitch.f0_max_hz")
                            .contains(key);
            if (key.equals("noise.sigma_data") && asked.noise().predicts() != PredictionKind.EDM) {
                throw Problem.in(
                        STAGE,
                        "keys that have an effect here",
                        key + " with noise.prediction " + asked.noise().prediction(),
                        "leave it out, or set noise.prediction=edm");
            }
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
