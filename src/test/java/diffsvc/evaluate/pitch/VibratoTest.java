package diffsvc.evaluate.pitch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.conds.F0Track;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Known answers: drawn vibratos on held and gliding notes, a steady voice, glides, speech-like jumps, gaps. */
class VibratoTest {
    private static final double FRAME = 512 / 44100.0;

    /** Four seconds; cents over 220 Hz by time. */
    private static F0Track track(DoubleUnaryOperator cents) {
        float[] f0 = new float[(int) (4 / FRAME)];
        for (int t = 0; t < f0.length; t++) {
            f0[t] = (float) (220 * Math.pow(2, cents.applyAsDouble(t * FRAME) / 1200));
        }
        return F0Track.of(f0, FRAME);
    }

    @ParameterizedTest
    @CsvSource({"5.5,50,0", "4.5,100,0", "7,30,0", "5.5,50,150", "6,20,-80"})
    void aDrawnVibratoIsFound(double rate, double depth, double glidePerSecond) {
        Vibrato v = Vibrato.of(track(s -> glidePerSecond * s + depth * Math.sin(2 * Math.PI * rate * s)));
        assertEquals(1, v.share());
        assertEquals(rate, v.rateHz(), 0.051);
        assertEquals(depth, v.depthCents(), 0.02 * depth);
    }

    @Test
    void halfOfTheTimeIsHalfOfTheStretches() {
        Vibrato v = Vibrato.of(track(s -> s < 2 ? 0 : 60 * Math.sin(2 * Math.PI * 5.5 * s)));
        assertEquals(0.5, v.share(), 0.06);
        assertEquals(5.5, v.rateHz(), 0.051);
    }

    @Test
    void whatIsNoVibratoIsNone() {
        Random random = new Random(1);
        assertEquals(0, Vibrato.of(track(s -> 0)).share());
        assertEquals(0, Vibrato.of(track(s -> 200 * s)).share(), "a glide");
        assertEquals(0, Vibrato.of(track(s -> 30 * random.nextGaussian())).share(), "noise");
        assertEquals(
                0, Vibrato.of(track(s -> 8 * Math.sin(2 * Math.PI * 5.5 * s))).share(), "jitter");
        assertTrue(Vibrato.of(track(s -> 200 * Math.floor(s / 0.5))).share() < 0.2, "notes one after the other");
        assertEquals("no vibrato", Vibrato.of(track(s -> 0)).toString());
    }

    @Test
    void aGapIsNoStretch() {
        F0Track whole = track(s -> 50 * Math.sin(2 * Math.PI * 5.5 * s));
        boolean[] voiced = whole.voiced().clone();
        for (int t = 0; t < voiced.length; t += 40) { // every 0.46 s
            voiced[t] = false;
        }
        assertTrue(Double.isNaN(
                Vibrato.of(new F0Track(whole.f0Hz(), voiced, FRAME)).share()));
    }
}
