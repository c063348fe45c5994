package diffsvc.evaluate.content;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import diffsvc.audio.Wave;
import diffsvc.evaluate.Sound;
import diffsvc.testing.SungTone;
import org.junit.jupiter.api.Test;

/** The level that networks get. */
class AudibleTest {
    private static Sound tone(int before, float level) {
        float[] x = new float[before + 16000];
        for (int i = before; i < x.length; i++) {
            x[i] = (float) (level * Math.sin(2 * Math.PI * 200 * i / 16000));
        }
        return Sound.of("tone", Wave.mono(x, Sound.RATE_HZ));
    }

    @Test
    void aSineHasThePeakOfItsRms() {
        // of its 80 samples the two at the zeros are below the gate; 1e-6: sines and scale are float32
        assertEquals(
                0.1 * Math.sqrt(2 * 78 / 80.0),
                Audible.levelled(tone(0, 0.7f)).wave().peak(),
                1e-6);
    }

    @Test
    void neitherSilenceBeforeNorTheLevelItselfChangesIt() {
        float[] plain = Audible.levelled(tone(0, 0.7f)).samples(),
                soft = Audible.levelled(tone(0, 0.007f)).samples(),
                late = Audible.levelled(tone(32000, 0.7f)).samples();
        assertArrayEquals(plain, soft, 1e-6f); // float32 at 0.14 has steps of 1e-8, a scale a few of them
        assertEquals(plain[20], late[32020], 1e-6f);
    }

    @Test
    void whatNo16kHzHoldsIsNotAudible() {
        float[] whistle = new float[44100];
        for (int i = 0; i < whistle.length; i++) {
            whistle[i] = (float) (0.5 * Math.sin(2 * Math.PI * 15000 * i / 44100) * Math.sin(Math.PI * i / 44100));
        }
        assertFalse(Audible.is(Sound.of("whistle", Wave.mono(whistle, 44100))));
        assertEquals(true, Audible.is(Sound.of("song", SungTone.wave(1))));
    }
}
