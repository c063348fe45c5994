package diffsvc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
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
import diffsvc.diffusion.Ddim;
import diffsvc.diffusion.Ddpm;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.DpmSolverPlusPlus;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.Plms;
import diffsvc.diffusion.Sampler;
import diffsvc.diffusion.Spacing;
import diffsvc.diffusion.UniPc;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.training.JointTraining;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
            model.walk(
                    new Conds(g.get("hubert"), g.get("mel2ph"), g.get("f0"), g.get("energy"), g.get("uv")),
                    (name, value) -> {
                        g.same(name, value);
                        seen.add(name);
                    });
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
            int steps = (int) g.get("linear_betas").size();
            Map<String, NoiseSchedule> made = Map.of(
                    "linear_",
                    NoiseSchedule.linear(steps, g.doubles("linear_betas")[steps - 1]),
                    "cosine_",
                    NoiseSchedule.cosine(steps));
            made.forEach((prefix, schedule) -> schedule.buffers().forEach((name, tensor) -> {
                float[] ours = tensor.toFloats();
                double[] exact = new double[ours.length];
                for (int i = 0; i < exact.length; i++) {
                    exact[i] = ours[i];
                }
                g.same(prefix + name, exact);
            }));
            NoiseSchedule linear = NoiseSchedule.linear(1000, 0.02), cosine = NoiseSchedule.cosine(1000);
            double[] betas = new double[1000], bar = new double[1000], cosines = new double[1000];
            for (int t = 0; t < 1000; t++) {
                betas[t] = linear.beta(t);
                bar[t] = linear.alphaBar(t);
                cosines[t] = cosine.beta(t);
            }
            g.same("linear1000_betas_f64", betas);
            g.same("linear1000_alphas_cumprod_f64", bar);
            g.same("cosine1000_betas_f64", cosines);
        }
    }

    @Test
    void plmsFollowsTheReferenceStepByStep() {
        try (Golden g = new Golden("svc_sampling.npz");
                EmbeddingModel embedding = EmbeddingModel.load(g.manager(), hparams, state);
                WaveNet net = WaveNet.load(g.manager(), hparams, state)) {
            NoiseSchedule noise = NoiseSchedule.ofBuffers(state);
            MelRange range = MelRange.ofBuffers(state);
            NDArray cond = embedding.embed(conds(g, "hubert", "mel2ph", "f0")).forDenoiser();
            g.same("cond", cond);
            for (int interval : new int[] {10, 5}) {
                String prefix = "plms" + interval + "_";
                Plms plms = new Plms(noise);
                double[] times = plms.times(noise.steps(), noise.steps() / interval);
                g.sameIds(prefix + "t", visited(times));
                NDArray x = trajectory(g, plms, net, cond, g.get("x_T"), times, prefix);
                g.same(prefix + "mel", range.denorm(x, g.get("mel2ph")));
            }
            int top = (int) g.longs("gt_add_noise_step")[0];
            NDArray start = noise.noised(
                    range.norm(g.get("mels")), g.manager().create(new long[] {top - 1}), g.get("gt_noise"));
            g.same("gt_x_start", start);
            double[] times = Spacing.LEADING.every(top, 10);
            g.sameIds("gt_plms10_t", visited(times));
            NDArray x = Denoising.run(new Plms(noise), eps(net, cond), start, times);
            g.same("gt_plms10_x", x);
            g.same("gt_plms10_mel", range.denorm(x, g.get("mel2ph")));
            NDArray noises = g.get("gt_ddpm_noises");
            Ddpm ddpm = new Ddpm(noise, (v, t) -> noises.get(top - 1 - t));
            NDArray y = Denoising.run(ddpm, eps(net, cond), start, ddpm.times(top, top));
            g.same("gt_ddpm_x", y);
            g.same("gt_ddpm_mel", range.denorm(y, g.get("mel2ph")));
        }
    }

    @Test
    void ddpmFollowsTheReferenceStepByStep() {
        try (Golden g = new Golden("svc_sampling.npz");
                WaveNet net = WaveNet.load(g.manager(), hparams, state)) {
            NoiseSchedule noise = NoiseSchedule.ofBuffers(state);
            NDArray cond = g.get("ddpm_cond"), last = g.get("ddpm10_noises");
            int few = (int) last.getShape().get(0);
            List<NDArray> xs = new ArrayList<>();
            Ddpm fromFew = new Ddpm(noise, (x, t) -> last.get(few - 1 - t));
            Denoising.run(
                    fromFew,
                    eps(net, cond),
                    g.get("ddpm10_x_start"),
                    fromFew.times(few, few),
                    (i, n, t, s) -> xs.add(own(g, s.x())));
            g.same("ddpm10_x", ai.djl.ndarray.NDArrays.stack(new ai.djl.ndarray.NDList(xs)));
            NDArray all =
                    g.get("ddpm_noises_int8").toType(DataType.FLOAT32, false).div(32);
            int s = noise.steps();
            Ddpm ddpm = new Ddpm(noise, (v, t) -> all.get(s - 1 - t));
            NDArray x = trajectory(g, ddpm, net, cond, g.get("ddpm_x_T"), ddpm.times(s, s), "ddpm_");
            g.same("ddpm_mel", MelRange.ofBuffers(state).denorm(x, g.get("mel2ph")));
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
        g.same(prefix + "x", ai.djl.ndarray.NDArrays.stack(new ai.djl.ndarray.NDList(xs)));
        return x;
    }

    /** Where the network is asked; the last time is only where the last step ends. */
    private static long[] visited(double[] times) {
        return java.util.Arrays.stream(times, 0, times.length - 1)
                .mapToLong(t -> (long) t)
                .toArray();
    }

    @Test
    void theFollowUpsSamplersFollowTheirsFromTheFirstStepOn() {
        try (Golden g = new Golden("svc_samplers.npz");
                WaveNet net = WaveNet.load(g.manager(), hparams, state)) {
            NoiseSchedule noise = NoiseSchedule.ofBuffers(state);
            MelRange range = MelRange.ofBuffers(state);
            for (int n : new int[] {5, 10, 20}) {
                double[] nodes = Spacing.LINSPACE.times(noise.steps(), n),
                        alpha = new double[n + 1],
                        lambda = new double[n + 1];
                for (int i = 0; i <= n; i++) {
                    alpha[i] = Math.exp(noise.logAlpha(nodes[i]));
                    lambda[i] = noise.lambda(nodes[i]);
                }
                g.same("nodes" + n + "_t_f64", nodes, 1e-9);
                g.same("nodes" + n + "_alpha_f64", alpha, 1e-7);
                g.same("nodes" + n + "_lambda_f64", lambda, 2e-4);
                Ddim ddim = new Ddim(noise);
                g.sameIds("ddim" + n + "_t", visited(ddim.times(noise.steps(), n)));
                java.util.Map<String, Sampler> samplers = java.util.Map.of(
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
            for (String loss : new String[] {"l1", "l2"}) {
                try (JointTraining training = fresh(g.manager(), loss)) {
                    Batch batch = batch(g, 0);
                    NDArray x0 = MelRange.ofBuffers(state).norm(batch.mels());
                    g.same("norm_spec", x0);
                    g.same("x_noisy", NoiseSchedule.ofBuffers(state).noised(x0, batch.t(), batch.noise()));
                    double value = training.accumulate(batch);
                    g.same("loss_" + loss, new double[] {value});
                    int compared = 0;
                    for (String name : g.names()) {
                        if (name.startsWith("grad_" + loss + "/")) {
                            g.same(name, training.optimizer().gradient(g.manager(), name.substring(8)));
                            compared++;
                        }
                    }
                    assertTrue(compared > 10, "compared " + compared);
                }
            }
        }
    }

    @Test
    void jointAdamWStepsAreTheReferences() {
        try (Golden g = new Golden("svc_grad.npz");
                Golden want = new Golden("svc_train.npz")) {
            JsonObject f = Golden.stage("svc_train").getAsJsonObject("fresh");
            try (JointTraining training = fresh(g.manager(), "l2")) {
                double[] lr = want.doubles("fresh_lr_f64"),
                        losses = new double[lr.length - 1],
                        norms = new double[lr.length - 1];
                for (int k = 0; k < losses.length; k++) {
                    assertEquals(
                            lr[k],
                            JointTraining.learningRate(
                                    f.get("lr").getAsDouble(),
                                    f.get("decay_steps").getAsInt(),
                                    k),
                            1e-12);
                    losses[k] = training.accumulate(batch(g, k));
                    norms[k] = training.optimizer()
                            .update(lr[k], f.get("clip_grad_norm").getAsDouble());
                    weights(want, "fresh_step" + (k + 1) + "/", training);
                }
                want.same("fresh_loss", losses);
                want.same("fresh_grad_norm", norms);
            }
        }
    }

    @Test
    void aPythonRunGoesOnHereFromItsOptimizerState() throws Exception {
        try (Golden g = new Golden("svc_grad.npz");
                Golden want = new Golden("svc_train.npz");
                JointTraining training = fresh(g.manager(), "l2")) {
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
            weights(want, "resume_step" + losses.length + "/", training);
        }
    }

    private static void weights(Golden want, String prefix, JointTraining training) {
        for (String name : want.names()) {
            if (name.startsWith(prefix)) {
                NDArray p = training.optimizer().parameters().get(name.substring(prefix.length()));
                if (p != null) {
                    want.same(name, p);
                }
            }
        }
    }

    private JointTraining fresh(NDManager manager, String loss) {
        Hparams h = diffsvc.hparams.Arg2Hparams.apply(hparams, "training.loss=" + loss);
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
