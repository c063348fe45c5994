package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.dataset.Batch;
import diffsvc.dataset.Batches;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.diffusion.Ddpm;
import diffsvc.diffusion.Denoising;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.PredictionKind;
import diffsvc.random.KeyedRandom;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One clip of eight bins, learned by heart from a first answer of zero, comes out of the noise for each prediction. */
class PredictedClipTest {
    private static final int FRAMES = 40, BINS = 8, UPDATES = 450;

    private static Clip clip() {
        Random random = new Random(4);
        int p = FRAMES * 50 / 86 + 1;
        float[] mel = new float[FRAMES * BINS], units = new float[p * 6], f0 = new float[FRAMES];
        for (int i = 0; i < units.length; i++) {
            units[i] = (float) random.nextGaussian();
        }
        for (int t = 0; t < FRAMES; t++) {
            f0[t] = 200;
            for (int m = 0; m < BINS; m++) {
                mel[t * BINS + m] = (float) (-2.5 + 0.7 * random.nextGaussian());
            }
        }
        return Clip.of("clip", mel, BINS, List.of(units), 6, f0);
    }

    @Tag("conversion")
    @ParameterizedTest
    @EnumSource
    void theClipComesBack(PredictionKind kind) {
        // (mel + 5) / 2.5 - 1 has the deviation 0.7 / 2.5
        Hparams h = Arg2Hparams.apply(
                Hparams.defaults(),
                "project=toy,audio.mel_bins=8,embedding.hidden_size=6,wavenet.residual_channels=48,"
                        + "wavenet.residual_layers=3,noise.steps=100,noise.max_beta=0.15,training.batch=8,"
                        + "training.crop_frames=0,training.lr=4e-3,training.decay_steps=150,noise.sigma_data=0.28,"
                        + "noise.prediction=" + kind.text());
        Dataset eight = Dataset.of(Collections.nCopies(8, clip()));
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, h, eight);
                NDManager scratch = m.newSubManager()) {
            double before = run.probe(40);
            run.train(UPDATES);
            double after = run.probe(40);
            JointTraining training = run.training();
            Batch batch = new Batches(List.of(clip()), h, 100).fixed(scratch, 1, 0, Integer.MAX_VALUE);
            Ddpm ddpm = new Ddpm(training.noise(), (y, t) -> KeyedRandom.of(y.getManager(), 5, "posterior", t)
                    .normal(y.getShape()));
            NDArray noise = KeyedRandom.of(scratch, 5, "start", 0).normal(new Shape(1, 1, BINS, FRAMES));
            NDArray cond = training.embedding().embed(batch.conds()).forDenoiser();
            NDArray x = Denoising.run(
                    ddpm, training.prediction().eps(training.wavenet().given(cond)), noise, ddpm.times(100, 50));
            NDArray sampled = training.range().denorm(x, batch.conds().mel2ph());
            double error = sampled.reshape(batch.mels().getShape())
                    .sub(batch.mels())
                    .square()
                    .mean()
                    .getFloat();
            System.out.printf(
                    "%s: loss %.4f to %.4f, error of the sampled mel %.3f of its deviation%n",
                    kind.text(), before, after, Math.sqrt(error) / 0.7);
            assertTrue(after < 0.5 * before, kind + ": " + before + " to " + after);
            assertTrue(Math.sqrt(error) < 0.5 * 0.7, kind + ": " + Math.sqrt(error));
        }
    }
}
