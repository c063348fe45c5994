package diffsvc.export;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.hubert.HubertOnnx;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.embedding.EmbeddingOnnx;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetOnnx;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.VocoderKind;
import diffsvc.testing.Golden;
import diffsvc.testing.Onnx;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.HifiGanOnnx;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.Test;

/** The graphs in ONNX Runtime against the reference's numbers (golden/README.md), with the set's own tolerances. */
class OnnxGoldenTest {
    private static final Path CKPT = Golden.ckpt("svc_ckpt");
    private final Hparams hparams = Hparams.ofPython(Golden.FOLDER.resolve("svc_ckpt/config.yaml"));

    @Test
    void theDenoiserIsTheReferences() {
        try (Golden g = new Golden("svc_denoiser.npz");
                WaveNet net = WaveNet.load(g.manager(), hparams, StateDict.read(CKPT));
                Onnx graph = new Onnx(WaveNetOnnx.of(net))) {
            NDArray step = g.get("diffusion_step").toType(DataType.FLOAT32, true);
            Map<String, NDArray> out =
                    graph.run(g.manager(), Map.of("spec", g.get("spec"), "step", step, "cond", g.get("cond")));
            g.same("output", out.get("eps"));
        }
    }

    @Test
    void theEmbeddingIsTheReferences() {
        try (Golden g = new Golden("svc_embedding.npz");
                EmbeddingModel model = EmbeddingModel.load(g.manager(), hparams, StateDict.read(CKPT));
                Onnx graph = new Onnx(EmbeddingOnnx.of(model))) {
            Map<String, NDArray> in =
                    Map.of("units", g.get("hubert"), "mel2ph", g.get("mel2ph"), "f0", g.get("f0_log2"));
            Map<String, NDArray> out = graph.run(g.manager(), in);
            g.same("f0_denorm", out.get("f0_hz"));
            g.same("cond", out.get("cond"));
        }
    }

    @Test
    void unvoicedFramesLoseTheirF0WithUseUv() {
        Hparams useUv = Arg2Hparams.apply(hparams, "pitch.use_uv=true");
        try (Golden g = new Golden("svc_embedding.npz");
                EmbeddingModel model = EmbeddingModel.load(g.manager(), useUv, StateDict.read(CKPT));
                Onnx graph = new Onnx(EmbeddingOnnx.of(model))) {
            Map<String, NDArray> in = Map.of(
                    "units", g.get("hubert"),
                    "mel2ph", g.get("mel2ph"),
                    "f0", g.get("f0_log2"),
                    "unvoiced", g.get("uv"));
            Map<String, NDArray> out = graph.run(g.manager(), in);
            g.same("f0_denorm_use_uv", out.get("f0_hz"));
            g.same("decoder_inp_use_uv", out.get("cond").transpose(0, 2, 1));
        }
    }

    @Test
    void theEmbeddingOfOlderVoicesIsTheReferences() {
        Path file = Golden.ckpt("svc_fs2enc");
        Hparams h = Hparams.ofPython(file.resolveSibling("config.yaml"));
        try (Golden g = new Golden("svc_fs2enc.npz");
                EmbeddingModel model = EmbeddingModel.load(g.manager(), h, StateDict.read(file));
                Onnx graph = new Onnx(EmbeddingOnnx.of(model))) {
            Map<String, NDArray> in = Map.of("units", g.get("hubert"), "mel2ph", g.get("mel2ph"), "f0", g.get("f0"));
            g.same("decoder_inp", graph.run(g.manager(), in).get("cond").transpose(0, 2, 1));
        }
    }

    @Test
    void theVocodersAreTheReferences() {
        vocoder("nsf_hifigan.npz", VocoderKind.NSF_HIFIGAN, Golden.FOLDER.resolve("nsf_hifigan/model"));
        vocoder("hifigan_24k.npz", VocoderKind.HIFIGAN, Golden.ckpt("hifigan_24k"));
    }

    private static void vocoder(String set, VocoderKind kind, Path file) {
        try (Golden g = new Golden(set);
                HifiGan net = HifiGan.load(g.manager(), kind, file);
                Onnx graph = new Onnx(HifiGanOnnx.of(net))) {
            for (String draw : new String[] {"zero_", "rand_"}) {
                NDArray source = g.get(draw + "source").transpose(0, 2, 1);
                Map<String, NDArray> out = graph.run(g.manager(), Map.of("mel", g.get("mel"), "source", source));
                g.same(draw + "wav", out.get("wave"));
            }
        }
    }

    @Test
    void theContentEncoderIsTheReferences() {
        int heads = Golden.stage("hubert_soft")
                .getAsJsonObject("hparams")
                .get("heads")
                .getAsInt();
        try (Golden g = new Golden("hubert.npz");
                HubertSoft net = HubertSoft.load(g.manager(), Golden.FOLDER.resolve("hubert/hubert_soft.pt"), heads);
                Onnx graph = new Onnx(HubertOnnx.of(net))) {
            int compared = 0;
            for (MatchResult m : g.matching("(.+_)wav")) {
                Map<String, NDArray> out = graph.run(g.manager(), Map.of("wave", g.get(m.group())));
                g.same(m.group(1) + "units", out.get("units"));
                compared++;
            }
            assertEquals(g.matching("(.+_)wav").size(), compared);
        }
    }
}
