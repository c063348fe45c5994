package diffsvc.evaluate.signal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.Wave;
import diffsvc.testing.Tones;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Known answers: waves clipped by hand, and smooth ones in 16 bits. */
class ClippingTest {
    private static final int RATE = 44_100;

    private static float[] clipped(float[] x, double most) {
        float[] y = x.clone();
        for (int i = 0; i < y.length; i++) {
            y[i] = (float) Math.max(-most, Math.min(most, y[i]));
        }
        return y;
    }

    private static float[] in16Bits(float[] x) {
        float[] y = new float[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = Math.max(-32768, Math.min(32767, Math.round(x[i] * 32768))) / 32768f;
        }
        return y;
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 0.5})
    void everyClippedSampleIsCounted(double most) {
        float[] x = Tones.sine(RATE, 1, 441, 1.3 * most).first(); // 100 samples a period: 44 at the limit
        int beyond = (int)
                IntStream.range(0, x.length).filter(i -> Math.abs(x[i]) >= most).count();
        assertTrue(beyond > 0.4 * x.length);
        assertEquals(beyond, Clipping.samples(clipped(x, most)));
        assertEquals(beyond, Clipping.samples(in16Bits(clipped(x, most))), "in 16 bits");
    }

    @Test
    void whatGoesBeyondFullScaleIsCounted() {
        float[] x = Tones.sine(RATE, 1, 441, 1.3).first();
        assertEquals(
                (int) IntStream.range(0, x.length)
                        .filter(i -> Math.abs(x[i]) >= 32767f / 32768)
                        .count(),
                Clipping.samples(x));
    }

    @Test
    void aFewSamplesAtTheLimit() {
        float[] x = Tones.noise(RATE, 1, 0.05, 1).first();
        assertEquals(0, Clipping.samples(x));
        x[1000] = 1;
        assertEquals(0, Clipping.samples(x), "one alone is a peak");
        x[1001] = 1;
        x[5000] = x[5001] = x[5002] = -1;
        assertEquals(5, Clipping.samples(x));
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 0.3, 0.01})
    void theRoundTopOfATone(double amplitude) {
        for (double hz : new double[] {40, 110, 440}) {
            assertEquals(
                    0,
                    Clipping.samples(in16Bits(Tones.sine(RATE, 1, hz, amplitude).first())),
                    hz + " Hz");
        }
    }

    @Test
    void silenceAndAConstantHaveNone() {
        assertEquals(0, Clipping.samples(new float[100]));
        assertEquals(0, Clipping.samples(new float[0]));
        Wave constant = Wave.mono(clipped(Tones.sine(RATE, 0.1, 5, 9).first(), 0), RATE);
        assertEquals(0, Clipping.samples(constant.first()));
    }
}
