package diffsvc.diffusion.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.Conds2Tensor.Conds;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.tensor.Inner;
import diffsvc.testing.Onnx;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Units of another width than the condition's. */
class UnitProjectionTest {
    private static final int UNITS = 10, H = 6, COUNT = 4;
    private static final Hparams HPARAMS =
            Arg2Hparams.apply(Hparams.defaults(), "embedding.hidden_size=" + H + ",embedding.unit_size=" + UNITS);
    private final NDManager m = NDManager.newBaseManager();
    private final NDArray units = m.randomNormal(new Shape(1, COUNT, UNITS)),
            mel2ph = m.create(new long[] {1, 2, 2, 3, 4, 0}, new Shape(1, 6)),
            f0 = m.create(new float[] {7, 7.5f, 8, 8.5f, 9, 0}, new Shape(1, 6));

    @AfterEach
    void close() {
        m.close();
    }

    private Conds conds() {
        return new Conds(units, mel2ph, f0, m.zeros(new Shape(1, 6)));
    }

    @Test
    void theConditionIsTheProjectedUnitsAndThePitch() {
        try (EmbeddingModel model = EmbeddingModel.random(m, HPARAMS, 3)) {
            model.weights().fill("unit_projection.bias", new float[] {1, 2, 3, 4, 5, 6});
            EmbeddingModel.Condition made = model.embed(conds());
            float[] w = model.weights().get("unit_projection.weight").toFloatArray(),
                    u = units.toFloatArray(),
                    pitch = model.weights().get("pitch_embed.weight").toFloatArray(),
                    cond = made.cond().toFloatArray();
            long[] at = mel2ph.toLongArray(), ids = made.pitchIds().toLongArray();
            for (int t = 0; t < 6; t++) {
                for (int c = 0; c < H; c++) {
                    double want = c + 1 + pitch[(int) ids[t] * H + c];
                    for (int k = 0; at[t] > 0 && k < UNITS; k++) {
                        want += w[c * UNITS + k] * u[((int) at[t] - 1) * UNITS + k];
                    }
                    assertEquals(at[t] > 0 ? want : 0, cond[t * H + c], 1e-5, "frame " + t + ", channel " + c);
                }
            }
        }
    }

    @Test
    void scriptAndGraphHaveTheProjection() {
        try (EmbeddingModel model = EmbeddingModel.random(m, HPARAMS, 3);
                EmbeddingScript script = EmbeddingScript.of(m, model);
                Onnx graph = new Onnx(EmbeddingOnnx.of(model))) {
            NDArray want = model.embed(conds()).forDenoiser();
            assertArrayEquals(
                    want.toFloatArray(), script.embed(units, mel2ph, f0).toFloatArray());
            NDArray other = graph.run(m, Map.of("units", units, "mel2ph", mel2ph, "f0", f0))
                    .get("cond");
            assertEquals(0, other.sub(want).abs().max().getFloat(), 1e-6);
        }
    }

    private static Hparams convs(int count) {
        return Arg2Hparams.apply(HPARAMS, "embedding.unit_convs=" + count);
    }

    /** x + conv(gelu(x)), written out; GELU is exact to what erf is approximated by. */
    @Test
    void aConvolutionOverTheUnitsIsAddedToThem() {
        try (EmbeddingModel model = EmbeddingModel.random(m, convs(1), 3)) {
            Map<String, float[]> seen = new HashMap<>();
            model.embed(conds(), Inner.showing((name, value) -> seen.put(name, value.toFloatArray())));
            float[] x = seen.get("unit_projection"),
                    w = model.weights().get("unit_convs.0.weight").toFloatArray(),
                    b = model.weights().get("unit_convs.0.bias").toFloatArray(),
                    got = seen.get("unit_convs.0");
            for (int p = 0; p < COUNT; p++) {
                for (int o = 0; o < H; o++) {
                    double want = x[p * H + o] + b[o];
                    for (int k = -2; k <= 2; k++) {
                        for (int i = 0; p + k >= 0 && p + k < COUNT && i < H; i++) {
                            double v = x[(p + k) * H + i];
                            want += w[(o * H + i) * 5 + k + 2] * v * normal(v);
                        }
                    }
                    assertEquals(want, got[o * COUNT + p], 1e-5, "unit " + p + ", channel " + o);
                }
            }
        }
    }

    /** Share of the normal distribution below v, by Simpson's rule. */
    private static double normal(double v) {
        int n = 400;
        double sum = 0, h = v / n;
        for (int i = 0; i <= n; i++) {
            double z = i * h;
            sum += (i == 0 || i == n ? 1 : i % 2 == 0 ? 2 : 4) * Math.exp(-z * z / 2);
        }
        return 0.5 + sum * h / 3 / Math.sqrt(2 * Math.PI);
    }

    @Test
    void scriptAndGraphHaveTheConvolutions() {
        try (EmbeddingModel model = EmbeddingModel.random(m, convs(3), 3);
                EmbeddingScript script = EmbeddingScript.of(m, model);
                Onnx graph = new Onnx(EmbeddingOnnx.of(model))) {
            NDArray want = model.embed(conds()).forDenoiser();
            assertArrayEquals(
                    want.toFloatArray(), script.embed(units, mel2ph, f0).toFloatArray(), 1e-6f);
            NDArray other = graph.run(m, Map.of("units", units, "mel2ph", mel2ph, "f0", f0))
                    .get("cond");
            assertEquals(0, other.sub(want).abs().max().getFloat(), 1e-5);
        }
    }

    @Test
    void aPaddedClipHasTheConditionThatItHasAlone() {
        try (EmbeddingModel model = EmbeddingModel.random(m, convs(2), 3)) {
            NDArray padded = units.concat(m.zeros(new Shape(1, 3, UNITS)), 1);
            NDArray want = model.embed(conds()).cond(),
                    longer =
                            model.embed(new Conds(padded, mel2ph, f0, m.zeros(new Shape(1, 6))))
                                    .cond();
            assertEquals(0, longer.sub(want).abs().max().getFloat(), 1e-6);
        }
    }

    @Test
    void aFileWithAnotherNumberOfConvolutionsIsNamed() {
        try (EmbeddingModel model = EmbeddingModel.random(m, convs(2), 3)) {
            StateDict file = new StateDict(null, model.weights().toTensors("fs2."));
            String said = assertThrows(Problem.class, () -> EmbeddingModel.load(m, HPARAMS, file))
                    .getMessage();
            assertTrue(said.contains("embedding.unit_convs is 0 in the configuration and 2 in the file"), said);
        }
    }

    /** The transformer over the units knows padding by zeros, which a projection with a bias would hide. */
    @Test
    void paddedUnitsStayPaddingForTheTransformer() {
        Hparams h = Arg2Hparams.apply(HPARAMS, "embedding.no_fs2=false,embedding.enc_layers=1");
        try (EmbeddingModel model = EmbeddingModel.random(m, h, 3)) {
            model.weights().fill("unit_projection.bias", new float[] {1, 2, 3, 4, 5, 6});
            NDArray padded = units.concat(m.zeros(new Shape(1, 3, UNITS)), 1);
            NDArray want = model.embed(conds()).cond(),
                    longer =
                            model.embed(new Conds(padded, mel2ph, f0, m.zeros(new Shape(1, 6))))
                                    .cond();
            assertEquals(0, longer.sub(want).abs().max().getFloat(), 1e-5);
            try (Onnx graph = new Onnx(EmbeddingOnnx.of(model))) {
                NDArray other = graph.run(m, Map.of("units", padded, "mel2ph", mel2ph, "f0", f0))
                        .get("cond");
                assertEquals(0, other.transpose(0, 2, 1).sub(want).abs().max().getFloat(), 1e-5);
            }
        }
    }

    @Test
    void withoutAnotherWidthThereIsNoProjection() {
        for (String same : new String[] {"embedding.unit_size=0", "embedding.unit_size=6"}) {
            Hparams h = Arg2Hparams.apply(HPARAMS, same);
            assertFalse(EmbeddingModel.table(h.embedding()).keySet().stream().anyMatch(k -> k.contains("projection")));
            assertEquals(6, h.embedding().unitWidth());
        }
        assertEquals(
                new Shape(H, UNITS), EmbeddingModel.table(HPARAMS.embedding()).get("unit_projection.weight"));
    }

    @Test
    void unitsOfTheWrongWidthAndFilesOfAnotherWidthAreNamed() {
        try (EmbeddingModel model = EmbeddingModel.random(m, HPARAMS, 3)) {
            Conds narrow = new Conds(m.zeros(new Shape(1, COUNT, H)), mel2ph, f0, m.zeros(new Shape(1, 6)));
            String said = assertThrows(Problem.class, () -> model.embed(narrow)).getMessage();
            assertTrue(said.contains("H is 10 in the model"), said);
            StateDict file = new StateDict(null, model.weights().toTensors("fs2."));
            Hparams without = Arg2Hparams.apply(HPARAMS, "embedding.unit_size=0");
            said = assertThrows(Problem.class, () -> EmbeddingModel.load(m, without, file))
                    .getMessage();
            assertTrue(said.contains("embedding.unit_size is 6 in the configuration and 10 in the file"), said);
        }
    }
}
