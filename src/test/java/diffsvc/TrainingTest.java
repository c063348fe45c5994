package diffsvc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.training.Dataset;
import diffsvc.training.JointTraining;
import diffsvc.training.TrainingRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Joint training on a toy: both models learn, a resumed run is the uninterrupted one, a saved voice opens, the warm start passes noise through. */
class TrainingTest {
    private static final Hparams HPARAMS = Arg2Hparams.apply(Hparams.defaults(), "project=toy,audio.mel_bins=8,embedding.hidden_size=6,wavenet.residual_channels=16,"
            + "wavenet.residual_layers=2,noise.steps=50,noise.max_beta=0.1,training.batch=4,training.crop_frames=24,training.lr=2e-3,training.ema_decay=0.9,training.seed=3");
    @TempDir Path folder;

    /** Clips whose mel follows unit and pitch, one of them shorter than a crop. */
    private static Dataset toy() {
        Random random = new Random(1);
        List<Dataset.Clip> clips = new ArrayList<>();
        for (int frames : new int[] {60, 40, 15}) {
            int p = frames * 50 / 86 + 1;
            float[] mel = new float[frames * 8], units = new float[p * 6], f0 = new float[frames];
            for (int i = 0; i < units.length; i++) {
                units[i] = (float) random.nextGaussian();
            }
            for (int t = 0; t < frames; t++) {
                f0[t] = t % 10 == 0 ? 0 : 150 + 100 * random.nextFloat();
                for (int m = 0; m < 8; m++) {
                    mel[t * 8 + m] = -2.5f + units[Math.min(p - 1, t * 50 / 86) * 6 + m % 6];
                }
            }
            clips.add(new Dataset.Clip("clip" + frames, mel, 8, List.of(units), 6, f0));
        }
        return new Dataset(clips);
    }

    @Test void oneBackwardPassReachesBothModelsAndTheLossFalls() {
        try (NDManager m = NDManager.newBaseManager(); TrainingRun run = new TrainingRun(m, HPARAMS, toy())) {
            double first = 0, last = 0;
            for (int i = 0; i < 120; i++) {
                double loss = run.update().loss();
                first += i < 30 ? loss / 30 : 0;
                last += i >= 90 ? loss / 30 : 0;
            }
            assertTrue(last < 0.8 * first, first + " to " + last);
            try (NDManager scratch = m.newSubManager()) {
                run.training().accumulate(run.batch(scratch));
            }
            Map<String, Double> norms = run.training().optimizer().gradientNorms();
            norms.forEach((name, norm) -> assertTrue(norm > 0, name + " has no gradient"));
            assertTrue(norms.containsKey("fs2.pitch_embed.weight") && norms.containsKey("denoise_fn.input_projection.weight"));
        }
    }

    @Test void aResumedRunIsTheUninterruptedOneToTheBit() {
        Path state = folder.resolve("state.pt");
        List<Double> whole = new ArrayList<>(), parts = new ArrayList<>();
        try (NDManager m = NDManager.newBaseManager(); TrainingRun run = new TrainingRun(m, HPARAMS, toy())) {
            for (int i = 0; i < 8; i++) {
                whole.add(run.update().loss());
                if (i == 4) {
                    run.saveState(state);
                }
            }
        }
        try (NDManager m = NDManager.newBaseManager(); TrainingRun run = new TrainingRun(m, HPARAMS, toy())) {
            run.resume(state);
            assertEquals(5, run.step());
            for (int i = 0; i < 3; i++) {
                parts.add(run.update().loss());
            }
        }
        assertEquals(whole.subList(5, 8), parts);
    }

    @Test void aSavedVoiceOpensWithTheSameWeights() {
        try (NDManager m = NDManager.newBaseManager(); TrainingRun run = new TrainingRun(m, Arg2Hparams.apply(HPARAMS, "training.ema_decay=0"), toy())) {
            run.update();
            Hparams saved = run.saveVoice(folder.resolve("toy"));
            assertEquals(1, saved.steps());
            assertEquals(saved, HparamsYaml.read(folder.resolve("toy/hparams.yaml")));
            StateDict file = StateDict.read(folder.resolve("toy/wavenet_model_steps_1.pt"));
            try (WaveNet net = WaveNet.load(m, saved, file); EmbeddingModel embedding = EmbeddingModel.load(m, saved, StateDict.read(folder.resolve("toy/embedding_model_steps_1.pt")))) {
                net.weights().all().forEach((k, v) -> assertArrayEquals(run.training().wavenet().weights().get(k).toFloatArray(), v.toFloatArray(), 0, k));
                embedding.weights().all().forEach((k, v) -> assertArrayEquals(run.training().embedding().weights().get(k).toFloatArray(), v.toFloatArray(), 0, k));
            }
            assertEquals(50, file.size("betas", 0));
        }
    }

    @Test void theWarmStartAnswersThatAllOfItIsNoise() {
        Hparams warm = Arg2Hparams.apply(HPARAMS, "training.warm_start=true");
        try (NDManager m = NDManager.newBaseManager(); TrainingRun run = new TrainingRun(m, warm, toy()); NDManager scratch = m.newSubManager()) {
            JointTraining.Batch batch = run.batch(scratch);
            NDArray x = scratch.randomNormal(new Shape(4, 1, 8, 24)).mul(0.5f);
            NDArray cond = run.training().embedding().embed(batch.conds()).forDenoiser();
            NDArray guess = run.training().wavenet().predict(x, batch.t(), cond);
            assertEquals(0, guess.sub(x).abs().max().getFloat(), 0.02);      // tanh bends a little
        }
        Hparams narrow = Arg2Hparams.apply(HPARAMS, "training.warm_start=true,wavenet.residual_channels=12");
        try (NDManager m = NDManager.newBaseManager()) {
            assertTrue(assertThrows(Problem.class, () -> new TrainingRun(m, narrow, toy())).getMessage().contains("16 channels"));
        }
    }

    @Test void aDatasetSurvivesItsFileAndItsRangeHoldsEveryMel() {
        Dataset data = toy();
        data.write(folder.resolve("d.pt"));
        Dataset back = Dataset.read(folder.resolve("d.pt"));
        assertArrayEquals(data.clips().get(0).mel(), back.clips().get(0).mel(), 2e-3f);
        assertArrayEquals(data.clips().get(2).f0Hz(), back.clips().get(2).f0Hz(), 0);
        List<List<Double>> range = data.melRange();
        for (float v : data.clips().get(1).mel()) {
            assertTrue(range.get(0).stream().anyMatch(low -> low <= v) && range.get(1).stream().anyMatch(high -> high >= v));
        }
    }

    @Test void updatesLeaveNoTensorBehind() {
        try (NDManager m = NDManager.newBaseManager(); TrainingRun run = new TrainingRun(m, HPARAMS, toy())) {
            run.update();
            run.update();
            int before = run.training().wavenet().weights().manager().getManagedArrays().size() + run.training().embedding().weights().manager().getManagedArrays().size();
            for (int i = 0; i < 5; i++) {
                run.update();
            }
            assertEquals(before, run.training().wavenet().weights().manager().getManagedArrays().size() + run.training().embedding().weights().manager().getManagedArrays().size());
        }
    }

    /** The launcher's way: a run from a voice, and its resumption, scale mels as that voice did, whatever range the dataset suggests. */
    @Test void goingOnFromAVoiceKeepsItsMelRange() {
        toy().write(folder.resolve("data.pt"));
        HparamsYaml.write(folder.resolve("hparams.yaml"), HPARAMS.withSpec(List.of(-9.0), List.of(9.0)));
        List<Double> range;
        try (NDManager m = NDManager.newBaseManager(); TrainingRun run = new TrainingRun(m, HPARAMS, toy())) {
            range = run.saveVoice(folder.resolve("old")).noise().specMin();
        }
        String data = folder.resolve("data.pt").toString(), old = folder.resolve("old").toString(), out = folder.resolve("new").toString();
        assertEquals(0, diffsvc.cli.Main.run("train", data, "--from", old, "--out", out, "--hparams", "training.steps=2"));
        assertEquals(range, HparamsYaml.read(folder.resolve("new/hparams.yaml")).noise().specMin());
        assertEquals(0, diffsvc.cli.Main.run("train", data, "--out", out, "--hparams", "training.steps=3"));
        Hparams resumed = HparamsYaml.read(folder.resolve("new/hparams.yaml"));
        assertEquals(range, resumed.noise().specMin());
        assertEquals(3, resumed.steps());
        assertEquals(0, diffsvc.cli.Main.run("train", data, "--out", folder.resolve("fresh").toString(), "--hparams", "training.steps=1"));
        assertEquals(List.of(-9.0), HparamsYaml.read(folder.resolve("fresh/hparams.yaml")).noise().specMin());
    }
}
