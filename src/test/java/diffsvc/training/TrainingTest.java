package diffsvc.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Safetensors;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.dataset.Batch;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.platform.WeakManager;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Joint training on a toy: both models learn, a resumed run is the uninterrupted one, a saved voice opens, the warm
 * start passes noise through.
 */
class TrainingTest {
    private static final Hparams HPARAMS = Arg2Hparams.apply(
            Hparams.defaults(),
            "project=toy,audio.mel_bins=8,embedding.hidden_size=6,wavenet.residual_channels=16,"
                    + "wavenet.residual_layers=2,noise.steps=50,noise.max_beta=0.1,training.batch=4,training.crop_frames=24,training.lr=2e-3,training.ema_decay=0.9,training.seed=3");

    @TempDir
    Path folder;

    /** Clips whose mel follows unit and pitch, one of them shorter than a crop. */
    private static Dataset toy() {
        Random random = new Random(1);
        List<Clip> clips = new ArrayList<>();
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
            clips.add(Clip.of("clip" + frames, mel, 8, List.of(units), 6, f0));
        }
        return Dataset.of(clips);
    }

    @Tag("conversion")
    @ParameterizedTest
    @ValueSource(strings = {"float32", "bfloat16"})
    void oneBackwardPassReachesBothModelsAndTheLossFalls(String precision) {
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run =
                        new TrainingRun(m, Arg2Hparams.apply(HPARAMS, "training.precision=" + precision), toy())) {
            assertEquals(precision, run.training().precision().text());
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
            assertTrue(norms.containsKey("fs2.pitch_embed.weight")
                    && norms.containsKey("denoise_fn.input_projection.weight"));
        }
    }

    /** By a fifth, as that of eps; the mean absolute error by the root of it. */
    @Tag("conversion")
    @ParameterizedTest
    @CsvSource({"v, float32, l2", "v, bfloat16, l1", "edm, float32, l2", "edm, bfloat16, l1"})
    void theLossOfEachPredictionFalls(String prediction, String precision, String loss) {
        Hparams h = Arg2Hparams.apply(
                HPARAMS,
                "noise.sigma_data=0.45,noise.prediction=" + prediction + ",training.precision=" + precision
                        + ",training.loss=" + loss);
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, h, toy())) {
            double before = run.probe(40);
            run.train(150);
            double after = run.probe(40);
            System.out.printf("%s, %s, %s: %.3f to %.3f%n", prediction, precision, loss, before, after);
            assertTrue(after < (loss.equals("l2") ? 0.8 : Math.sqrt(0.8)) * before, before + " to " + after);
        }
    }

    /** The network answers zero at first, so the loss is the mean square of the target. */
    @Test
    void theLossIsThatOfWhatIsPredicted() {
        for (String prediction : List.of("eps", "v", "edm")) {
            Hparams h = Arg2Hparams.apply(HPARAMS, "noise.prediction=" + prediction);
            try (NDManager m = NDManager.newBaseManager();
                    TrainingRun run = new TrainingRun(m, h, toy());
                    NDManager scratch = m.newSubManager()) {
                Batch batch = run.batch(scratch);
                JointTraining training = run.training();
                float[] x0 = training.range().norm(batch.mels()).toFloatArray(),
                        noise = batch.noise().toFloatArray();
                double sum = 0;
                int each = x0.length / 4;
                for (int i = 0; i < x0.length; i++) {
                    int t = (int) batch.t().toLongArray()[i / each];
                    double a = training.noise().alpha(t), s = training.noise().sigma(t), sigma = s / a, d = 0.5;
                    double y = x0[i] + sigma * noise[i], root = Math.sqrt(sigma * sigma + d * d);
                    double target =
                            switch (prediction) {
                                case "v" -> a * noise[i] - s * x0[i];
                                case "edm" -> (x0[i] - d * d / (root * root) * y) / (sigma * d / root);
                                default -> noise[i];
                            };
                    sum += target * target / x0.length;
                }
                assertEquals(sum, training.lossOf(batch), 1e-5 * sum, prediction);
            }
        }
    }

    @Test
    void theWarmStartIsForEpsAlone() {
        Hparams warm = Arg2Hparams.apply(HPARAMS, "training.warm_start=true,noise.prediction=v");
        try (NDManager m = NDManager.newBaseManager()) {
            String said = assertThrows(Problem.class, () -> new TrainingRun(m, warm, toy()))
                    .getMessage();
            assertTrue(said.contains("noise.prediction eps") && said.contains("training.warm_start=false"), said);
        }
    }

    @Tag("conversion")
    @ParameterizedTest
    @CsvSource({"float32, eps", "bfloat16, eps", "float32, edm"})
    void aResumedRunIsTheUninterruptedOneToTheBit(String precision, String prediction) {
        Checkpoints checkpoints = new Checkpoints(folder, 2, 0);
        Hparams summed = Arg2Hparams.apply(
                HPARAMS,
                "training.accumulate=2,training.volume_db=6,noise.sigma_data=0.12,training.precision=" + precision
                        + ",noise.prediction=" + prediction);
        List<TrainingRun.Update> whole = new ArrayList<>(), parts = new ArrayList<>();
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, summed, toy())) {
            for (int i = 0; i < 8; i++) {
                whole.add(run.update());
                if (i == 4) {
                    run.save(checkpoints);
                }
            }
            run.saveVoice(folder.resolve("whole"));
        }
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, summed, toy(), checkpoints.newest())) {
            assertEquals(5, run.step());
            for (int i = 0; i < 3; i++) {
                parts.add(run.update());
            }
            run.saveVoice(folder.resolve("parts"));
        }
        assertEquals(whole.subList(5, 8), parts);
        assertEquals(
                StateDict.read(folder.resolve("whole/wavenet_model_steps_8.pt")).tensors(),
                StateDict.read(folder.resolve("parts/wavenet_model_steps_8.pt")).tensors(),
                "averaged weights");
    }

    /**
     * The engine's own multiplication by a number points the gradient at memory that is given back at the next
     * collection (tensor/Constant).
     */
    @Test
    void aCollectionBetweenForwardAndBackwardChangesNoGradient() throws InterruptedException {
        Map<String, Double> calm, disturbed;
        List<ByteBuffer> noise = new ArrayList<>();
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, HPARAMS, toy())) {
            run.update();
            try (NDManager scratch = m.newSubManager()) {
                run.training().backward(run.training().loss(run.training().forward(run.batch(scratch))));
                calm = run.training().optimizer().gradientNorms();
            }
            run.training().optimizer().clear();
            try (NDManager scratch = m.newSubManager()) {
                NDArray loss = run.training().loss(run.training().forward(run.batch(scratch)));
                for (int i = 0; i < 3; i++) {
                    collected();
                    for (int k = 0; k < 2000; k++) {
                        ByteBuffer b = ByteBuffer.allocateDirect(4 << k % 4);
                        while (b.hasRemaining()) {
                            b.put((byte) 0x41);
                        }
                        noise.add(b);
                    }
                }
                run.training().backward(loss);
                disturbed = run.training().optimizer().gradientNorms();
            }
        }
        assertEquals(calm, disturbed);
        assertEquals(6000, noise.size());
    }

    /** Returns when what nothing refers to is freed: the second round's witness comes after all of the first round. */
    private static void collected() throws InterruptedException {
        Cleaner cleaner = Cleaner.create();
        for (int round = 0; round < 2; round++) {
            CountDownLatch freed = new CountDownLatch(1);
            cleaner.register(new Object(), freed::countDown);
            do {
                System.gc();
            } while (!freed.await(10, TimeUnit.MILLISECONDS));
        }
    }

    @Test
    void aSavedVoiceOpensWithTheSameWeights() {
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, Arg2Hparams.apply(HPARAMS, "training.ema_decay=0"), toy())) {
            run.update();
            Hparams saved = run.saveVoice(folder.resolve("toy"));
            assertEquals(1, saved.steps());
            assertEquals(saved, HparamsYaml.read(folder.resolve("toy/hparams.yaml")));
            StateDict file = StateDict.read(folder.resolve("toy/wavenet_model_steps_1.pt"));
            try (WaveNet net = WaveNet.load(m, saved, file);
                    EmbeddingModel embedding = EmbeddingModel.load(
                            m, saved, StateDict.read(folder.resolve("toy/embedding_model_steps_1.pt")))) {
                net.weights()
                        .all()
                        .forEach((k, v) -> assertArrayEquals(
                                run.training().wavenet().weights().get(k).toFloatArray(), v.toFloatArray(), 0, k));
                embedding
                        .weights()
                        .all()
                        .forEach((k, v) -> assertArrayEquals(
                                run.training().embedding().weights().get(k).toFloatArray(), v.toFloatArray(), 0, k));
            }
            assertEquals(50, file.size("betas", 0));
        }
    }

    @Test
    void theWarmStartAnswersThatAllOfItIsNoise() {
        Hparams warm = Arg2Hparams.apply(HPARAMS, "training.warm_start=true");
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, warm, toy());
                NDManager scratch = m.newSubManager()) {
            Batch batch = run.batch(scratch);
            NDArray x = scratch.randomNormal(new Shape(4, 1, 8, 24)).mul(0.5f);
            NDArray cond = run.training().embedding().embed(batch.conds()).forDenoiser();
            NDArray guess = run.training().wavenet().predict(x, batch.t(), cond);
            assertEquals(0, guess.sub(x).abs().max().getFloat(), 0.02); // tanh bends a little
        }
        Hparams narrow = Arg2Hparams.apply(HPARAMS, "training.warm_start=true,wavenet.residual_channels=12");
        try (NDManager m = NDManager.newBaseManager()) {
            assertTrue(assertThrows(Problem.class, () -> new TrainingRun(m, narrow, toy()))
                    .getMessage()
                    .contains("16 channels"));
        }
    }

    @Test
    void updatesLeaveNoTensorBehind() {
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, HPARAMS, toy())) {
            run.update();
            run.update();
            int before = count(run);
            for (int i = 0; i < 5; i++) {
                run.update();
            }
            assertEquals(before, count(run));
        }
    }

    /** Arrays that somebody refers to: what waits for the collector is not left behind. */
    private static int count(TrainingRun run) {
        WeakManager.collect();
        return run.training().wavenet().weights().manager().getManagedArrays().size()
                + run.training()
                        .embedding()
                        .weights()
                        .manager()
                        .getManagedArrays()
                        .size();
    }

    @Test
    void aLossThatIsNoNumberStopsTheRunAndNamesTheClips() {
        float[] mel = new float[40 * 8];
        Arrays.fill(mel, -2);
        mel[100] = Float.NaN;
        float[] f0 = new float[40];
        Arrays.fill(f0, 200);
        Dataset data = Dataset.of(List.of(Clip.of("가수/spoilt.wav#3", mel, 8, List.of(new float[24 * 6]), 6, f0)));
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, Arg2Hparams.apply(HPARAMS, "training.crop_frames=40"), data)) {
            run.keepSpoiltBatchesIn(folder);
            float[] before = run.training()
                    .wavenet()
                    .weights()
                    .get("input_projection.weight")
                    .toFloatArray();
            String said = assertThrows(Problem.class, run::update).getMessage();
            assertTrue(
                    said.contains("loss")
                            && said.contains("NaN at step 0")
                            && said.contains("가수/spoilt.wav#3")
                            && said.contains("spoilt_batch_step_0.safetensors"),
                    said);
            Map<String, TorchTensor> kept = Safetensors.read(folder.resolve("spoilt_batch_step_0.safetensors"));
            float[] mels = kept.get("mels").toFloats();
            int spoilt = 0;
            for (float v : mels) {
                spoilt += Float.isNaN(v) ? 1 : 0;
            }
            assertEquals(4, spoilt, "one in each of the four clips of the batch");
            assertEquals(Set.of("mels", "noise", "units", "f0", "mel2ph", "t"), kept.keySet());
            assertArrayEquals(
                    before,
                    run.training()
                            .wavenet()
                            .weights()
                            .get("input_projection.weight")
                            .toFloatArray(),
                    0);
            assertEquals(0, run.step());
            run.training().optimizer().gradientNorms().forEach((name, norm) -> assertEquals(0, norm, name));
        }
    }

    @Test
    void wholeClipsOneAtATime() {
        Hparams whole = Arg2Hparams.apply(HPARAMS, "training.crop_frames=0,training.batch=1");
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, whole, toy())) {
            List<Integer> lengths = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                try (NDManager scratch = m.newSubManager()) {
                    lengths.add(run.batch(scratch).frames());
                }
                assertTrue(Double.isFinite(run.update().loss()));
            }
            assertEquals(List.of(15, 40, 60), lengths.stream().sorted().toList(), "an epoch");
        }
    }

    /** The loss of summed batches is that of one batch of all their clips, and so are the gradients. */
    @Test
    void accumulatedGradientsAreTheMeanOfTheirBatches() {
        try (NDManager m = NDManager.newBaseManager();
                TrainingRun run = new TrainingRun(m, HPARAMS, toy())) {
            run.update(); // so that the output projection is no longer zero
            Map<String, float[]> sum = new LinkedHashMap<>();
            for (int part = 0; part < 2; part++) {
                try (NDManager scratch = m.newSubManager()) {
                    run.training().accumulate(run.batch(scratch, part));
                    run.training().optimizer().parameters().keySet().forEach(name -> {
                        float[]
                                g =
                                        run.training()
                                                .optimizer()
                                                .gradient(scratch, name)
                                                .toFloatArray(),
                                all = sum.computeIfAbsent(name, n -> new float[g.length]);
                        for (int i = 0; i < g.length; i++) {
                            all[i] += g[i] / 2;
                        }
                    });
                }
                run.training().optimizer().clear();
            }
            try (NDManager scratch = m.newSubManager()) {
                run.training().accumulate(run.batch(scratch, 0), 0.5);
                run.training().accumulate(run.batch(scratch, 1), 0.5);
                sum.forEach((name, g) -> assertArrayEquals(
                        g, run.training().optimizer().gradient(scratch, name).toFloatArray(), 1e-6f, name));
            }
        }
    }
}
