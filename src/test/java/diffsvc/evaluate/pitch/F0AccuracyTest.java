package diffsvc.evaluate.pitch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.conds.F0Track;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Known answers: a copy, a copy that is off by cents or an octave, another voicing, silence. */
class F0AccuracyTest {
    private static final int FRAMES = 400;

    /** A melody with a vibrato; every tenth frame is unvoiced. */
    private static F0Track melody(double cents, boolean octaveUpInHalf) {
        float[] f0 = new float[FRAMES];
        for (int t = 0; t < FRAMES; t++) {
            double hz = 220 * Math.pow(2, (t / 50 % 5 + 0.4 * Math.sin(t / 3.0)) / 12 + cents / 1200);
            f0[t] = t % 10 == 0 ? 0 : (float) (octaveUpInHalf && t % 2 == 1 ? 2 * hz : hz);
        }
        return F0Track.of(f0, 0.01);
    }

    @Test
    void aCopyIsPerfect() {
        F0Accuracy same = F0Accuracy.of(melody(0, false), melody(0, false));
        assertEquals(new F0Accuracy(1, 1, 1, 0, same.correlation(), 0, 0, 0), same);
        assertEquals(1, same.correlation(), 1e-9);
    }

    @ParameterizedTest
    @CsvSource({"30,1,1", "-30,1,1", "49,1,1", "51,0,0", "1200,0,1", "-2400,0,1", "1260,0,0"})
    void aCopyThatIsOffByCents(double cents, double rpa, double rca) {
        F0Accuracy off = F0Accuracy.of(melody(0, false), melody(cents, false));
        assertEquals(rpa, off.rpa());
        assertEquals(rca, off.rca());
        assertEquals(Math.abs(cents), off.rmseCents(), 1e-2);
        assertEquals(1, off.correlation(), 1e-6);
        assertEquals(Math.abs(cents) > 600 ? 1 : 0, off.octaveErrors());
    }

    @Test
    void theKeyMovesTheReference() {
        F0Accuracy kept = F0Accuracy.of(melody(0, false), melody(300, false), 3);
        assertEquals(1, kept.rpa());
        assertEquals(0, kept.rmseCents(), 1e-2);
        assertEquals(0, F0Accuracy.of(melody(0, false), melody(0, false), 3).rpa());
    }

    @Test
    void octaveErrorsInHalfOfTheFrames() {
        F0Accuracy half = F0Accuracy.of(melody(0, false), melody(0, true));
        int voiced = FRAMES * 9 / 10, wrong = FRAMES / 2; // the unvoiced frames are even ones
        assertEquals((voiced - wrong) / (double) voiced, half.rpa(), 1e-12);
        assertEquals(1, half.rca());
        assertEquals(wrong / (double) voiced, half.octaveErrors(), 1e-12);
        assertTrue(half.correlation() < 0.5, "correlation " + half.correlation());
    }

    @Test
    void voicingIsCountedOnItsOwnFrames() {
        F0Track reference = F0Track.of(new float[] {200, 200, 200, 200, 0, 0, 0, 0, 0, 0}, 0.01),
                estimate = F0Track.of(new float[] {200, 200, 200, 0, 200, 0, 0, 0, 0, 0}, 0.01);
        F0Accuracy a = F0Accuracy.of(reference, estimate);
        assertEquals(0.75, a.voicingRecall());
        assertEquals(1 / 6.0, a.voicingFalseAlarm());
        assertEquals(0.75, a.rpa(), "a frame without F0 is a miss");
        assertEquals(0, a.rmseHz());
        assertTrue(Double.isNaN(a.correlation()), "a constant F0 has none");
        // an F0 beside voiced = false counts for the pitch, not for the voicing
        F0Track careful = new F0Track(new float[] {200, 200, 200, 200, 0, 0, 0, 0, 0, 0}, new boolean[10], 0.01);
        assertEquals(1, F0Accuracy.of(reference, careful).rpa());
        assertEquals(0, F0Accuracy.of(reference, careful).voicingRecall());
    }

    @Test
    void silenceHasNoFigures() {
        F0Accuracy none = F0Accuracy.of(F0Track.of(new float[5], 0.01), F0Track.of(new float[5], 0.01));
        assertTrue(Double.isNaN(none.rpa()) && Double.isNaN(none.rmseHz()) && Double.isNaN(none.octaveErrors()));
        assertEquals(0, none.voicingFalseAlarm());
    }
}
