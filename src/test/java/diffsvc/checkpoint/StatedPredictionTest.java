package diffsvc.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.PredictionKind;
import diffsvc.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a denoiser predicts stays with its weights, through every form of a checkpoint. */
class StatedPredictionTest {
    private static final StatedPrediction V = new StatedPrediction(PredictionKind.V, 0),
            EDM = new StatedPrediction(PredictionKind.EDM, 0.12);

    @TempDir
    Path folder;

    @Test
    void aFileKeepsItToTheLastBit() {
        for (StatedPrediction stated : List.of(V, EDM)) {
            Map<String, TorchTensor> tensors = new LinkedHashMap<>();
            tensors.put("model.betas", TorchTensor.of(new float[] {0.1f}, 1));
            stated.buffers().forEach((name, t) -> tensors.put("model." + name, t));
            Path torch = folder.resolve(stated.kind() + ".pt"), safe = folder.resolve(stated.kind() + ".safetensors");
            TorchFile.write(torch, tensors);
            Safetensors.write(safe, tensors, Map.of());
            assertEquals(Optional.of(stated), StatedPrediction.in(StateDict.read(torch)));
            assertEquals(Optional.of(stated), StatedPrediction.in(StateDict.read(safe)));
            assertEquals(Optional.of(stated), StatedPrediction.in(null, tensors), "with a prefix");
        }
        assertEquals(Map.of(), StatedPrediction.EPS.buffers(), "files of eps are what they were");
        assertEquals(Optional.empty(), StatedPrediction.in(StateDict.read(Golden.ckpt("svc_ckpt"))));
    }

    @Test
    void settingsAndStatementAreTheSame() {
        Hparams.Noise noise = Hparams.defaults().noise();
        assertEquals(StatedPrediction.EPS, StatedPrediction.of(noise));
        assertEquals(
                StatedPrediction.EPS, StatedPrediction.of(noise.sigmaData(0.3)), "eps has no use for a sigma_data");
        for (StatedPrediction stated : List.of(StatedPrediction.EPS, V, EDM)) {
            assertEquals(stated, StatedPrediction.of(stated.on(noise)));
        }
        assertEquals("edm, sigma_data 0.12", EDM.toString());
        assertEquals("v", V.toString());
    }

    @Test
    void aContradictionAndAnImpossibleSigmaAreRefusedWithTheFile() {
        Path file = Path.of("voice.pt");
        Map<String, TorchTensor> both = new LinkedHashMap<>(V.buffers());
        both.putAll(EDM.buffers());
        assertTrue(refused(file, both).contains("V and EDM"));
        for (float sigma : new float[] {Float.NaN, 0, -1, 11}) {
            String said = refused(file, Map.of("edm_prediction", TorchTensor.of(new float[] {sigma}, 1)));
            assertTrue(said.contains("voice.pt") && said.contains("noise.sigma_data from 0.001 to 10"), said);
        }
        assertTrue(refused(file, Map.of("edm_prediction", TorchTensor.of(new float[2], 2)))
                .contains("one value"));
    }

    private static String refused(Path file, Map<String, TorchTensor> tensors) {
        return assertThrows(Problem.class, () -> StatedPrediction.in(file, tensors))
                .getMessage();
    }

    /** A checkpoint of the Python project whose state has the buffer as well. */
    private Path checkpoint() throws IOException {
        Map<Object, Object> root = new LinkedHashMap<>(
                (Map<?, ?>) TorchFile.open(Golden.ckpt("svc_ckpt")).root());
        OrderedDict state = new OrderedDict();
        state.putAll((Map<?, ?>) root.get("state_dict"));
        EDM.buffers().forEach((name, t) -> state.put("model." + name, t));
        root.put("state_dict", state);
        Path file = folder.resolve("checkpoints/edm").resolve("model_ckpt_steps_7.ckpt");
        Files.createDirectories(file.getParent());
        Files.copy(Golden.FOLDER.resolve("svc_ckpt/config.yaml"), file.resolveSibling("config.yaml"));
        TorchFile.write(file, root);
        return file;
    }

    @Test
    void dividingMergingAndInspectingKeepIt() throws IOException {
        Path whole = checkpoint(), halves = folder.resolve("models/edm"), back = folder.resolve("back.ckpt");
        long steps = Divider.divide(whole, halves).steps();
        Hparams h = HparamsYaml.read(halves.resolve("hparams.yaml"));
        assertEquals(EDM, StatedPrediction.of(h.noise()), "config.yaml has no such key, hparams.yaml has");
        Path wavenet = halves.resolve("wavenet_model_steps_" + steps + ".pt");
        assertEquals(Optional.of(EDM), StatedPrediction.in(StateDict.read(wavenet)));
        Divider.merge(halves, back);
        assertEquals(Optional.of(EDM), StatedPrediction.in(StateDict.read(back)));
        for (Path file : List.of(whole, wavenet, back)) {
            assertTrue(Inspection.of(file)
                    .notes()
                    .contains("the denoiser predicts edm, sigma_data 0.12 (noise.prediction)"));
        }
    }
}
