package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.conds.ContentEncoder;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.dataset.Batch;
import diffsvc.dataset.Batches;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.dataset.Preprocessing;
import diffsvc.diffusion.Ddpm;
import diffsvc.diffusion.Denoising;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.platform.ProcessMemory;
import diffsvc.random.KeyedRandom;
import diffsvc.voice.ModelFiles;
import diffsvc.voice.Networks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One clip of a real song, learned by heart with three of the demo's layers; and, long, whether memory stays flat. */
class OverfitTest {
    private static final int UPDATES = 400, DRAWS = 8, PAIRS = 50;

    @TempDir
    Path folder;

    /** 1.5 s of a song, preprocessed as a user would. */
    private Dataset clip(Hparams hparams) throws Exception {
        Path raw = Files.createDirectories(folder.resolve("raw"));
        Wave song = WavReader.read(Path.of("src/test/resources/songs/music2.wav"));
        WaveWriter.write(raw.resolve("phrase.wav"), song.slice(5, 6.5));
        try (NDManager m = NDManager.newBaseManager();
                ContentEncoder encoder = Networks.encoder(m, hparams, ModelFiles.in(Path.of("models")))) {
            new Preprocessing(hparams, encoder, PraatPitch.of(hparams.pitch())).run(raw, folder.resolve("data"));
        }
        Dataset data = Dataset.open(folder.resolve("data"));
        return Dataset.of(data.training().subList(0, 1));
    }

    private Hparams hparams() {
        return Arg2Hparams.apply(
                HparamsYaml.read(Path.of("models/demo/hparams.yaml")),
                "steps=0,dataset.sung_share=0,dataset.unit_speeds=1,dataset.valid_share=0,training.crop_frames=0,"
                        + "training.volume_db=0,training.unit_noise=0,noise.prediction=eps,training.warm_start=true,"
                        + "wavenet.residual_layers=3,embedding.unit_convs=0,"
                        + "training.batch=1,training.ema_decay=0,training.lr=4e-4,training.decay_steps=200");
    }

    /**
     * @param loss mean over fixed pairs before and after
     * @param error mean absolute error of the sampled mel, log10
     * @param meanError the same of the clip's mean mel
     * @param moved share of the embedding's values that changed
     */
    private record Outcome(double[] loss, double error, double meanError, double moved) {
        boolean learned() {
            return loss[1] <= 0.65 * loss[0] && error < 0.5 * meanError && moved > 0;
        }
    }

    private static Outcome train(Hparams hparams, Dataset data, UnaryOperator<NDArray> onCondition) {
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, hparams, data)) {
            float[] start = run.training()
                    .embedding()
                    .weights()
                    .get("pitch_embed.weight")
                    .toFloatArray();
            double before = pairs(m, run, hparams, data);
            // eight draws of the one clip, side by side
            Dataset eight =
                    Dataset.of(Collections.nCopies(DRAWS, data.training().get(0)));
            Batches batches = new Batches(
                    eight.training(),
                    hparams.training(t -> t.batch(DRAWS).accumulate(1)),
                    run.training().noise().steps());
            for (int i = 0; i < UPDATES; i++) {
                try (NDManager scratch = m.newSubManager()) {
                    Batch batch = batches.batch(scratch, 7, i);
                    run.training().backward(run.training().loss(run.training().forward(batch, onCondition)));
                }
                run.update(0);
            }
            double after = pairs(m, run, hparams, data);
            float[] end = run.training()
                    .embedding()
                    .weights()
                    .get("pitch_embed.weight")
                    .toFloatArray();
            int moved = 0;
            for (int i = 0; i < end.length; i++) {
                moved += end[i] != start[i] ? 1 : 0;
            }
            double[] errors = errors(m, run, data.training().get(0), hparams);
            return new Outcome(new double[] {before, after}, errors[0], errors[1], moved / (double) end.length);
        }
    }

    private static double pairs(NDManager m, TrainingRun run, Hparams hparams, Dataset data) {
        Batches fixed =
                new Batches(data.training(), hparams, run.training().noise().steps());
        double sum = 0;
        for (int i = 0; i < PAIRS; i++) {
            try (NDManager scratch = m.newSubManager()) {
                sum += run.training().lossOf(fixed.fixed(scratch, 99, i, Integer.MAX_VALUE)) / PAIRS;
            }
        }
        return sum;
    }

    private static double[] errors(NDManager m, TrainingRun run, Clip clip, Hparams hparams) {
        try (NDManager scratch = m.newSubManager()) {
            JointTraining training = run.training();
            Batch batch = new Batches(List.of(clip), hparams, training.noise().steps())
                    .fixed(scratch, 1, 0, Integer.MAX_VALUE);
            Ddpm ddpm = new Ddpm(training.noise(), (y, t) -> KeyedRandom.of(y.getManager(), 5, "posterior", t)
                    .normal(y.getShape()));
            NDArray noise =
                    KeyedRandom.of(scratch, 5, "start", 0).normal(new Shape(1, 1, clip.melBins(), batch.frames()));
            NDArray x = Denoising.run(
                    ddpm,
                    training.prediction()
                            .eps(training.wavenet()
                                    .given(training.embedding()
                                            .embed(batch.conds())
                                            .forDenoiser())),
                    noise,
                    ddpm.times(training.noise().steps(), training.noise().steps() / 10));
            NDArray sampled = training.range().denorm(x, batch.conds().mel2ph());
            NDArray mean = batch.mels().mean(new int[] {1}, true);
            return new double[] {
                sampled.reshape(batch.mels().getShape())
                        .sub(batch.mels())
                        .abs()
                        .mean()
                        .getFloat(),
                batch.mels().sub(mean).abs().mean().getFloat()
            };
        }
    }

    @Tag("conversion")
    @Test
    void oneClipIsLearnedByHeartAndOnlyWithBothModels() throws Exception {
        Hparams h = hparams();
        Dataset data = clip(h);
        Outcome joint = train(h, data, UnaryOperator.identity());
        System.out.printf(
                "overfit: loss %.4f to %.4f (%.0f %%), mel error %.3f, of the mean mel %.3f, %.0f %% of the pitch rows' values moved%n",
                joint.loss()[0],
                joint.loss()[1],
                100 * joint.loss()[1] / joint.loss()[0],
                joint.error(),
                joint.meanError(),
                100 * joint.moved());
        assertTrue(joint.learned(), joint.toString());
        Outcome detached = train(h, data, NDArray::stopGradient);
        System.out.printf(
                "detached: loss %.4f to %.4f, mel error %.3f, %.0f %% moved%n",
                detached.loss()[0], detached.loss()[1], detached.error(), 100 * detached.moved());
        assertTrue(detached.moved() == 0, "a detached condition leaves the embedding still");
        assertFalse(detached.learned());
    }

    /** Resident memory over 2,000 updates at the demo's size. */
    @Tag("memory")
    @Tag("long")
    @Test
    void memoryStaysFlat() throws Exception {
        Hparams h = Arg2Hparams.apply(hparams(), "training.batch=2,training.crop_frames=60,training.ema_decay=0.999");
        Dataset data = clip(h);
        Map<Integer, Long> resident = new HashMap<>();
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, h, data)) {
            for (int i = 0; i <= 2000; i++) {
                run.update();
                if (i % 100 == 0) {
                    System.gc();
                    resident.put(i, ProcessMemory.resident());
                }
            }
        }
        double growth = resident.get(2000) / (double) resident.get(200) - 1;
        System.out.printf(
                "soak: %d MiB after 200 updates, %d MiB after 2000 (%+.1f %%)%n",
                resident.get(200) >> 20, resident.get(2000) >> 20, 100 * growth);
        assertTrue(growth < 0.03, resident.toString());
    }
}
