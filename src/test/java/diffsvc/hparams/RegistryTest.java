package diffsvc.hparams;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.util.Arrays;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Every kind can be named, and a name that no registry knows is answered with all that it knows. */
class RegistryTest {
    @Test
    void everyConstantCanBeNamed() {
        named(PitchKind.values(), PitchKind::named, PitchKind.all());
        named(VocoderKind.values(), VocoderKind::named, VocoderKind.all());
        named(EncoderKind.values(), EncoderKind::named, EncoderKind.all());
        named(PredictionKind.values(), PredictionKind::named, PredictionKind.all());
        assertEquals("praat, crepe or crepe-tiny", PitchKind.all());
        assertEquals("source_filter, nsf_hifigan or hifigan", VocoderKind.all());
        assertEquals("hubert_soft, whisper or whisper_ppg", EncoderKind.all());
    }

    private static <K extends Registry> void named(K[] all, Function<String, K> named, String listed) {
        for (K kind : all) {
            assertSame(kind, named.apply(kind.text()));
        }
        for (String wrong : new String[] {"", "Crepe", "rmvpe"}) {
            String said = assertThrows(Problem.class, () -> named.apply(wrong)).getMessage();
            assertTrue(said.contains(listed), said);
            assertTrue(Arrays.stream(all).allMatch(kind -> said.contains(kind.text())), said);
        }
    }

    @Test
    void theHparamsAreCheckedAgainstTheRegistries() {
        for (PitchKind kind : PitchKind.values()) {
            assertSame(
                    kind,
                    Arg2Hparams.apply(Hparams.defaults(), "pitch.extractor=" + kind.text())
                            .pitch()
                            .type());
        }
        for (EncoderKind kind : EncoderKind.values()) {
            assertSame(
                    kind,
                    Arg2Hparams.apply(Hparams.defaults(), "hubert.kind=" + kind.text())
                            .hubert()
                            .type());
        }
        for (VocoderKind kind : VocoderKind.values()) {
            Hparams h = Arg2Hparams.apply(Hparams.defaults(), "vocoder.kind=" + kind.text());
            assertSame(kind, h.vocoder().type());
            assertSame(kind, h.vocoder().inUse());
            assertSame(
                    VocoderKind.SOURCE_FILTER,
                    Arg2Hparams.apply(h, "vocoder.built_in=true").vocoder().inUse());
            assertEquals(kind.hasWeights(), !kind.configEnding().isEmpty());
        }
        for (PredictionKind kind : PredictionKind.values()) {
            Hparams h = Arg2Hparams.apply(Hparams.defaults(), "noise.prediction=" + kind.text());
            assertSame(kind, h.noise().predicts());
        }
        assertSame(PredictionKind.EPS, Hparams.defaults().noise().predicts());
        String said = assertThrows(Problem.class, () -> Arg2Hparams.apply(Hparams.defaults(), "pitch.extractor=fcpe"))
                .getMessage();
        assertTrue(said.contains("pitch.extractor praat, crepe or crepe-tiny"), said);
        said = assertThrows(Problem.class, () -> Arg2Hparams.apply(Hparams.defaults(), "noise.prediction=x0"))
                .getMessage();
        assertTrue(said.contains("noise.prediction eps, v or edm"), said);
    }

    @Test
    void anOptionIsNamedAsTheUserWroteIt() {
        String said = assertThrows(Problem.class, () -> PitchKind.named("options", "--pitch", "yin"))
                .getMessage();
        assertTrue(said.startsWith("options:") && said.contains("--pitch praat, crepe or crepe-tiny"), said);
    }
}
