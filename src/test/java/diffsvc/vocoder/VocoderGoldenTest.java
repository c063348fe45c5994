package diffsvc.vocoder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.hparams.Precision;
import diffsvc.hparams.VocoderKind;
import diffsvc.random.RandomSource;
import diffsvc.testing.Golden;
import diffsvc.testing.Onnx;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BinaryOperator;
import org.junit.jupiter.api.Test;

/** The two neural vocoders against the reference's numbers, stage by stage. */
class VocoderGoldenTest {
    private interface Wave {
        NDArray of(NDArray mel, NDArray source, BiConsumer<String, NDArray> tap);
    }

    private interface Source {
        NDArray of(NDArray f0Hz, HarmonicSource.Draw draw, BiConsumer<String, NDArray> tap);
    }

    @Test
    void nsfHifiGanIsTheReferences() {
        try (Golden g = new Golden("nsf_hifigan.npz");
                HifiGan net = HifiGan.load(
                        g.manager(), VocoderKind.NSF_HIFIGAN, Golden.FOLDER.resolve("nsf_hifigan/model"))) {
            compare(
                    g,
                    net.harmonics(),
                    net::source,
                    net::wave,
                    (mel, source) -> net.wave(mel, source, Precision.FLOAT32));
            // one seed gives the draws of torch.manual_seed: phases first, then noise
            NDArray f0 = g.get("f0");
            long batch = f0.getShape().get(0), t = f0.getShape().get(1);
            Engine.getInstance().setRandomSeed(7);
            NDArray phase = g.manager()
                    .randomUniform(0, 1, new Shape(batch, net.harmonics().harmonics()));
            NDArray noise = g.manager()
                    .randomNormal(new Shape(
                            batch,
                            t * net.config().hopSamples(),
                            net.harmonics().harmonics()));
            float[] seeded = net.source(f0, RandomSource.keyed(7)).toFloatArray();
            assertArrayEquals(
                    net.source(f0, new HarmonicSource.Draw(phase, noise), (n, v) -> {})
                            .toFloatArray(),
                    seeded,
                    1e-6f); // the same sums in another order
        }
    }

    @Test
    void hifiGanIsTheReferences() throws Exception {
        Path file = Golden.ckpt("hifigan_24k");
        try (Golden g = new Golden("hifigan_24k.npz");
                HifiGan net = HifiGan.load(g.manager(), VocoderKind.HIFIGAN, file)) {
            compare(
                    g,
                    net.harmonics(),
                    net::source,
                    net::wave,
                    (mel, source) -> net.wave(mel, source, Precision.FLOAT32));
        }
        try (Golden g = new Golden("hifigan_24k_nof0.npz");
                HifiGan net = HifiGan.load(g.manager(), VocoderKind.HIFIGAN, file)) {
            g.same("wav", net.wave(g.get("mel"), null, (n, v) -> {}));
            g.same("wav", net.wave(g.get("mel"), null, Precision.FLOAT32));
            try (Onnx graph = new Onnx(HifiGanOnnx.of(net.network(), false))) {
                g.same(
                        "wav",
                        graph.run(g.manager(), Map.of("mel", g.get("mel"))).get("wave"));
            }
        }
    }

    private static void compare(
            Golden g, HarmonicSource harmonics, Source source, Wave wave, BinaryOperator<NDArray> script) {
        NDArray f0 = g.get("f0"), phase = g.get("phase"), mel = g.get("mel");
        NDArray noise = g.get("noise_int8").toType(DataType.FLOAT32, true).div(32), none = noise.mul(0);
        Set<String> seen = new HashSet<>();
        BiConsumer<String, NDArray> tap = (stage, value) -> {
            String name = g.has("zero_" + stage) ? "zero_" + stage : "zero_" + stage + "_head";
            if (g.has(name)) {
                g.same(name, value.get(":, :, :" + g.get(name).getShape().get(2)));
                seen.add(name);
            }
        };
        NDArray sines = harmonics.sines(f0, phase.mul(0));
        NDArray every = g.get("zero_sines");
        long step = sines.getShape().get(1) / every.getShape().get(1);
        g.same("zero_sines", sines.get(":, ::" + step));
        g.same("uv", f0.gt(0f).toType(DataType.FLOAT32, true).expandDims(2));
        NDArray still = source.of(f0, new HarmonicSource.Draw(phase.mul(0), none), (n, v) -> {});
        g.same("zero_source", still.transpose(0, 2, 1));
        g.same("zero_wav", wave.of(mel, still, tap));
        assertEquals(2 * rates(g) + 2, seen.size(), "stages compared: " + seen);
        NDArray[] withNoise = new NDArray[1];
        NDArray drawn = source.of(
                f0,
                new HarmonicSource.Draw(phase, noise),
                (name, value) -> withNoise[0] = name.equals("sines") ? value : withNoise[0]);
        g.same(
                "rand_sines_head",
                withNoise[0].get(":, :" + g.get("rand_sines_head").getShape().get(1)));
        g.same("rand_source", drawn.transpose(0, 2, 1));
        g.same("rand_wav", wave.of(mel, drawn, (n, v) -> {}));
        g.same("zero_wav", script.apply(mel, still));
        g.same("rand_wav", script.apply(mel, drawn));
        NDArray silent = source.of(f0.mul(0), new HarmonicSource.Draw(phase, none), (n, v) -> {});
        NDArray unvoiced = wave.of(mel, silent, (n, v) -> {});
        g.same(
                "unvoiced_wav_head",
                unvoiced.get(":, :, :" + g.get("unvoiced_wav_head").getShape().get(2)));
    }

    private static int rates(Golden g) {
        int n = 0;
        while (g.has("zero_up" + n + "_head")) {
            n++;
        }
        assertTrue(n > 0);
        return n;
    }
}
