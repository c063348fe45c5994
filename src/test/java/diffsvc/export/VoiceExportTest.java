package diffsvc.export;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.diffusion.wavenet.WaveNetScript;
import diffsvc.files.Output;
import diffsvc.files.Sha256;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.platform.Script;
import diffsvc.testing.Golden;
import diffsvc.testing.Onnx;
import diffsvc.vocoder.HifiGan;
import diffsvc.voice.Voice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Exported files are opened again as another program opens them, and give the numbers of the voice. */
class VoiceExportTest {
    @TempDir
    Path folder;

    private static byte[] archive(WaveNetScript script) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        script.write(out);
        return out.toByteArray();
    }

    @Test
    void theArchiveOfTheDenoiserIsTheReferences() throws IOException {
        Hparams h = Hparams.ofPython(Golden.FOLDER.resolve("svc_ckpt/config.yaml"));
        try (Golden g = new Golden("svc_denoiser.npz");
                WaveNet net = WaveNet.load(g.manager(), h, StateDict.read(Golden.ckpt("svc_ckpt")));
                WaveNetScript script = WaveNetScript.of(g.manager(), net, Precision.FLOAT32);
                Script opened = Script.open(g.manager(), archive(script))) {
            NDArray step = g.get("diffusion_step").toType(DataType.FLOAT32, true),
                    projected = opened.run(g.manager(), "project", g.get("cond"));
            g.same("output", opened.run(g.manager(), "forward", g.get("spec"), step, projected));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT32", "BFLOAT16"})
    void anArchiveGivesTheBitsOfTheScript(Precision precision) throws IOException {
        WaveNet.Sizes sizes = new WaveNet.Sizes(16, 32, 24, 5, 4);
        try (NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, sizes, 1);
                WaveNetScript script = WaveNetScript.of(m, net, precision);
                Script opened = Script.open(m, archive(script))) {
            NDArray spec = m.randomNormal(new Shape(2, 1, 16, 70)), cond = m.randomNormal(new Shape(2, 24, 70));
            NDArray t = m.full(new Shape(2), 700.5f), projected = opened.run(m, "project", cond);
            assertArrayEquals(
                    script.given(cond).at(spec, 700.5).toFloatArray(),
                    opened.run(m, "forward", spec, t, projected).toFloatArray());
            assertArrayEquals(archive(script), archive(script), "the same network gives the same bytes");
        }
    }

    @Test
    void aStreamThatFailsIsReported() {
        try (NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, new WaveNet.Sizes(16, 32, 24, 2, 4), 1);
                WaveNetScript script = WaveNetScript.of(m, net, Precision.FLOAT32)) {
            OutputStream full = new OutputStream() {
                @Override
                public void write(int b) throws IOException {
                    throw new IOException("No space left on device");
                }
            };
            assertEquals(
                    "No space left on device",
                    assertThrows(IOException.class, () -> script.write(full)).getMessage());
        }
    }

    /** A voice in the Python project's layout with all four networks. */
    private Voice golden() throws IOException {
        Path e2e = Golden.FOLDER.resolve("e2e"), voice = Files.createDirectories(folder.resolve("checkpoints/golden"));
        Path config = Files.copy(e2e.resolve("svc/config.yaml"), voice.resolve("config.yaml")),
                checkpoint = Files.copy(Golden.ckpt("e2e/svc"), voice.resolve("model_ckpt_steps_500.ckpt"));
        Path hubert = Files.createDirectories(folder.resolve("checkpoints/hubert"));
        Files.copy(e2e.resolve("hubert/hubert_soft.pt"), hubert.resolve("hubert_soft.pt"));
        Path vocoder = Files.createDirectories(folder.resolve("checkpoints/nsf_hifigan"));
        Files.copy(Golden.FOLDER.resolve("nsf_hifigan/model"), vocoder.resolve("model"));
        Files.copy(Golden.FOLDER.resolve("nsf_hifigan/config.json"), vocoder.resolve("config.json"));
        return Voice.open(config, checkpoint, h -> Arg2Hparams.apply(h, Golden.heads()));
    }

    private static JsonObject json(Path file) throws IOException {
        return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    }

    @Test
    void aVoiceIsWrittenWithAllItsNetworksAndTheDescriptionSaysWhatTheyTake() throws IOException {
        Path out = folder.resolve("out");
        try (Voice voice = golden()) {
            VoiceExport.Result result = VoiceExport.write(voice, out, Precision.FLOAT32, true, Output.CAREFUL);
            Set<String> names = new TreeSet<>();
            result.files().forEach(f -> names.add(f.getFileName().toString()));
            assertTrue(
                    names.containsAll(Set.of(
                            "encoder.onnx",
                            "encoder_float32.ts",
                            "vocoder_float32.ts",
                            "embedding.onnx",
                            "embedding_float32.ts",
                            "wavenet_float32.ts",
                            "wavenet.onnx",
                            "vocoder.onnx",
                            "golden.json")),
                    names.toString());
            encoderAndVocoderAreTheVoices(voice, out);
            JsonObject about = json(out.resolve("golden.json")), files = about.getAsJsonObject("files");
            assertEquals(
                    voice.schedule().steps(),
                    about.getAsJsonObject("diffusion")
                            .getAsJsonArray("alphas_cumprod")
                            .size());
            assertEquals(
                    "eps", about.getAsJsonObject("diffusion").get("prediction").getAsString());
            for (String name : files.keySet()) {
                JsonObject entry = files.getAsJsonObject(name);
                assertEquals(Sha256.of(out.resolve(name)), entry.get("sha256").getAsString());
                if (name.endsWith(".onnx")) {
                    runs(out.resolve(name), entry);
                }
            }
        }
    }

    private static void encoderAndVocoderAreTheVoices(Voice voice, Path out) throws IOException {
        HubertSoft encoder = (HubertSoft) voice.encoder();
        HifiGan vocoder = (HifiGan) voice.vocoder();
        try (NDManager m = NDManager.newBaseManager();
                Script units = Script.open(m, Files.readAllBytes(out.resolve("encoder_float32.ts")));
                Script wave = Script.open(m, Files.readAllBytes(out.resolve("vocoder_float32.ts")))) {
            NDArray sound = m.randomNormal(new Shape(1, 1, 4000)).mul(0.1f);
            same(encoder.extract(sound).units(), units.run(m, "forward", sound), 1e-5);
            NDArray mel = m.randomNormal(new Shape(2, vocoder.config().mels(), 12)),
                    source =
                            m.randomNormal(
                                    new Shape(2, 1, 12L * vocoder.config().hopSamples()));
            same(vocoder.wave(mel, source, (name, value) -> {}), wave.run(m, "forward", mel, source), 1e-5);
            same(
                    vocoder.wave(mel, null, (name, value) -> {}),
                    wave.run(m, "forward", mel, m.create(new Shape(1, 1, 0))),
                    1e-5);
        }
    }

    private static void same(NDArray expected, NDArray got, double most) {
        assertEquals(expected.getShape(), got.getShape());
        float apart = expected.sub(got).abs().max().getFloat();
        assertTrue(apart < most, "apart by " + apart);
    }

    /** Gives a graph the inputs that its description lists, and gets the outputs that it lists. */
    private static void runs(Path file, JsonObject entry) throws IOException {
        Map<String, Integer> letters = Map.of("B", 1, "N", 4000, "P", 9, "T", 12, "L", 12 * 512);
        try (NDManager m = NDManager.newBaseManager();
                Onnx graph = new Onnx(Files.readAllBytes(file))) {
            Map<String, NDArray> in = new HashMap<>();
            for (JsonElement e : entry.getAsJsonArray("inputs")) {
                JsonObject tensor = e.getAsJsonObject();
                Shape shape = shape(tensor, letters);
                in.put(
                        tensor.get("name").getAsString(),
                        tensor.get("type").getAsString().equals("int64")
                                ? m.ones(shape, DataType.INT64)
                                : m.ones(shape));
            }
            Map<String, NDArray> made = graph.run(m, in);
            List<String> listed = new ArrayList<>();
            for (JsonElement e : entry.getAsJsonArray("outputs")) {
                JsonObject tensor = e.getAsJsonObject();
                String name = tensor.get("name").getAsString();
                listed.add(name);
                Shape shape = made.get(name).getShape();
                if (!name.equals("units")) { // P follows from N
                    assertEquals(shape(tensor, letters), shape, file + " " + name);
                }
            }
            assertEquals(new TreeSet<>(listed), new TreeSet<>(made.keySet()));
        }
    }

    private static Shape shape(JsonObject tensor, Map<String, Integer> letters) {
        JsonArray axes = tensor.getAsJsonArray("shape");
        long[] shape = new long[axes.size()];
        for (int i = 0; i < shape.length; i++) {
            String axis = axes.get(i).getAsString();
            shape[i] = letters.containsKey(axis) ? letters.get(axis) : Long.parseLong(axis);
        }
        return new Shape(shape);
    }

    /** The graph and the archive give what the network predicts, and the description says what that is. */
    @Test
    void anotherPredictionIsNotCalledEps() throws IOException {
        for (String prediction : List.of("v", "edm")) {
            Path out = folder.resolve(prediction);
            try (Voice voice = Voice.random(
                            h -> h.noise(n -> n.prediction(prediction).sigmaData(0.12))
                                    .wavenet(w -> w.residualChannels(16).residualLayers(2)));
                    NDManager m = NDManager.newBaseManager()) {
                VoiceExport.write(voice, out, Precision.FLOAT32, true, Output.CAREFUL);
                JsonObject about = json(out.resolve("voice.json")),
                        entry = about.getAsJsonObject("files").getAsJsonObject("wavenet.onnx"),
                        diffusion = about.getAsJsonObject("diffusion");
                assertEquals(prediction, diffusion.get("prediction").getAsString());
                assertEquals(prediction.equals("edm") ? "0.12" : "null", String.valueOf(diffusion.get("sigma_data")));
                String name = entry.getAsJsonArray("outputs")
                        .get(0)
                        .getAsJsonObject()
                        .get("name")
                        .getAsString();
                assertEquals(prediction.equals("edm") ? "f" : prediction, name);
                runs(out.resolve("wavenet.onnx"), entry);
                int bins = voice.hparams().audio().melBins(),
                        wide = voice.hparams().embedding().hiddenSize();
                NDArray spec = m.ones(new Shape(1, 1, bins, 12)), cond = m.ones(new Shape(1, wide, 12));
                try (Onnx graph = new Onnx(Files.readAllBytes(out.resolve("wavenet.onnx")))) {
                    NDArray step = m.full(new Shape(1), 500f);
                    same(
                            voice.wavenet().given(cond).at(spec, 500),
                            graph.run(m, Map.of("spec", spec, "step", step, "cond", cond))
                                    .get(name),
                            1e-5);
                }
            }
        }
    }

    @Test
    void onlyOwnFilesAreReplaced() throws IOException {
        Path out = folder.resolve("out"), archive = out.resolve("wavenet_float32.ts"), json = out.resolve("voice.json");
        try (Voice voice =
                Voice.random(h -> h.wavenet(w -> w.residualChannels(32).residualLayers(2)))) {
            write(voice, out, Precision.FLOAT32, Output.CAREFUL);
            String first = Sha256.of(archive);
            write(voice, out, Precision.BFLOAT16, Output.CAREFUL);
            write(voice, out, Precision.FLOAT32, Output.CAREFUL); // the description still knows it
            assertEquals(first, Sha256.of(archive));
            Files.writeString(archive, "mine");
            String said = refused(voice, out);
            assertTrue(said.contains("changed since export wrote it") && said.contains("--overwrite"), said);
            assertEquals("mine", Files.readString(archive));
            write(voice, out, Precision.FLOAT32, new Output(true, List.of()));
            assertEquals(first, Sha256.of(archive));
            Files.writeString(json, "{}");
            assertTrue(refused(voice, out).contains("a file that export did not write"));
            assertEquals("{}", Files.readString(json));
            try (var list = Files.list(out)) {
                assertFalse(list.anyMatch(f -> f.toString().contains(".part")), "nothing half written stays");
            }
        }
    }

    private static VoiceExport.Result write(Voice voice, Path out, Precision precision, Output rule) {
        return VoiceExport.write(voice, out, precision, false, rule);
    }

    private static String refused(Voice voice, Path out) {
        return assertThrows(Problem.class, () -> write(voice, out, Precision.FLOAT32, Output.CAREFUL))
                .getMessage();
    }
}
