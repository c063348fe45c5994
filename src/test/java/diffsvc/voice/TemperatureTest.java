package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.testing.Tones;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** infer.temperature scales all noise of a conversion, and nothing else. */
@Tag("conversion")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TemperatureTest {
    private static final Wave SONG = Tones.sung(16000, 1, s -> 220);
    private Voice voice;

    @BeforeAll
    void open() {
        voice = Voice.random(h -> h.wavenet(w -> w.residualChannels(16).residualLayers(2))
                .infer(i -> i.steps(3).precision("float32")));
    }

    @AfterAll
    void close() {
        voice.close();
    }

    @Test
    void theStartIsScaledAndWhatComesBeforeItStays() {
        Conversion c = voice.convert(SONG), cold = c.infer(i -> i.temperature(0.25));
        NDArray conds = c.conds().units();
        assertArrayEquals(c.start().mul(0.25f).toFloatArray(), cold.start().toFloatArray());
        assertSame(conds, cold.conds().units());
        assertFalse(Arrays.equals(c.sampled().toFloatArray(), cold.sampled().toFloatArray()));
        assertArrayEquals(
                c.withStart(cold.start()).sampled().toFloatArray(),
                cold.sampled().toFloatArray());
    }

    @ParameterizedTest
    @ValueSource(strings = {"unipc2", "ddpm"})
    void withoutNoiseTheSeedChangesNothing(String sampler) {
        Conversion c = voice.convert(SONG).infer(i -> i.sampler(sampler).temperature(0));
        float[] one = c.seed(1).sampled().toFloatArray();
        assertArrayEquals(one, c.seed(2).sampled().toFloatArray());
        Conversion warm = c.infer(i -> i.temperature(1));
        assertFalse(Arrays.equals(
                warm.seed(1).sampled().toFloatArray(), warm.seed(2).sampled().toFloatArray()));
    }
}
