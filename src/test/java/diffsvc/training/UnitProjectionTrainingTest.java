package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.checkpoint.Divider;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.files.Output;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Pairing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A voice whose units are wider than its condition: trained, saved, opened, merged and divided. */
class UnitProjectionTrainingTest {
    private static final String WEIGHT = "fs2.unit_projection.weight", BIAS = "fs2.unit_projection.bias";
    private static final Hparams WIDE = Arg2Hparams.apply(
                    Hparams.defaults(),
                    "audio.mel_bins=8,embedding.hidden_size=6,embedding.unit_size=10,hubert.kind=whisper,"
                            + "hubert.file=whisper_tiny_en.safetensors,wavenet.residual_channels=16,"
                            + "wavenet.residual_layers=2,noise.steps=50,noise.max_beta=0.1,training.batch=2,"
                            + "training.crop_frames=24")
            .project("toy");

    @TempDir
    Path folder;

    private static Dataset toy() {
        Random random = new Random(1);
        float[] mel = new float[40 * 8], units = new float[24 * 10], f0 = new float[40];
        for (int i = 0; i < mel.length; i++) {
            mel[i] = -2.5f + (float) random.nextGaussian() / 2;
        }
        for (int i = 0; i < units.length; i++) {
            units[i] = (float) random.nextGaussian();
        }
        Arrays.fill(f0, 220);
        return Dataset.of(List.of(Clip.of("clip", mel, 8, List.of(units), 10, f0)));
    }

    @Test
    void theProjectionLearnsIsSavedAndGoesThroughMergeAndDivide() {
        Path models = folder.resolve("models"), voice = models.resolve("toy");
        float[] weight;
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, WIDE, toy())) {
            float[] before = run.state().weights().get(WEIGHT).toFloats();
            run.train(3);
            weight = run.state().weights().get(WEIGHT).toFloats();
            assertFalse(Arrays.equals(before, weight), "the projection learns");
            float[] bias = run.state().weights().get(BIAS).toFloats();
            assertFalse(Arrays.equals(new float[6], bias), "and its bias");
            run.saveVoice(voice);
        }
        ModelFiles files = ModelFiles.in(models);
        ModelFiles.Pair pair = files.project("toy");
        assertEquals(10, pair.hparams().embedding().unitWidth());
        assertEquals("whisper", pair.hparams().hubert().kind());
        try (NDManager m = NDManager.newBaseManager();
                EmbeddingModel model = EmbeddingModel.load(m, pair.hparams(), StateDict.read(pair.embedding()))) {
            assertArrayEquals(
                    weight, model.weights().get("unit_projection.weight").toFloatArray());
        }
        Path merged = folder.resolve("model_ckpt_steps_3.ckpt"), again = folder.resolve("again");
        Divider.merge(voice, merged, Output.CAREFUL);
        assertArrayEquals(weight, StateDict.read(merged).tensors().get(WEIGHT).toFloats());
        Divider.divide(merged, voice.resolve("hparams.yaml"), again, Output.CAREFUL);
        TorchTensor kept = StateDict.read(again.resolve("embedding_model_steps_3.pt"))
                .tensors()
                .get(WEIGHT);
        assertArrayEquals(weight, kept.toFloats());
    }

    /** A value in a type's range is rounded to 11 or 8 bits; float16 has steps of 2^-24 at its lower end. */
    @ParameterizedTest
    @CsvSource({"float16, HALF, 0x1p-11, 0x1p-25", "bfloat16, BFLOAT16, 0x1p-8, 0x0p0"})
    void weightsInAShortTypeAreTheWeightsRounded(String type, TorchTensor.Type stored, double share, double least)
            throws IOException {
        Path models = folder.resolve("models");
        Hparams half = Arg2Hparams.apply(WIDE.project("half"), "training.saved_weights=" + type);
        Map<String, float[]> weights = new HashMap<>();
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, half, toy())) {
            run.train(2);
            run.state().weights().forEach((name, tensor) -> weights.put(name, tensor.toFloats()));
            run.saveVoice(models.resolve("half"));
        }
        ModelFiles.Pair pair = ModelFiles.in(models).project("half");
        StateDict wavenet = StateDict.read(pair.wavenet()), embedding = StateDict.read(pair.embedding());
        Map<String, TorchTensor> networks = new HashMap<>(embedding.tensors());
        networks.putAll(wavenet.tensors());
        networks.keySet().removeIf(name -> !name.startsWith("fs2.") && !name.startsWith("denoise_fn."));
        assertEquals(29, networks.size());
        networks.forEach((name, saved) -> {
            float[] want = weights.get(name);
            assertEquals(stored, saved.type(), name);
            float[] got = saved.toFloats();
            for (int i = 0; i < want.length; i++) {
                assertEquals(want[i], got[i], Math.max(Math.abs(want[i]) * share, least), name);
            }
        });
        assertEquals(TorchTensor.Type.FLOAT, wavenet.tensors().get("betas").type());
        try (NDManager m = NDManager.newBaseManager();
                EmbeddingModel model = EmbeddingModel.load(m, pair.hparams(), embedding)) {
            assertArrayEquals(
                    embedding.tensors().get(WEIGHT).toFloats(),
                    model.weights().get("unit_projection.weight").toFloatArray());
        }
    }

    /** The step is the power of two at a tensor's deviation over the levels or below it; vectors are not rounded. */
    @Test
    void weightsOnLevelsAreTheNearestMultiplesOfAPowerOfTwo() throws IOException {
        Path models = folder.resolve("models");
        Hparams levels =
                Arg2Hparams.apply(WIDE.project("levels"), "training.saved_levels=4,training.saved_weights=bfloat16");
        Map<String, TorchTensor> weights = new HashMap<>();
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, levels, toy())) {
            run.train(2);
            run.state().weights().forEach((name, t) -> weights.put(name, TorchTensor.of(t.toFloats(), t.shape())));
            run.saveVoice(models.resolve("levels"));
        }
        ModelFiles.Pair pair = ModelFiles.in(models).project("levels");
        Map<String, TorchTensor> networks =
                new HashMap<>(StateDict.read(pair.embedding()).tensors());
        networks.putAll(StateDict.read(pair.wavenet()).tensors());
        networks.keySet().retainAll(weights.keySet());
        assertEquals(29, networks.size());
        int rounded = 0;
        for (String name : networks.keySet()) {
            float[] want = weights.get(name).toFloats(),
                    got = networks.get(name).toFloats();
            double mean = 0, variance = 0;
            for (float v : want) {
                mean += v / (double) want.length;
            }
            for (float v : want) {
                variance += (v - mean) * (v - mean) / want.length;
            }
            double most = Math.sqrt(variance) / 4, step = 1;
            while (step > most && step > 0x1p-100) {
                step /= 2;
            }
            while (2 * step <= most) {
                step *= 2;
            }
            boolean vector = weights.get(name).shape().length < 2;
            for (int i = 0; i < want.length; i++) {
                if (vector || most == 0) {
                    assertEquals(want[i], got[i], Math.abs(want[i]) * 0x1p-8, name);
                } else {
                    assertEquals(0, Math.abs(Math.IEEEremainder(got[i], step)), name);
                    assertEquals(want[i], got[i], step / 2 + Math.abs(want[i]) * 0x1p-8, name);
                    rounded++;
                }
            }
        }
        assertTrue(rounded > 1000, rounded + " weights were rounded");
    }

    @Test
    void aDatasetOfAnotherWidthNamesTheKeyThatTrainsAProjection() {
        ModelFiles files = ModelFiles.in(folder);
        assertEquals(List.of(), Pairing.ofTraining(files, WIDE, 10, 8).clashes());
        Hparams without = Arg2Hparams.apply(WIDE, "embedding.unit_size=0");
        String clash =
                Pairing.ofTraining(files, without, 10, 8).clashes().get(0).what();
        assertTrue(clash.contains("embedding.unit_size=10 trains a projection"), clash);
    }
}
