package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.dataset.Batches;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** noise.k_step in training: which steps are drawn, where validation starts, and that the voice keeps it. */
class ShallowTrainingTest {
    private static final Hparams ALL = Arg2Hparams.apply(
            Hparams.defaults(),
            "project=toy,audio.mel_bins=8,embedding.hidden_size=6,"
                    + "wavenet.residual_channels=16,wavenet.residual_layers=2,"
                    + "noise.steps=50,noise.max_beta=0.1,training.batch=8,training.crop_frames=24");

    @TempDir
    Path folder;

    private static Dataset toy() {
        Random random = new Random(1);
        float[] mel = new float[40 * 8], units = new float[24 * 6], f0 = new float[40];
        for (int i = 0; i < mel.length; i++) {
            mel[i] = -2.5f + (float) random.nextGaussian() / 2;
        }
        for (int i = 0; i < units.length; i++) {
            units[i] = (float) random.nextGaussian();
        }
        Arrays.fill(f0, 220);
        return Dataset.of(List.of(Clip.of("clip", mel, 8, List.of(units), 6, f0)));
    }

    private static Set<Long> drawn(Hparams hparams) {
        Set<Long> drawn = new TreeSet<>();
        Batches batches = new Batches(toy().training(), hparams, 50);
        for (int i = 0; i < 100; i++) {
            try (NDManager m = NDManager.newBaseManager()) {
                Arrays.stream(batches.batch(m, 1, i).t().toLongArray()).forEach(drawn::add);
                Arrays.stream(batches.fixed(m, 1, i, 24).t().toLongArray()).forEach(drawn::add);
            }
        }
        return drawn;
    }

    @Test
    void onlyTheFirstStepsAreDrawn() {
        assertEquals(50, drawn(ALL).size());
        assertEquals(drawn(ALL), drawn(Arg2Hparams.apply(ALL, "noise.k_step=50")), "all of them is what 0 means");
        assertEquals(new TreeSet<>(List.of(0L, 1L, 2L)), drawn(Arg2Hparams.apply(ALL, "noise.k_step=3")));
        assertEquals(Set.of(0L), drawn(Arg2Hparams.apply(ALL, "noise.k_step=1")));
        Hparams more = Arg2Hparams.apply(ALL, "noise.steps=100,noise.k_step=60");
        assertTrue(assertThrows(Problem.class, () -> new Batches(toy().training(), more, 50))
                .getMessage()
                .contains("noise.k_step from 1 to 50, got 60"));
    }

    @Test
    void validationStartsFromTheRecordingAsTheVoiceWillFromTheSong() {
        double[] apart = new double[2];
        for (int i = 0; i < 2; i++) {
            Hparams h = Arg2Hparams.apply(ALL, i == 0 ? "noise.k_step=1" : "noise.k_step=0");
            try (NDManager m = NDManager.newBaseManager();
                    TrainingRun run = new TrainingRun(m, h, toy())) {
                run.update();
                Validation.Sample sample = new Validation(run, folder).sample(0);
                for (int t = 0; t < sample.mel().length; t++) {
                    for (int b = 0; b < 8; b++) {
                        apart[i] += Math.abs(sample.mel()[t][b] - sample.target()[t][b]) / (8 * sample.mel().length);
                    }
                }
            }
        }
        assertTrue(apart[0] < 0.1 && apart[1] > 0.3, Arrays.toString(apart));
    }

    @Test
    void theVoiceThatIsSavedSaysHowShallowItIs() {
        Hparams h = Arg2Hparams.apply(ALL, "noise.k_step=5");
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, h, toy())) {
            run.update();
            assertNotEquals(run.data().validation().isEmpty(), Double.isFinite(run.validate()));
            run.saveVoice(folder.resolve("toy"));
        }
        assertEquals(
                5, HparamsYaml.read(folder.resolve("toy/hparams.yaml")).noise().kStep());
    }
}
