package diffsvc.diffusion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.dataset.Batch;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.Inner;
import diffsvc.testing.Golden;
import diffsvc.training.JointTraining;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.Test;

/** Embedding, denoiser, schedule, samplers and joint training against the reference's numbers (golden/README.md). */
class DiffusionGoldenTest {
    private static final Path CKPT = Golden.ckpt("svc_ckpt");
    private final Hparams hparams = Hparams.ofPython(Golden.FOLDER.resolve("svc_ckpt/config.yaml"));
    private final StateDict state = StateDict.read(CKPT);

    private static Conds conds(Golden g, String units, String mel2ph, String f0) {
        return new Conds(g.get(units), g.get(mel2ph), g.get(f0), g.get("energy"));
    }

    @Test
    void theEmbeddingModelGivesTheReferencesCondition() {
        try (Golden g = new Golden("svc_embedding.npz");
                EmbeddingModel model = EmbeddingModel.load(g.manager(), hparams, state)) {
            EmbeddingModel.Condition c = model.embed(conds(g, "hubert", "mel2ph", "f0_log2"));
            g.same("f0_denorm", c.f0Denorm());
            g.sameIds("pitch_ids", c.pitchIds().toLongArray());
            g.same("decoder_inp", c.cond());
            g.same("cond", c.forDenoiser());
        }
    }

    @Test
    void unvoicedFramesLoseTheirF0WithUseUv() {
        Hparams useUv = Arg2Hparams.apply(hparams, "pitch.use_uv=true");
        try (Golden g = new Golden("svc_embedding.npz");
                EmbeddingModel model = EmbeddingModel.load(g.manager(), useUv, state)) {
            EmbeddingModel.Condition c = model.embed(
                    new Conds(g.get("hubert"), g.get("mel2ph"), g.get("f0_log2"), g.get("energy"), g.get("uv")));
            g.same("f0_denorm_use_uv", c.f0Denorm());
            g.sameIds("pitch_ids_use_uv", c.pitchIds().toLongArray());
            g.same("decoder_inp_use_uv", c.cond());
        }
    }

    @Test
    void theUnitEncoderOfOlderVoicesFollowsTheReference() throws Exception {
        Path file = Golden.ckpt("svc_fs2enc");
        Hparams h = Hparams.ofPython(file.resolveSibling("config.yaml"));
        try (Golden g = new Golden("svc_fs2enc.npz");
                EmbeddingModel model = EmbeddingModel.load(g.manager(), h, StateDict.read(file))) {
            List<String> seen = new ArrayList<>();
            model.embed(
                    new Conds(g.get("hubert"), g.get("mel2ph"), g.get("f0"), g.get("energy"), g.get("uv")),
                    Inner.showing((name, value) -> {
                        if (g.has(name)) {
                            g.same(name, value);
                            seen.add(name);
                        }
                    }));
            assertEquals(3 + h.embedding().encLayers(), seen.size(), seen.toString());
        }
    }

    @Test
    void everyResidualBlockOfTheWaveNetFollowsTheReference() {
        try (Golden g = new Golden("svc_denoiser.npz");
                WaveNet net = WaveNet.load(g.manager(), hparams, state)) {
            g.same("step_sinusoid", net.sinusoid(g.get("diffusion_step")));
            List<String> seen = new ArrayList<>();
            NDArray out =
                    net.walk(g.get("spec"), g.get("diffusion_step"), net.project(g.get("cond")), (name, value) -> {
                        if (g.has(name)) {
                            g.same(name, value);
                            seen.add(name);
                        }
                    });
            assertEquals(2 + 2 * net.sizes().layers(), seen.size(), seen.toString());
            g.same("output", out);
            g.same("output", net.predict(g.get("spec"), g.get("diffusion_step"), g.get("cond")));
            g.same(
                    "output",
                    net.predict(g.get("spec"), g.get("diffusion_step").reshape(-1, 1), net.project(g.get("cond"))));
        }
    }

    @Test
    void theScheduleMakesTheReferencesBuffers() {
        try (Golden g = new Golden("svc_schedule.npz")) {
            double[] linear = g.doubles("linear_betas");
            Map<String, NoiseSchedule> made = Map.of(
                    "linear_",
                    NoiseSchedule.linear(linear.length, linear[linear.length - 1]),
                    "cosine_",
                    NoiseSchedule.cosine((int) g.get("cosine_betas").size()));
            made.forEach((prefix, schedule) -> schedule.buffers().forEach((name, tensor) -> {
                float[] ours = tensor.toFloats();
                double[] exact = new double[ours.length];
                for (int i = 0; i < exact.length; i++) {
                    exact[i] = ours[i];
                }
                g.same(prefix + name, exact);
            }));
            for (MatchResult name : g.matching("(linear|cosine)(\\d*)_(betas|alphas_cumprod)\\w*_f64")) {
                String kind = name.group(1), betas = name.group().replace("alphas_cumprod", "betas");
                int n = (int) g.get(betas).size();
                NoiseSchedule schedule = kind.equals("linear")
                        ? NoiseSchedule.linear(n, g.doubles(betas)[n - 1])
                        : NoiseSchedule.cosine(n);
                double[] ours = new double[n];
                for (int t = 0; t < n; t++) {
                    ours[t] = name.group(3).equals("betas") ? schedule.beta(t) : schedule.alphaBar(t);
                }
                g.same(name.group(), ours);
            }
        }
    }

    @Test
    void plmsFollowsTheReferenceStepByStep() {
        try (Golden g = new Golden("svc_sampling.npz");
                EmbeddingModel embedding = EmbeddingModel.load(g.manager(), hparams, state);
                WaveNet net = WaveNet.load(g.manager(), hparams, state)) {
            NoiseSchedule noise = NoiseSchedule.ofBuffers(state);
            MelRange range = MelRange.ofBuffers(state);
            // PLMS of the reference takes one item at a time, DDPM a batch: a set may store more rows than PLMS used
            long batch = g.get("x_T").getShape().get(0);
            Conds conds = new Conds(
                    Golden.rows(g.get("hubert"), batch),
                    Golden.rows(g.get("mel2ph"), batch),
                    Golden.rows(g.get("f0"), batch),
                    Golden.rows(g.get("energy"), batch));
            NDArray cond = embedding.embed(conds).forDenoiser(), mel2ph = conds.mel2ph();
            g.same("cond", cond);
            for (MatchResult name : g.matching("plms(\\d+)_t")) {
                int interval = Integer.parseInt(name.group(1));
                String prefix = "plms" + interval + "_";
                Plms plms = new Plms(noise);
                double[] times = plms.times(noise.steps(), noise.steps() / interval);
                g.sameIds(prefix + "t", visited(times));
                NDArray x = trajectory(g, plms, net, cond, g.get("x_T"), times, prefix);
                g.same(prefix + "mel", range.denorm(x, mel2ph));
            }
            int top = (int) g.longs("gt_add_noise_step")[0];
            NDArray start = noise.noised(
                    range.norm(Golden.rows(g.get("mels"), batch)),
                    g.manager().full(new Shape(batch), top - 1, DataType.INT64),
                    g.get("gt_noise"));
            g.same("gt_x_start", start);
            MatchResult gt = g.matching("(gt_plms(\\d+)_)t").get(0);
            double[] times = Spacing.LEADING.every(top, Integer.parseInt(gt.group(2)));
            g.sameIds(gt.group(), visited(times));
            NDArray x = Denoising.run(new Plms(noise), eps(net, cond), start, times);
            g.same(gt.group(1) + "x", x);
            g.same(gt.group(1) + "mel", range.denorm(x, mel2ph));
            NDArray noises = g.get("gt_ddpm_noises");
            Ddpm ddpm = new Ddpm(noise, (v, t) -> noises.get(top - 1 - t));
            NDArray y = Denoising.run(ddpm, eps(net, cond), start, ddpm.times(top, top));
            g.same("gt_ddpm_x", y);
            g.same("gt_ddpm_mel", range.denorm(y, mel2ph));
        }
    }

    @Test
    void ddpmFollowsTheReferenceStepByStep() {
        try (Golden g = new Golden("svc_sampling.npz");
                WaveNet net = WaveNet.load(g.manager(), hparams, state)) {
            NoiseSchedule noise = NoiseSchedule.ofBuffers(state);
            String start = g.matching("(ddpm\\d+_)noises").get(0).group(1);
            NDArray cond = g.get("ddpm_cond"), last = g.get(start + "noises");
            int few = (int) last.getShape().get(0);
            List<NDArray> xs = new ArrayList<>();
            Ddpm fromFew = new Ddpm(noise, (x, t) -> last.get(few - 1 - t));
            Denoising.run(
                    fromFew,
                    eps(net, cond),
                    g.get(start + "x_start"),
                    fromFew.times(few, few),
                    (i, n, t, s) -> xs.add(own(g, s.x())));
            g.same(start + "x", NDArrays.stack(new NDList(xs)));
            NDArray all =
                    g.get("ddpm_noises_int8").toType(DataType.FLOAT32, false).div(32);
            int s = noise.steps();
            Ddpm ddpm = new Ddpm(noise, (v, t) -> all.get(s - 1 - t));
            NDArray x = trajectory(g, ddpm, net, cond, g.get("ddpm_x_T"), ddpm.times(s, s), "ddpm_");
            NDArray mel2ph = Golden.rows(g.get("mel2ph"), x.getShape().get(0));
            g.same("ddpm_mel", MelRange.ofBuffers(state).denorm(x, mel2ph));
        }
    }

    private static NDArray trajectory(
            Golden g, Sampler sampler, WaveNet net, NDArray cond, NDArray start, double[] times, String prefix) {
        long[] kept = g.longs(prefix + "kept");
        List<NDArray> xs = new ArrayList<>();
        NDArray x = Denoising.run(sampler, eps(net, cond), start, times, (i, n, t, s) -> {
            for (long k : kept) {
                if (k == i - 1) {
                    xs.add(own(g, s.x()));
                }
            }
        });
        g.same(prefix + "x", NDArrays.stack(new NDList(xs)));
        return x;
    }

    /** Where the network is asked; the last time is only where the last step ends. */
    private static long[] visited(double[] times) {
        return Arrays.stream(times, 0, times.length - 1)
                .mapToLong(t -> (long) t)
                .toArray();
    }

    @Test
    void theFollowUpsSamplersFollowTheirsFromTheFirstStepOn() {
        try (Golden g = new Golden("svc_samplers.npz");
                WaveNet net = WaveNet.load(g.manager(), hparams, state)) {
            NoiseSchedule noise = NoiseSchedule.ofBuffers(state);
            MelRange range = MelRange.ofBuffers(state);
            for (MatchResult evaluations : g.matching("nodes(\\d+)_t_f64")) {
                int n = Integer.parseInt(evaluations.group(1));
                double[] nodes = Spacing.LINSPACE.times(noise.steps(), n),
                        alpha = new double[n + 1],
                        lambda = new double[n + 1];
                for (int i = 0; i <= n; i++) {
                    alpha[i] = Math.exp(noise.logAlpha(nodes[i]));
                    lambda[i] = noise.lambda(nodes[i]);
                }
                // the manifest gives no tolerance for these
                g.same("nodes" + n + "_t_f64", nodes, 1e-9);
                g.same("nodes" + n + "_alpha_f64", alpha, 1e-7);
                g.same("nodes" + n + "_lambda_f64", lambda, 2e-4);
                Ddim ddim = new Ddim(noise);
                g.sameIds("ddim" + n + "_t", visited(ddim.times(noise.steps(), n)));
                Map<String, Sampler> samplers = Map.of(
                        "ddim",
                        ddim,
                        "dpmpp2m",
                        new DpmSolverPlusPlus(noise),
                        "unipc2",
                        new UniPc(noise, 2),
                        "unipc3",
                        new UniPc(noise, 3));
                samplers.forEach((name, sampler) -> {
                    int[] calls = {0};
                    Sampler.Eps network = (x, t) -> {
                        calls[0]++;
                        return eps(net, g.get("cond")).at(x, t);
                    };
                    List<NDArray> xs = new ArrayList<>();
                    NDArray x = Denoising.run(
                            sampler,
                            network,
                            g.get("x_T"),
                            sampler.times(noise.steps(), n),
                            (i, of, t, s) -> xs.add(own(g, s.x())));
                    String p = name + "_" + n + "_";
                    g.same(p + "x_first", xs.get(0));
                    g.same(p + "x_second", xs.get(1));
                    g.same(p + "x", x);
                    g.same(p + "mel", range.denorm(x, g.get("mel2ph")));
                    assertEquals(n, calls[0], p + "network calls");
                });
            }
        }
    }

    private static NDArray own(Golden g, NDArray a) {
        NDArray copy = a.duplicate();
        copy.attach(g.manager());
        return copy;
    }

    private static Sampler.Eps eps(WaveNet net, NDArray cond) {
        return (x, t) ->
                net.predict(x, x.getManager().full(new Shape(x.getShape().get(0)), (float) t), cond);
    }

    @Test
    void lossesAndGradientsOfTheJointPassAreTheReferences() {
        try (Golden g = new Golden("svc_grad.npz")) {
            for (MatchResult found : g.matching("loss_(\\w+)")) {
                String loss = found.group(1);
                try (JointTraining training = fresh(g.manager(), loss)) {
                    Batch batch = batch(g, 0);
                    NDArray x0 = MelRange.ofBuffers(state).norm(batch.mels());
                    g.same("norm_spec", x0);
                    g.same("x_noisy", NoiseSchedule.ofBuffers(state).noised(x0, batch.t(), batch.noise()));
                    double value = training.accumulate(batch);
                    g.same("loss_" + loss, new double[] {value});
                    for (MatchResult name : g.matching("grad_" + loss + "/(.+)")) {
                        g.same(name.group(), training.optimizer().gradient(g.manager(), name.group(1)));
                    }
                }
            }
        }
    }

    @Test
    void jointAdamWStepsAreTheReferences() {
        try (Golden g = new Golden("svc_grad.npz");
                Golden want = new Golden("svc_train.npz")) {
            JsonObject f = Golden.stage("svc_train").getAsJsonObject("fresh");
            double start = f.get("lr").getAsDouble();
            int decay = f.get("decay_steps").getAsInt();
            try (JointTraining training = fresh(g.manager(), loss(want, "fresh"))) {
                double[] lr = want.doubles("fresh_lr_f64"),
                        losses = new double[lr.length - 1],
                        norms = new double[lr.length - 1];
                Map<String, double[]> leeway = new LinkedHashMap<>();
                Set<Integer> stored = new HashSet<>();
                for (MatchResult name : want.matching("fresh_step(\\d+)/.+")) {
                    stored.add(Integer.parseInt(name.group(1)));
                }
                for (int k = 0; k < losses.length; k++) {
                    assertEquals(lr[k], JointTraining.learningRate(start, decay, k), 1e-12);
                    losses[k] = training.accumulate(batch(g, k));
                    widen(leeway, training, g.manager(), 2 * lr[k]);
                    norms[k] = training.optimizer()
                            .update(lr[k], f.get("clip_grad_norm").getAsDouble());
                    if (stored.remove(k + 1)) {
                        weights(want, "fresh_step" + (k + 1) + "/", training, leeway);
                    }
                }
                assertEquals(lr[losses.length], JointTraining.learningRate(start, decay, losses.length), 1e-12);
                assertEquals(Set.of(), stored, "steps that are stored and were not taken");
                want.same("fresh_loss", losses);
                want.same("fresh_grad_norm", norms);
            }
        }
    }

    private static String loss(Golden want, String part) {
        return want.meaning(part + "_loss", "\\((\\w+)\\)");
    }

    /**
     * Adam divides a gradient by its own size, so that the sign of what is next to nothing moves a weight by the whole
     * rate: where a gradient is below 1e-6 the set allows twice the rate a step (golden/README.md). One that is exactly
     * zero moves nothing.
     */
    private static void widen(Map<String, double[]> leeway, JointTraining training, NDManager manager, double allowed) {
        for (String name : training.optimizer().parameters().keySet()) {
            float[] gradient = training.optimizer().gradient(manager, name).toFloatArray();
            double[] sum = leeway.computeIfAbsent(name, n -> new double[gradient.length]);
            for (int i = 0; i < sum.length; i++) {
                sum[i] += gradient[i] != 0 && Math.abs(gradient[i]) < 1e-6 ? allowed : 0;
            }
        }
    }

    @Test
    void aPythonRunGoesOnHereFromItsOptimizerState() throws Exception {
        try (Golden g = new Golden("svc_grad.npz");
                Golden want = new Golden("svc_train.npz");
                JointTraining training = fresh(g.manager(), loss(want, "resume"))) {
            @SuppressWarnings("unchecked")
            Map<String, Object> root = (Map<String, Object>) TorchFile.read(CKPT);
            @SuppressWarnings("unchecked")
            Map<String, Object> adam = (Map<String, Object>) ((List<?>) root.get("optimizer_states")).get(0);
            @SuppressWarnings("unchecked")
            Map<Long, Map<String, Object>> moments = (Map<Long, Map<String, Object>>) adam.get("state");
            JsonArray order = JsonParser.parseString(Files.readString(CKPT.resolveSibling("param_order.json")))
                    .getAsJsonObject()
                    .getAsJsonArray("optimizer_param_index_to_name");
            Map<String, TorchTensor> first = new LinkedHashMap<>(), second = new LinkedHashMap<>();
            moments.forEach((i, s) -> {
                first.put(order.get(i.intValue()).getAsString(), (TorchTensor) s.get("exp_avg"));
                second.put(order.get(i.intValue()).getAsString(), (TorchTensor) s.get("exp_avg_sq"));
            });
            training.optimizer().resume(first, second, (Long) root.get("global_step"));
            double[] lr = want.doubles("resume_lr_f64"),
                    losses = new double[lr.length - 1],
                    norms = new double[lr.length - 1];
            double clip = Golden.stage("svc_train")
                    .getAsJsonObject("resume")
                    .get("clip_grad_norm")
                    .getAsDouble();
            for (int k = 0; k < losses.length; k++) {
                losses[k] = training.accumulate(batch(g, k));
                norms[k] = training.optimizer().update(lr[k], clip);
            }
            want.same("resume_loss", losses);
            want.same("resume_grad_norm", norms);
            weights(want, "resume_step" + losses.length + "/", training, Map.of());
        }
    }

    private static void weights(Golden want, String prefix, JointTraining training, Map<String, double[]> leeway) {
        for (MatchResult found : want.matching(prefix + "(.+)")) {
            NDArray p = training.optimizer().parameters().get(found.group(1));
            assertNotNull(p, "no parameter " + found.group(1));
            double tolerance = want.tolerance(found.group());
            double[] ours = p.toType(DataType.FLOAT64, true).toDoubleArray(),
                    each =
                            leeway.getOrDefault(found.group(1), new double[ours.length])
                                    .clone();
            for (int i = 0; i < each.length; i++) {
                each[i] += tolerance;
            }
            want.same(found.group(), ours, each);
        }
    }

    private JointTraining fresh(NDManager manager, String loss) {
        Hparams h = Arg2Hparams.apply(hparams, "training.loss=" + loss);
        return new JointTraining(
                manager,
                h,
                EmbeddingModel.load(manager, h, state),
                WaveNet.load(manager, h, state),
                NoiseSchedule.ofBuffers(state),
                MelRange.ofBuffers(state));
    }

    private static Batch batch(Golden g, int k) {
        Conds conds = new Conds(g.get("hubert"), g.get("mel2ph"), g.get("f0"), g.get("energy"));
        return new Batch(conds, g.get("mels"), g.get("t").get(k), g.get("noise").get(k));
    }

    @Test
    void theUsersOwnShapes() {
        try (NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, new WaveNet.Sizes(128, 384, 256, 20, 4), 1)) {
            NDArray out = net.predict(
                    m.randomNormal(new Shape(2, 1, 128, 300)),
                    m.create(new long[] {3, 700}),
                    m.randomNormal(new Shape(2, 256, 300)));
            assertEquals(new Shape(2, 1, 128, 300), out.getShape());
        }
    }
}
