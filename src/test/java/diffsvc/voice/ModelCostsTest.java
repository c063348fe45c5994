package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.memory.Plan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Only a missing file has the published sizes; a damaged file, or another than the hparams name, is an error. */
class ModelCostsTest {
    @TempDir
    Path folder;

    private static Hparams hparams(String overrides) {
        return Arg2Hparams.apply(Hparams.defaults(), overrides);
    }

    private List<Plan.Model> costs(String overrides) {
        return ModelCosts.of(ModelFiles.in(folder), hparams(overrides));
    }

    private Path frozen(String name, String text) throws IOException {
        return Files.writeString(
                Files.createDirectories(folder.resolve("frozen")).resolve(name), text);
    }

    @Test
    void aMissingFileHasThePublishedSizes() {
        for (String overrides :
                List.of("", "pitch.extractor=crepe-tiny", "vocoder.kind=nsf_hifigan,vocoder.file=nsf_hifigan.pt")) {
            List<Plan.Model> models = costs(overrides);
            assertEquals(
                    List.of("hubert", "crepe", "pe", "nsf_hifigan", "hifigan", "embedding", "wavenet", "pair"),
                    models.stream().map(m -> m.cost().model()).toList());
            assertTrue(models.subList(0, 5).stream().allMatch(m -> m.at().equals("published sizes")));
        }
    }

    @Test
    void whisperStandsInHubertsPlaceAndSaysHowItIsFetched() {
        for (String kind : List.of("whisper", "whisper_ppg")) {
            String whisper = "hubert.kind=" + kind + ",hubert.file=whisper_tiny_en.safetensors";
            Plan.Model model = costs(whisper).get(0);
            assertEquals("whisper, published sizes", model.cost().model() + ", " + model.at());
            Hparams h = Arg2Hparams.apply(Hparams.defaults(), whisper);
            String said = assertThrows(
                            Problem.class, () -> ModelFiles.in(folder).encoderFile(h))
                    .getMessage();
            assertTrue(said.contains("run ./diffsvc weights whisper"), said);
        }
    }

    @Test
    void aDamagedEncoderIsAnError() throws IOException {
        Path file = frozen("hubert_soft.pt", "half of a download");
        assertTrue(assertThrows(Problem.class, () -> costs("")).getMessage().contains(file.toString()));
    }

    @Test
    void anotherSha256IsAnError() throws IOException {
        Files.createDirectories(folder.resolve("frozen"));
        Files.copy(Path.of("models/frozen/content_demo.pt"), folder.resolve("frozen/content_demo.pt"));
        assertEquals(
                "content_demo.pt", costs("hubert.file=content_demo.pt").get(0).at());
        String said = assertThrows(Problem.class, () -> costs("hubert.file=content_demo.pt,hubert.sha256=00"))
                .getMessage();
        assertTrue(said.contains("SHA-256"), said);
    }

    @Test
    void aDamagedPitchExtractorAndAVocoderWithoutItsConfigurationAreErrors() throws IOException {
        frozen("crepe_full.pth", "half of a download");
        assertTrue(assertThrows(Problem.class, () -> costs("pitch.extractor=crepe"))
                .getMessage()
                .contains("crepe_full.pth"));
        Files.delete(folder.resolve("frozen/crepe_full.pth"));
        frozen("nsf_hifigan.pt", "");
        assertTrue(assertThrows(Problem.class, () -> costs("vocoder.kind=nsf_hifigan,vocoder.file=nsf_hifigan.pt"))
                .getMessage()
                .contains("nsf_hifigan.json or config.json beside it"));
    }
}
