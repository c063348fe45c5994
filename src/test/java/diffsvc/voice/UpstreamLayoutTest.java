package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Divider;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A voice as the Python project leaves it, checkpoints/NAME and all: it converts here as it is, divided, and reports
 * what does not fit.
 */
class UpstreamLayoutTest {
    private static final Path E2E = Golden.FOLDER.resolve("e2e");

    @TempDir
    Path home;

    private Path config, checkpoint;

    @BeforeEach
    void layOut() throws IOException {
        Path voice = Files.createDirectories(home.resolve("checkpoints/golden"));
        config = Files.copy(E2E.resolve("svc/config.yaml"), voice.resolve("config.yaml"));
        checkpoint = Files.copy(Golden.ckpt("e2e/svc"), voice.resolve("model_ckpt_steps_500.ckpt"));
        Files.createDirectories(home.resolve("checkpoints/hubert"));
        Files.copy(E2E.resolve("hubert/hubert_soft.pt"), home.resolve("checkpoints/hubert/hubert_soft.pt"));
        Path vocoder = Files.createDirectories(home.resolve("checkpoints/nsf_hifigan"));
        Files.copy(Golden.FOLDER.resolve("nsf_hifigan/model"), vocoder.resolve("model"));
        Files.copy(Golden.FOLDER.resolve("nsf_hifigan/config.json"), vocoder.resolve("config.json"));
    }

    @Tag("conversion")
    @Test
    void itSingsAsItIs() {
        Wave song = WavReader.read(E2E.resolve("input.wav"));
        try (Voice voice =
                Voice.open(config, checkpoint, h -> Arg2Hparams.apply(h, Golden.heads() + ",infer.steps=10"))) {
            Conversion conversion = voice.convert(song);
            assertEquals(
                    Math.round(song.seconds() * voice.hparams().audio().sampleRateHz()),
                    conversion.wave().samples());
            assertTrue(conversion.wave().peak() > 0);
            assertEquals(500, voice.hparams().steps());
        }
    }

    @Tag("conversion")
    @Test
    void itSingsTheSameWhenDivided() {
        Path folder = home.resolve("models/divided");
        Divider.divide(checkpoint, null, folder);
        ModelFiles.Pair pair = ModelFiles.in(home.resolve("models")).project("divided");
        assertEquals("hubert_soft.pt", pair.hparams().hubert().file());
        Wave song = WavReader.read(E2E.resolve("input.wav"));
        Path merged = home.resolve("checkpoints/back/model_ckpt_steps_500.ckpt");
        Divider.merge(folder, merged);
        try (Voice whole =
                        Voice.open(config, checkpoint, h -> Arg2Hparams.apply(h, Golden.heads() + ",infer.steps=10"));
                Voice back = Voice.open(
                        merged.resolveSibling("config.yaml"),
                        merged,
                        h -> Arg2Hparams.apply(h, Golden.heads() + ",infer.steps=10"))) {
            assertEquals(
                    Arrays.hashCode(whole.convert(song).wave().first()),
                    Arrays.hashCode(back.convert(song).wave().first()));
        }
    }

    private Pairing pairing(String change, String to) throws IOException {
        Files.writeString(
                config,
                Files.readString(E2E.resolve("svc/config.yaml"))
                        .replaceAll("(?m)^" + change + ":.*$", change + ": " + to));
        ModelFiles files = ModelFiles.in(home.resolve("models"));
        ModelFiles.Pair pair = files.upstream(config, checkpoint);
        return Pairing.of(files, pair, Arg2Hparams.apply(pair.hparams(), Golden.heads()));
    }

    @Test
    void whatDoesNotBelongTogetherIsListedAndStopsAConversion() throws IOException {
        assertEquals(List.of(), pairing("no_such_key", "0").clashes());
        Map<String, Object> original = HparamsYaml.map(E2E.resolve("svc/config.yaml"));
        for (String key : List.of(
                "hop_size",
                "audio_sample_rate",
                "fmin",
                "fmax",
                "audio_num_mel_bins",
                "hidden_size",
                "residual_layers",
                "residual_channels",
                "fft_size",
                "win_size")) {
            String other = String.valueOf(((Number) original.get(key)).intValue() * 2);
            Pairing p = pairing(key, other);
            String said = p.clashes().stream()
                    .map(f -> f.what() + " " + f.config() + " " + f.file())
                    .collect(Collectors.joining("\n"));
            assertTrue(said.contains(other), key + ": " + said);
            assertTrue(assertThrows(Problem.class, p::require).getMessage().startsWith("doctor"));
        }
        String message = assertThrows(
                        Problem.class, () -> Voice.open(config, checkpoint, h -> Arg2Hparams.apply(h, Golden.heads())))
                .getMessage();
        assertTrue(message.contains("do not") && message.contains("doctor"), message);
    }

    @Test
    void buffersOfTheFileWinAndTheDifferenceIsNoted() throws IOException {
        Pairing p = pairing("max_beta", "0.5");
        assertEquals(0, p.clashes().size());
        assertTrue(p.findings().stream()
                .anyMatch(f -> f.verdict() == Pairing.Verdict.NOTE && f.what().contains("beta")));
        float beta;
        try (Voice voice = Voice.open(config, checkpoint, h -> Arg2Hparams.apply(h, Golden.heads()))) {
            beta = (float) voice.schedule().beta(voice.schedule().steps() - 1);
        }
        assertTrue(beta < 0.4, "beta " + beta);
    }

    @Test
    void aMissingPartIsNamed() throws IOException {
        Files.delete(home.resolve("checkpoints/nsf_hifigan/model"));
        String message = assertThrows(
                        Problem.class, () -> Voice.open(config, checkpoint, h -> Arg2Hparams.apply(h, Golden.heads())))
                .getMessage();
        assertTrue(message.contains("vocoder"), message);
    }
}
