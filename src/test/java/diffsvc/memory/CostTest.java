package diffsvc.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.conds.crepe.Crepe;
import diffsvc.conds.crepe.CrepePitch;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.conds.pitchextractor.XiaomaPe;
import diffsvc.conds.whisper.WhisperEncoder;
import diffsvc.diffusion.embedding.EmbeddingModel;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.VocoderKind;
import diffsvc.tensor.Cost;
import diffsvc.testing.Allocator;
import diffsvc.vocoder.VocoderConfig;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is predicted against what a process of its own really took, with the launcher's settings. */
@Tag("memory")
class CostTest {
    private static final String
            DEMO = "wavenet.residual_channels=256;wavenet.residual_layers=6;embedding.hidden_size=128",
            WIDE = "wavenet.residual_channels=512;wavenet.residual_layers=10";

    static Cost cost(String model, Hparams h) {
        return switch (model) {
            case "hubert" -> HubertSoft.Sizes.PUBLISHED.cost();
            case "whisper" -> WhisperEncoder.Sizes.TINY.cost();
            case "crepe" -> Crepe.cost(Crepe.published(), CrepePitch.WINDOWS_PER_SECOND);
            case "pe" -> XiaomaPe.Sizes.PUBLISHED.cost(24000 / 128.0);
            case "embedding" -> EmbeddingModel.cost(h);
            case "wavenet" -> WaveNet.cost(h);
            case "nsf_hifigan", "hifigan" ->
                VocoderConfig.published(VocoderKind.named(model)).cost(VocoderKind.named(model));
            default -> TrainingCost.of(h);
        };
    }

    private static void compare(String model, int batch, int frames, String overrides) throws Exception {
        String sizes = overrides == null
                ? ""
                : overrides
                        .replace(';', ',')
                        .replace("DEMO", DEMO.replace(';', ','))
                        .replace("WIDE", WIDE.replace(';', ','));
        long predicted =
                cost(model, Arg2Hparams.apply(Hparams.defaults(), sizes)).peak(batch, frames);
        long measured = measured(model, batch, frames, sizes);
        System.out.printf(
                "memory: %s, batch %d, %d frames%s: predicted %d MiB, measured %d MiB%n",
                model, batch, frames, overrides == null ? "" : ", " + overrides, predicted >> 20, measured >> 20);
        assertTrue(
                near(predicted, measured),
                () -> model + " " + batch + " x " + frames + ": predicted " + (predicted >> 20) + " MiB, measured "
                        + (measured >> 20));
    }

    private static boolean near(long predicted, long measured) {
        return Math.abs(predicted - measured) <= Math.max(0.15 * measured, 100 << 20);
    }

    private static long measured(String model, int batch, int frames, String sizes) throws Exception {
        // these work in infer and in the kernel, the others in training or preprocessing too
        boolean converts = model.endsWith("hifigan") || model.equals("wavenet");
        List<String> java = new ArrayList<>(List.of(
                System.getProperty("java.home") + File.separator + "bin" + File.separator + "java",
                "-XX:+UseSerialGC",
                "-Dai.djl.offline=true",
                "-cp",
                System.getProperty("java.class.path"),
                Meter.class.getName(),
                model,
                String.valueOf(batch),
                String.valueOf(frames),
                sizes));
        java.addAll(1, converts ? List.of("-Xms32m", "-Xmx384m", "-Xmn16m") : List.of("-Xmx512m"));
        ProcessBuilder builder = new ProcessBuilder(java);
        builder.environment().putAll(converts ? Allocator.LEVEL : Allocator.KEEPS);
        Process p = builder.redirectErrorStream(true).start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(p.waitFor(5, TimeUnit.MINUTES), "took longer than five minutes");
        assertEquals(0, p.exitValue(), said);
        String[] numbers = said.strip().lines().reduce((a, b) -> b).orElse("").split(" ");
        return Long.parseLong(numbers[1]) + Long.parseLong(numbers[2]);
    }

    @ParameterizedTest
    @CsvSource({
        "pair,1,517,",
        "pair,4,300,",
        "pair,10,160,",
        "pair,12,160,DEMO",
        "pair,2,1292,DEMO",
        "pair,3,400,WIDE",
        "pair,10,160,training.precision=bfloat16",
        "pair,10,160,embedding.unit_size=384;embedding.unit_convs=3",
        "pair,12,160,DEMO;training.precision=bfloat16",
        "wavenet,1,700,",
        "wavenet,2,1292,",
        "wavenet,1,1500,WIDE",
        "embedding,1,517,",
        "embedding,2,1292,",
        "embedding,1,1292,embedding.no_fs2=false",
        "hubert,1,250,",
        "hubert,1,750,",
        "hubert,1,1500,",
        "whisper,1,250,",
        "whisper,1,1500,",
        "whisper,1,6000,",
        "embedding,2,1292,embedding.unit_size=384",
        "embedding,2,1292,embedding.unit_size=384;embedding.unit_convs=3",
        "crepe,64,400,",
        "crepe,16,300,",
        "crepe,32,100,",
        "pe,1,1125,",
        "pe,2,2000,",
        "pe,1,3000,",
        "nsf_hifigan,1,300,",
        "nsf_hifigan,1,600,",
        "nsf_hifigan,1,900,",
        "hifigan,1,400,",
        "hifigan,1,1125,",
        "hifigan,1,1700,"
    })
    void thePredictionIsWithinFifteenPercentOr100MiB(String model, int batch, int frames, String overrides)
            throws Exception {
        compare(model, batch, frames, overrides);
    }

    @Tag("long")
    @ParameterizedTest
    @CsvSource({
        "pair,1,1292,",
        "pair,8,517,",
        "pair,24,160,",
        "pair,4,600,embedding.no_fs2=false",
        "pair,1,1292,WIDE",
        "pair,32,160,DEMO",
        "pair,8,517,training.precision=bfloat16",
        "wavenet,1,5000,",
        "wavenet,4,1292,DEMO",
        "embedding,4,1292,embedding.no_fs2=false",
        "hubert,1,3000,",
        "hubert,1,6000,",
        "crepe,128,500,",
        "nsf_hifigan,1,1292,",
        "nsf_hifigan,1,2500,",
        "hifigan,1,2812,",
        "pe,1,11250,"
    })
    void largerOnesToo(String model, int batch, int frames, String overrides) throws Exception {
        compare(model, batch, frames, overrides);
    }

    @Test
    void theModelsOfTheTableAreAllThere() {
        List.of("hubert", "whisper", "crepe", "pe", "embedding", "wavenet", "nsf_hifigan", "hifigan", "pair")
                .forEach(m -> assertEquals(m, cost(m, Hparams.defaults()).model()));
        assertEquals(Meter.MODELS.size(), 9);
        assertEquals(1292, WaveNet.cost(Hparams.defaults()).frames(15), "15 s of 86.13 frames");
    }
}
