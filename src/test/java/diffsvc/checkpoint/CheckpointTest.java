package diffsvc.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.check.Problem;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.files.Sha256;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.PitchKind;
import diffsvc.testing.Golden;
import diffsvc.voice.ModelFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Torch files as data: round trips, refusals, broken files, and where a model's files are found. */
class CheckpointTest {
    @TempDir
    Path folder;

    @Test
    void whatIsWrittenIsReadBackTheSame() {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("epoch", 3L);
        root.put("big", 1L << 40);
        root.put("best", 0.25);
        root.put("name", "목소리");
        root.put("none", null);
        root.put("flags", List.of(true, false));
        Map<String, Object> state = new LinkedHashMap<>();
        state.put("a", TorchTensor.of(new float[] {1, -2, Float.NaN, 4, 5, 6}, 2, 3));
        state.put("scalar", TorchTensor.of(new float[] {7}));
        state.put("empty", TorchTensor.of(new float[0], 0, 4));
        state.put("half", TorchTensor.half(new float[] {0.1f, -65504, 6e-8f, 1e9f}, 4));
        root.put("state_dict", state);
        Path file = folder.resolve("a.pt");
        TorchFile.write(file, root);
        Map<?, ?> back = (Map<?, ?>) TorchFile.read(file);
        assertEquals(root, back);
        assertEquals(new ArrayList<>(root.keySet()), new ArrayList<>(back.keySet()), "order");
        assertArrayEquals(
                new float[] {0.099975586f, -65504, 5.9604645e-8f, Float.POSITIVE_INFINITY},
                ((TorchTensor) ((Map<?, ?>) back.get("state_dict")).get("half")).toFloats(),
                0);
    }

    /** Every official layout of the golden set opens, and a rewrite holds the same bits in the same order. */
    @Test
    void officialFilesSurviveARewriteBitForBit() {
        for (Path file : List.of(
                Golden.ckpt("svc_ckpt"),
                Golden.cleanCkpt("svc_ckpt"),
                Golden.FOLDER.resolve("hubert/hubert_soft.pt"),
                Golden.FOLDER.resolve("hubert/nested_tiny.pt"))) {
            Object root = TorchFile.read(file);
            Path copy = folder.resolve("copy.pt");
            @SuppressWarnings("unchecked")
            Map<String, Object> map = (Map<String, Object>) root;
            TorchFile.write(copy, map);
            assertEquals(root, TorchFile.read(copy), file.toString());
        }
    }

    private Path zip(String... pickleLines) throws IOException {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        for (String line : pickleLines) {
            pickle.writeBytes(line.getBytes(StandardCharsets.ISO_8859_1));
        }
        Path file = folder.resolve("evil.pt");
        try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(file))) {
            ZipEntry entry = new ZipEntry("archive/data.pkl");
            CRC32 crc = new CRC32();
            crc.update(pickle.toByteArray());
            entry.setMethod(ZipEntry.STORED);
            entry.setSize(pickle.size());
            entry.setCrc(crc.getValue());
            out.putNextEntry(entry);
            out.write(pickle.toByteArray());
            out.closeEntry();
        }
        return file;
    }

    @Test
    void aGlobalThatWouldRunCodeIsRefusedByName() throws IOException {
        Path file = zip("\u0080\u0002cposix\nsystem\nX\u0004\0\0\0true\u0085R.");
        String said = assertThrows(Problem.class, () -> TorchFile.read(file)).getMessage();
        assertTrue(said.contains("posix.system") && said.contains("evil.pt"), said);
    }

    @Test
    void aClaimedLengthIsCheckedAgainstTheBytesThatRemain() throws IOException {
        Path file = zip("\u0080\u0002X\u00ff\u00ff\u00ff\u007fabc.");
        assertTrue(
                assertThrows(Problem.class, () -> TorchFile.read(file))
                        .getMessage()
                        .contains("2147483647 bytes"),
                "names the claim");
    }

    @Tag("conversion")
    @Test
    void cutAndFlippedFilesEndInASentence() throws IOException {
        byte[] good = Files.readAllBytes(Golden.FOLDER.resolve("hubert/nested_tiny.pt"));
        SplittableRandom random = new SplittableRandom(5);
        int refused = 0;
        for (int i = 0; i < 300; i++) {
            byte[] bad = i % 3 == 0 ? Arrays.copyOf(good, random.nextInt(good.length)) : good.clone();
            for (int k = 0; k < 3 && i % 3 > 0; k++) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            Path file = Files.write(folder.resolve("m.pt"), bad);
            try {
                TorchFile.read(file);
            } catch (Problem expected) {
                assertTrue(expected.getMessage().contains("m.pt"));
                refused++;
            }
        }
        assertTrue(refused > 150, "refused " + refused);
    }

    @Test
    void aCheckpointThatDoesNotMatchReportsAllDifferencesBeforeItLoads() {
        Hparams file = Hparams.ofPython(Golden.FOLDER.resolve("svc_ckpt/config.yaml"));
        int layers = file.wavenet().residualLayers() - 1,
                width = file.embedding().hiddenSize() - 1;
        Hparams h = Arg2Hparams.apply(file, "wavenet.residual_layers=" + layers + ",embedding.hidden_size=" + width);
        try (NDManager m = NDManager.newBaseManager()) {
            String said = assertThrows(Problem.class, () -> WaveNet.load(m, h, StateDict.read(Golden.ckpt("svc_ckpt"))))
                    .getMessage();
            assertTrue(
                    said.contains("residual_layers." + layers + ".")
                            && said.contains("conditioner_projection.weight")
                            && said.contains(String.valueOf(width))
                            && said.contains("differences"),
                    said);
            assertTrue(said.contains("wavenet.residual_layers is " + layers), said);
            assertTrue(said.contains("embedding.hidden_size is " + width), said);
        }
    }

    private void model(String where, long steps, String project) {
        Path target = folder.resolve(where);
        TorchFile.write(
                target.resolve("embedding_model_steps_" + steps + ".pt"),
                Map.of("model.x", TorchTensor.of(new float[1], 1)));
        TorchFile.write(
                target.resolve("wavenet_model_steps_" + steps + ".pt"),
                Map.of("model.x", TorchTensor.of(new float[1], 1)));
    }

    @Test
    void aProjectFolderWinsThenTheModelNameThenTheFlatFolder() {
        Hparams h = Arg2Hparams.apply(Hparams.defaults(), "project=a,steps=5");
        HparamsYaml.write(folder.resolve("hparams.yaml"), h);
        model("", 5, "a");
        assertEquals(
                folder.resolve("wavenet_model_steps_5.pt"),
                ModelFiles.in(folder).project("a").wavenet());
        TorchFile.write(
                folder.resolve("wavenet_model/wavenet_model_steps_5.pt"),
                Map.of("model.x", TorchTensor.of(new float[1], 1)));
        assertEquals(
                folder.resolve("wavenet_model/wavenet_model_steps_5.pt"),
                ModelFiles.in(folder).project("a").wavenet());
        HparamsYaml.write(folder.resolve("a/hparams.yaml"), h);
        model("a", 5, "a");
        assertEquals(
                folder.resolve("a/wavenet_model_steps_5.pt"),
                ModelFiles.in(folder).project("a").wavenet());
        assertEquals(
                folder.resolve("a/embedding_model_steps_5.pt"),
                ModelFiles.in(folder).project("a").embedding());
    }

    @Test
    void twoEqualCandidatesAreAnErrorThatNamesBoth() {
        HparamsYaml.write(folder.resolve("a/hparams.yaml"), Arg2Hparams.apply(Hparams.defaults(), "project=a,steps=0"));
        model("a", 5, "a");
        model("a", 6, "a");
        String said = assertThrows(Problem.class, () -> ModelFiles.in(folder).project("a"))
                .getMessage();
        assertTrue(said.contains("embedding_model_steps_5.pt") && said.contains("embedding_model_steps_6.pt"), said);
    }

    @Test
    void aProjectThatIsNotThereAndAWrongHashAreNamed() throws IOException {
        HparamsYaml.write(folder.resolve("b/hparams.yaml"), Arg2Hparams.apply(Hparams.defaults(), "project=b"));
        String said = assertThrows(Problem.class, () -> ModelFiles.in(folder).project("nobody"))
                .getMessage();
        assertTrue(said.contains("nobody") && said.contains("projects here: b"), said);
        Files.createDirectories(folder.resolve("frozen"));
        Files.writeString(folder.resolve("frozen/e.pt"), "x");
        Hparams named = Arg2Hparams.apply(Hparams.defaults(), "project=b,hubert.file=e.pt"),
                another = Arg2Hparams.apply(named, "hubert.sha256=00");
        assertEquals(folder.resolve("frozen/e.pt"), ModelFiles.in(folder).encoderFile(named));
        assertTrue(assertThrows(Problem.class, () -> ModelFiles.in(folder).encoderFile(another))
                .getMessage()
                .contains("SHA-256"));
        assertFalse(Sha256.of(folder.resolve("frozen/e.pt")).isEmpty());
    }

    @Test
    void frozenModelsAreFoundUnderTheNamesInUse() throws IOException {
        ModelFiles files = ModelFiles.in(folder);
        assertTrue(assertThrows(Problem.class, () -> files.pitchExtractorFile("a"))
                .getMessage()
                .contains("xiaoma_pe_[steps].pt"));
        Path upstream = Files.createDirectories(folder.resolve("frozen/0102_xiaoma_pe"));
        Files.createFile(upstream.resolve("model_ckpt_steps_900.ckpt"));
        Path newest = Files.createFile(upstream.resolve("model_ckpt_steps_60000.ckpt"));
        assertEquals(newest, files.pitchExtractorFile("a"));
        Path steps = Files.createFile(folder.resolve("frozen/xiaoma_pe_steps_5.pt"));
        assertEquals(steps, files.pitchExtractorFile("a"));
        Path more = Files.createFile(folder.resolve("frozen/xiaoma_pe_60.pt"));
        assertEquals(more, files.pitchExtractorFile("a"));
        Hparams nsf =
                Arg2Hparams.apply(Hparams.defaults(), "project=a,vocoder.kind=nsf_hifigan,vocoder.file=nsf_hifigan.pt");
        Path unpacked = Files.createFile(
                Files.createDirectories(folder.resolve("frozen/nsf_hifigan")).resolve("model"));
        assertEquals(unpacked.toAbsolutePath(), files.vocoderFile(nsf).toAbsolutePath());
        Path own = Files.createFile(folder.resolve("frozen/nsf_hifigan.pt"));
        assertEquals(own, files.vocoderFile(nsf));
        assertTrue(assertThrows(Problem.class, () -> files.pitchFile(PitchKind.CREPE))
                .getMessage()
                .contains("diffsvc weights crepe"));
    }
}
