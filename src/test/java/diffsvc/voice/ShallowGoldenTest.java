package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Divider;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.dataset.Batch;
import diffsvc.dataset.Batches;
import diffsvc.dataset.Clip;
import diffsvc.diffusion.Ddpm;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Plms;
import diffsvc.diffusion.Sampler;
import diffsvc.diffusion.Spacing;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.testing.Golden;
import diffsvc.training.JointTraining;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A voice whose training drew only the first K_step of its steps, against the reference's numbers
 * (golden-voices/README.md); each stage is fed its stored inputs.
 */
class ShallowGoldenTest {
    private static final Path CONFIG = Golden.VOICES.resolve("diffsvc_shallow/config.yaml"),
            CKPT = Golden.ckpt(CONFIG.getParent());
    /** Arrays that a test here reads or compares; the last test asks for all that the manifest lists. */
    private static final Set<String> USED = new HashSet<>();

    private static Golden g;
    private static Hparams hparams;
    private static StateDict state;
    private static EmbeddingModel embedding;
    private static WaveNet net;
    private static NoiseSchedule noise;
    private static MelRange range;
    private static int k;

    @BeforeAll
    static void open() {
        g = new Golden(Golden.VOICES, "diffsvc_shallow.npz");
        hparams = Hparams.ofPython(CONFIG);
        state = StateDict.read(CKPT);
        embedding = EmbeddingModel.load(g.manager(), hparams, state);
        net = WaveNet.load(g.manager(), hparams, state);
        noise = NoiseSchedule.ofBuffers(state);
        range = MelRange.ofBuffers(state);
        k = hparams.noise().trainedSteps();
    }

    @AfterAll
    static void close() {
        net.close();
        embedding.close();
        g.close();
    }

    private static NDArray get(String array) {
        USED.add(array);
        return g.get(array);
    }

    private static long one(String array) {
        USED.add(array);
        assertEquals(1, g.get(array).size(), array);
        return g.longs(array)[0];
    }

    private static void same(String array, NDArray ours) {
        USED.add(array);
        g.same(array, ours);
    }

    /** int8 / 32. */
    private static NDArray eighths(String array) {
        return get(array).toType(DataType.FLOAT32, false).div(32);
    }

    private static Conds conds() {
        return new Conds(get("hubert"), get("mel2ph"), get("f0"), get("energy"), get("uv"));
    }

    /** The network with the stored condition, and what it was asked. */
    private record Asked(List<NDArray> x, List<Long> t) implements Sampler.Eps {
        Asked() {
            this(new ArrayList<>(), new ArrayList<>());
        }

        @Override
        public NDArray at(NDArray x, double t) {
            NDArray own = x.duplicate();
            own.attach(g.manager());
            this.x.add(own);
            this.t.add((long) t);
            return net.predict(x, x.getManager().full(new Shape(x.getShape().get(0)), (float) t), get("cond"));
        }

        long[] steps() {
            return t.stream().mapToLong(Long::longValue).toArray();
        }
    }

    /** One step for every item of the set's batch. */
    private static NDArray steps(int t) {
        return g.manager().full(new Shape(get("mels").getShape().get(0)), t, DataType.INT64);
    }

    private static NDArray mel(NDArray x) {
        return range.denorm(x, get("mel2ph"));
    }

    @Test
    void theConfigurationSaysHowShallow() {
        assertEquals(one("K_step"), HparamsYaml.readEither(CONFIG).noise().kStep());
        assertEquals(one("timesteps"), HparamsYaml.readEither(CONFIG).noise().steps());
        assertTrue(k < noise.steps() && one("timesteps") == noise.steps());
        Hparams opened = ModelFiles.in(Path.of("models")).upstream(CONFIG, CKPT).hparams();
        assertEquals(one("K_step"), opened.noise().kStep());
        assertEquals(Hparams.Quirks.FIXED, opened.quirks());
    }

    @Test
    void aDividedVoiceKeepsItsDepthAndOneThatIsTooDeepForItsFileDoesNotFit(@TempDir Path home) throws Exception {
        Divider.divide(CKPT, null, home.resolve("models/shallow"));
        ModelFiles files = ModelFiles.in(home.resolve("models"));
        ModelFiles.Pair pair = files.project("shallow");
        assertEquals(k, pair.hparams().noise().kStep());
        String beyond = "noise.steps=" + 3 * noise.steps() + ",noise.k_step=" + 2 * noise.steps();
        Hparams deep = Arg2Hparams.apply(pair.hparams(), beyond);
        for (Hparams h : new Hparams[] {pair.hparams(), deep}) {
            assertEquals(
                    h == deep, Pairing.of(files, pair, h).clashes().stream().anyMatch(f -> f.what()
                            .contains("noise.k_step")));
        }
    }

    @Test
    void theScheduleIsTheCheckpoints() {
        for (MatchResult m : g.matching("buf_(\\w+)")) {
            USED.add(m.group());
            g.same(m.group(), noise.buffers().get(m.group(1)).toFloats());
            g.same(
                    m.group(),
                    NoiseSchedule.of(hparams.noise()).buffers().get(m.group(1)).toFloats());
        }
    }

    @Test
    void conditionAndDenoiserAreTheReferences() {
        same("cond", embedding.embed(conds()).forDenoiser());
        NDList out = new NDList();
        for (long t : g.longs("den_t")) {
            out.add(net.predict(
                    get("den_x"),
                    g.manager().full(new Shape(get("den_x").getShape().get(0)), (float) t),
                    get("cond")));
        }
        get("den_t");
        same("den_out", NDArrays.stack(out));
    }

    @Test
    void plmsStartsBelowKStepFromPureNoise() {
        for (MatchResult found : g.matching("(plms\\d+_)speedup")) {
            String run = found.group(1);
            Asked asked = new Asked();
            double[] times = Spacing.LEADING.every(k, (int) one(run + "speedup"));
            NDArray x = Denoising.run(new Plms(noise), asked, get("x_T"), times);
            get(run + "t");
            g.sameIds(run + "t", asked.steps());
            same(run + "x_in", NDArrays.stack(new NDList(asked.x())));
            same(run + "mel", mel(x));
        }
    }

    @Test
    void ddpmTakesKSteps() {
        NDArray noises = eighths("ddpm_noises_int8");
        Ddpm ddpm = new Ddpm(noise, (v, t) -> noises.get(k - 1 - t));
        Asked asked = new Asked();
        NDArray x = Denoising.run(ddpm, asked, eighths("ddpm_x_T_int8"), ddpm.times(k, k));
        assertEquals(k, asked.t().size());
        get("ddpm_kept");
        NDList kept = new NDList();
        for (long i : g.longs("ddpm_kept")) {
            kept.add(asked.x().get((int) i));
        }
        same("ddpm_x_in", NDArrays.stack(kept));
        same("ddpm_mel", mel(x));
    }

    @Test
    void theSourcesMelIsNoisedToAnyStepBelowTheSchedulesEnd() {
        for (MatchResult found : g.matching("(gt_(?:\\w+_)?)speedup")) {
            String run = found.group(1);
            int top = (int) one(run + "add_noise_step");
            assertEquals(run.contains("above"), top > k);
            NDArray start = noise.noised(range.norm(get("mels")), steps(top - 1), get(run + "noise"));
            same(run + "x_start", start);
            Asked asked = new Asked();
            double[] times = Spacing.LEADING.every(top, (int) one(run + "speedup"));
            NDArray x = Denoising.run(new Plms(noise), asked, get(run + "x_start"), times);
            get(run + "t");
            g.sameIds(run + "t", asked.steps());
            same(run + "mel", mel(x));
        }
        int top = (int) one("gt_ddpm_add_noise_step");
        NDArray noises = eighths("gt_ddpm_noises_int8");
        NDArray start = noise.noised(range.norm(get("mels")), steps(top - 1), noises.get(0));
        Ddpm ddpm = new Ddpm(noise, (v, t) -> noises.get(top - t));
        same("gt_ddpm_mel", mel(Denoising.run(ddpm, new Asked(), start, ddpm.times(top, top))));
    }

    @Test
    void trainingLosesAndDrawsAsTheReferences() {
        for (long t : get("train_t").toLongArray()) {
            assertTrue(t < k, "step " + t + " of " + k);
        }
        for (MatchResult found : g.matching("train_loss_(\\w+)")) {
            String loss = found.group(1);
            Hparams h = Arg2Hparams.apply(hparams, "training.loss=" + loss);
            try (NDManager m = NDManager.newBaseManager();
                    JointTraining training = new JointTraining(
                            m, h, EmbeddingModel.load(m, h, state), WaveNet.load(m, h, state), noise, range)) {
                double value = training.lossOf(new Batch(conds(), get("mels"), get("train_t"), get("train_noise")));
                USED.add("train_loss_" + loss);
                g.same("train_loss_" + loss, new double[] {value});
            }
        }
        int bins = hparams.audio().melBins(), width = hparams.embedding().hiddenSize(), frames = 20;
        float[] f0 = new float[frames];
        Arrays.fill(f0, 220);
        List<Clip> clips =
                List.of(Clip.of("a", new float[frames * bins], bins, List.of(new float[10 * width]), width, f0));
        Batches batches = new Batches(
                clips, Arg2Hparams.apply(hparams, "training.batch=64,training.crop_frames=1"), noise.steps());
        long least = Long.MAX_VALUE, most = 0;
        for (int i = 0; i < 40; i++) {
            try (NDManager m = NDManager.newBaseManager()) {
                for (long t : batches.batch(m, 7, i).t().toLongArray()) {
                    least = Math.min(least, t);
                    most = Math.max(most, t);
                }
                most = Math.max(most, batches.fixed(m, 7, i, frames).t().toLongArray()[0]);
            }
        }
        assertTrue(most < k && most >= k * 0.9 && least <= k * 0.1, "drawn from " + least + " to " + most + " of " + k);
    }

    /**
     * The product's own door: with quirks=python the reference's run, and with quirks=fixed a start that the voice has
     * seen.
     */
    @Test
    void aVoiceSamplesAsTheReferenceOrAsTheVoiceLearned() {
        String sizes = "audio.mel_bins=8,embedding.hidden_size=16,wavenet.residual_channels=8,"
                + "wavenet.residual_layers=2,noise.k_step=" + k + ",noise.steps=" + noise.steps();
        int interval = (int) one("plms1_speedup");
        while (noise.steps() % interval != 0) {
            interval--; // a voice asks for steps that divide the schedule
        }
        long first = (k - 1) / interval * interval;
        String plms = ",infer.sampler=plms,infer.steps=" + noise.steps() / interval;
        try (Voice voice = Voice.random(h -> Arg2Hparams.apply(h, sizes + plms))) {
            NDArray mel =
                    voice.manager().create(new float[8 * 5], new Shape(1, 5, 8)).sub(3f);
            Voice python = voice.with(h -> Arg2Hparams.apply(h, "quirks=python"));
            NDArray pure = python.start(mel, 3), mixed = voice.start(mel, 3);
            assertEquals(
                    noise.noised(voice.range().norm(mel), voice.manager().create(new long[] {k - 1}), pure), mixed);
            assertEquals(pure, python.start(5, 3));
            assertEquals(first, (long) python.times()[0]);
            int evaluations = noise.steps() / interval;
            assertEquals(evaluations, voice.times().length - 1, "evaluations over the steps that the voice learned");
            assertEquals((long) (evaluations - 1) * k / evaluations, (long) voice.times()[0]);
            assertTrue(
                    voice.samplingNotes().get(0).contains("first " + k + " of " + noise.steps())
                            && voice.samplingNotes().get(0).contains("song's mel"),
                    voice.samplingNotes().toString());
            assertTrue(
                    python.samplingNotes().get(0).contains("pure noise"),
                    python.samplingNotes().toString());
            int above = (int) one("gt_above_K_add_noise_step");
            String gt = ",infer.use_gt_mel=true,infer.add_noise_step=" + above;
            Voice deeper = voice.with(h -> Arg2Hparams.apply(h, "quirks=python" + gt));
            assertEquals((above - 1) / interval * interval, (long) deeper.times()[0]);
            String said = org.junit.jupiter.api.Assertions.assertThrows(
                            Problem.class, () -> voice.with(h -> Arg2Hparams.apply(h, gt.substring(1)))
                                    .times())
                    .getMessage();
            assertEquals(
                    "sampling: need infer.add_noise_step from 1 to " + k
                            + " (noise.k_step, all that training drew), got " + above
                            + "; correct infer.add_noise_step",
                    said);
            Voice given = voice.with(h -> Arg2Hparams.apply(h, "infer.use_gt_mel=true,infer.add_noise_step=" + k));
            assertEquals(mixed, given.start(mel, 3));
            org.junit.jupiter.api.Assertions.assertThrows(Problem.class, () -> voice.start(5, 3));
            Voice solver = voice.with(h -> Arg2Hparams.apply(h, "infer.sampler=dpmpp,infer.steps=" + k));
            assertEquals(k - 1, solver.times()[0]);
            assertEquals(k, solver.times().length - 1);
        }
        try (Voice deep = Voice.random(h -> Arg2Hparams.apply(h, sizes.replace("k_step=" + k, "k_step=0")))) {
            assertEquals(List.of(), deep.samplingNotes());
            assertEquals(noise.steps() - 1, deep.times()[0]);
        }
    }

    @Tag("conversion")
    @Test
    void everyArrayOfTheSetIsCompared() {
        theConfigurationSaysHowShallow();
        theScheduleIsTheCheckpoints();
        conditionAndDenoiserAreTheReferences();
        plmsStartsBelowKStepFromPureNoise();
        ddpmTakesKSteps();
        theSourcesMelIsNoisedToAnyStepBelowTheSchedulesEnd();
        trainingLosesAndDrawsAsTheReferences();
        Set<String> unused = new HashSet<>(g.listed());
        unused.removeAll(USED);
        assertEquals(Set.of(), unused);
    }
}
