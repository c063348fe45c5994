package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.StatedPrediction;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.diffusion.Denoising;
import diffsvc.diffusion.embedding.EmbeddingModel.Condition;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.PredictionKind;
import diffsvc.hparams.ProjectPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a voice's denoiser predicts: the file says, the hparams say, and a conversion never guesses. */
@Tag("conversion")
class PredictedVoiceTest {
    private static final StatedPrediction EDM = new StatedPrediction(PredictionKind.EDM, 0.12);
    private static final String DEMO = "models/demo";

    @TempDir
    Path home;

    private Path folder;
    private Hparams demo;

    /** The demo's files under another name, as if they said nothing of the prediction: they predict eps. */
    @BeforeEach
    void copy() throws IOException {
        folder = Files.createDirectories(home.resolve("models/other"));
        demo = HparamsYaml.read(Path.of(DEMO, "hparams.yaml")).noise(n -> n.prediction("eps")
                .sigmaData(Hparams.defaults().noise().sigmaData()));
        for (String model : List.of("embedding_model", "wavenet_model")) {
            String name = model + "_steps_" + demo.steps() + ".pt";
            Files.copy(Path.of(DEMO, name), folder.resolve(name));
        }
        Path encoder = Path.of("models/frozen", demo.hubert().file());
        Files.copy(encoder, folder.resolve(demo.hubert().file()));
        state(StatedPrediction.EPS);
    }

    private Path wavenet() {
        return folder.resolve("wavenet_model_steps_" + demo.steps() + ".pt");
    }

    /** Puts the buffer, and no other, into the denoiser's file. */
    private void state(StatedPrediction stated) {
        Map<String, TorchTensor> tensors = new LinkedHashMap<>();
        StateDict.readUnmapped(wavenet()).tensors().forEach((name, t) -> {
            if (!StatedPrediction.isBuffer(name)) {
                tensors.put("model." + name, t);
            }
        });
        stated.buffers().forEach((name, t) -> tensors.put("model." + name, t));
        TorchFile.write(wavenet(), tensors);
    }

    private Voice open(UnaryOperator<Hparams.Noise> noise) {
        HparamsYaml.write(
                folder.resolve("hparams.yaml"),
                demo.project("other").noise(noise).infer(i -> i.precision("float32")));
        ProjectPaths paths = new ProjectPaths(home);
        return Voice.open(paths, ModelFiles.in(paths.models()).project("other"), h -> h);
    }

    private static Pairing.Finding finding(Voice voice) {
        ModelFiles files = ModelFiles.in(voice.paths().models());
        return Pairing.of(files, files.project("other"), voice.hparams()).findings().stream()
                .filter(f -> f.what().contains("noise.prediction"))
                .findFirst()
                .orElseThrow();
    }

    /** The noise at t = 500 for an input of ones, and what the network says of the same. */
    private static float[][] both(Voice voice) {
        try (NDManager m = NDManager.newBaseManager()) {
            int bins = voice.hparams().audio().melBins(),
                    wide = voice.hparams().embedding().hiddenSize();
            NDArray cond = m.randomNormal(new Shape(1, 12, wide)).mul(0.1f), x = m.ones(new Shape(1, 1, bins, 12));
            Condition condition = new Condition(cond, m.ones(new Shape(1, 12)), m.ones(new Shape(1, 12)));
            double t = 500,
                    a = voice.schedule().alpha(500),
                    s = voice.schedule().sigma(500);
            double w = voice.prediction().kind() == PredictionKind.EDM ? Math.hypot(s, a * 0.12) : 1;
            return new float[][] {
                voice.network(condition).at(x, t).toFloatArray(),
                voice.wavenet()
                        .given(condition.forDenoiser())
                        .at(x.div((float) w), t)
                        .toFloatArray()
            };
        }
    }

    @Test
    void aFileThatSaysNothingPredictsEpsAndItsNoiseIsTheNetworks() {
        try (Voice voice = open(n -> n)) {
            assertEquals(StatedPrediction.EPS, voice.prediction().stated());
            float[][] both = both(voice);
            assertArrayEquals(both[1], both[0], 1e-4f, "the script against operation by operation");
            assertEquals(Pairing.Verdict.FITS, finding(voice).verdict());
            assertEquals(List.of(), voice.notes());
        }
    }

    @Test
    void aStatedPredictionIsOpenedAndTurnedIntoTheNoise() {
        state(EDM);
        try (Voice voice = open(EDM::on)) {
            assertEquals(EDM, voice.prediction().stated());
            assertEquals(Pairing.Verdict.FITS, finding(voice).verdict());
            assertEquals("edm, sigma_data 0.12", finding(voice).file());
            assertEquals(List.of(), voice.notes());
            double a = voice.schedule().alpha(500), s = voice.schedule().sigma(500), w = Math.hypot(s, a * 0.12);
            float[][] both = both(voice);
            for (int i = 0; i < both[0].length; i++) {
                assertEquals(s / (w * w) - a * 0.12 / w * both[1][i], both[0][i], 1e-4);
            }
        }
    }

    @Test
    void theFileWinsOverTheHparamsAndANoteSaysSo() {
        state(EDM);
        try (Voice voice = open(n -> n)) {
            assertEquals(EDM, voice.prediction().stated());
            assertEquals(Pairing.Verdict.NOTE, finding(voice).verdict());
            String note = voice.notes().get(0);
            assertTrue(note.contains("the hparams say eps, without effect: edm, sigma_data 0.12"), note);
        }
    }

    @Test
    void aFileThatDoesNotSayIsTakenAsTheHparamsSayAndANoteSaysSo() {
        try (Voice voice = open(n -> n.prediction("v"))) {
            assertEquals(PredictionKind.V, voice.prediction().kind());
            assertEquals(Pairing.Verdict.NOTE, finding(voice).verdict());
            assertTrue(
                    voice.notes().get(0).contains("the hparams say v"),
                    voice.notes().toString());
        }
    }

    @Test
    void anOverrideIsRefused() {
        open(n -> n).close();
        ProjectPaths paths = new ProjectPaths(home);
        ModelFiles.Pair pair = ModelFiles.in(paths.models()).project("other");
        for (UnaryOperator<Hparams.Noise> edit :
                List.<UnaryOperator<Hparams.Noise>>of(n -> n.prediction("v"), n -> n.sigmaData(0.3))) {
            String said = assertThrows(Problem.class, () -> Voice.open(paths, pair, h -> h.noise(edit)))
                    .getMessage();
            assertTrue(said.contains("trained to predict one thing"), said);
        }
    }

    /** Sampling of a voice is its sampler over its noise, nothing else. */
    @Test
    void aConversionSamplesTheNoise() {
        state(EDM);
        try (Voice voice = open(EDM::on)) {
            try (NDManager m = NDManager.newBaseManager()) {
                int bins = voice.hparams().audio().melBins(),
                        wide = voice.hparams().embedding().hiddenSize();
                Condition condition = new Condition(
                        m.ones(new Shape(1, 8, wide)).mul(0.1f), m.ones(new Shape(1, 8)), m.ones(new Shape(1, 8)));
                Voice quick = voice.with(h -> h.infer(i -> i.sampler("unipc2").steps(4)));
                NDArray start = quick.start(8, 3);
                assertEquals(new Shape(1, 1, bins, 8), start.getShape());
                float[] want = Denoising.run(quick.sampler(), quick.network(condition), start, quick.times())
                        .toFloatArray();
                assertArrayEquals(want, quick.denoise(condition, start, 3).toFloatArray());
            }
        }
    }
}
