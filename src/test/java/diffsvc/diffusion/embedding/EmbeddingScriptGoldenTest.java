package diffsvc.diffusion.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.testing.Golden;
import diffsvc.testing.Onnx;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The embedding's script against the reference's numbers and against the model. */
class EmbeddingScriptGoldenTest {
    private final Hparams hparams = Hparams.ofPython(Golden.FOLDER.resolve("svc_ckpt/config.yaml"));
    private final StateDict state = StateDict.read(Golden.ckpt("svc_ckpt"));

    @Test
    void theScriptIsTheReferences() {
        try (Golden g = new Golden("svc_embedding.npz");
                EmbeddingModel model = EmbeddingModel.load(g.manager(), hparams, state);
                EmbeddingScript script = EmbeddingScript.of(g.manager(), model)) {
            g.same("cond", script.embed(g.get("hubert"), g.get("mel2ph"), g.get("f0_log2")));
        }
    }

    @Test
    void unvoicedFramesLoseTheirF0WithUseUv() {
        Hparams useUv = Arg2Hparams.apply(hparams, "pitch.use_uv=true");
        try (Golden g = new Golden("svc_embedding.npz");
                EmbeddingModel model = EmbeddingModel.load(g.manager(), useUv, state);
                EmbeddingScript script = EmbeddingScript.of(g.manager(), model)) {
            NDArray cond = script.embed(g.get("hubert"), g.get("mel2ph"), g.get("f0_log2"), g.get("uv"));
            g.same("decoder_inp_use_uv", cond.transpose(0, 2, 1));
        }
    }

    /** No voice of the reference's set uses energy. */
    @ParameterizedTest
    @ValueSource(strings = {"use_energy_embed", "use_loudness_embed"})
    void energyReachesScriptAndGraphAsItReachesTheModel(String setting) {
        Hparams h = Arg2Hparams.apply(Hparams.defaults(), "embedding." + setting + "=true");
        int wide = h.embedding().hiddenSize(), frames = 9, count = 5;
        try (NDManager m = NDManager.newBaseManager();
                EmbeddingModel model = EmbeddingModel.random(m, h, 3);
                EmbeddingScript script = EmbeddingScript.of(m, model);
                Onnx graph = new Onnx(EmbeddingOnnx.of(model))) {
            NDArray units = m.randomNormal(new Shape(1, count, wide)),
                    mel2ph = m.create(new long[] {1, 1, 2, 2, 3, 4, 5, 5, 0}, new Shape(1, frames)),
                    f0 = m.create(new float[] {5, 6, 7, 7.5f, 8, 8.5f, 9, 10, 0}, new Shape(1, frames)),
                    energy = m.create(new float[] {0, .01f, .5f, 1, 2, 3, 3.99f, 4, 70}, new Shape(1, frames));
            NDArray want = model.embed(new Conds(units, mel2ph, f0, energy)).forDenoiser();
            assertArrayEquals(
                    want.toFloatArray(), script.embed(units, mel2ph, f0, energy).toFloatArray());
            NDArray other = graph.run(m, Map.of("units", units, "mel2ph", mel2ph, "f0", f0, "energy", energy))
                    .get("cond");
            assertEquals(0, other.sub(want).abs().max().getFloat(), 1e-6);
            NDArray without =
                    model.embed(new Conds(units, mel2ph, f0, energy.mul(0))).forDenoiser();
            assertTrue(without.sub(want).abs().max().getFloat() > 1e-3, "energy makes a difference");
        }
    }

    /** cond = log10(energy) w + b, from 1e-4 to 100; silence is the softest. */
    @Test
    void theLoudnessIsALinearFunctionOfTheLevel() {
        Hparams h = Arg2Hparams.apply(
                Hparams.defaults(), "embedding.use_loudness_embed=true,embedding.use_pitch_embed=false");
        float[] energy = {0, 1e-5f, 1e-4f, 0.02f, 1, 31.6f, 100, 1000};
        double[] level = {-4, -4, -4, Math.log10(0.02), 0, Math.log10(31.6), 2, 2};
        try (NDManager m = NDManager.newBaseManager();
                EmbeddingModel model = EmbeddingModel.random(m, h, 3)) {
            int wide = h.embedding().hiddenSize();
            float[] w = model.weights().get("loudness_embed.weight").toFloatArray(),
                    b = model.weights().get("loudness_embed.bias").toFloatArray();
            NDArray f0 = m.zeros(new Shape(1, energy.length)),
                    mel2ph = f0.add(1).toType(DataType.INT64, false),
                    units = m.zeros(new Shape(1, 1, wide));
            float[] cond = model.embed(new Conds(units, mel2ph, f0, m.create(energy, f0.getShape())))
                    .cond()
                    .toFloatArray();
            for (int i = 0; i < energy.length; i++) {
                for (int k = 0; k < wide; k++) {
                    assertEquals(level[i] * w[k] + b[k], cond[i * wide + k], 1e-5, "energy " + energy[i]);
                }
            }
        }
    }

    @Test
    void loudnessOfThePythonProjectsEnergyIsRefused() {
        String said = assertThrows(
                        Problem.class,
                        () -> Arg2Hparams.apply(Hparams.defaults(), "embedding.use_loudness_embed=true,quirks=python"))
                .getMessage();
        assertTrue(said.contains("quirks fixed with embedding.use_loudness_embed"), said);
    }

    @Test
    void aVoiceWithATransformerIsReferredToItsGraph() {
        Path file = Golden.ckpt("svc_fs2enc");
        Hparams h = Hparams.ofPython(file.resolveSibling("config.yaml"));
        try (NDManager m = NDManager.newBaseManager();
                EmbeddingModel model = EmbeddingModel.load(m, h, StateDict.read(file))) {
            String said = assertThrows(Problem.class, () -> EmbeddingScript.of(m, model))
                    .getMessage();
            assertTrue(said.contains("no_fs2") && said.contains("ONNX"), said);
        }
    }
}
