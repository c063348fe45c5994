package diffsvc.conds;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import org.junit.jupiter.api.Test;

/** An F0 is edited by a function of time and Hz. */
class F0TrackTest {
    private final F0Track f0 =
            new F0Track(new float[] {100, 0, 200, 300}, new boolean[] {true, false, true, false}, 0.5);

    @Test
    void theFunctionGetsTheTimeOfEachVoicedFrameAndLeavesTheOthers() {
        F0Track edited = f0.map((seconds, hz) -> seconds < 1 ? hz : 2 * hz);
        assertArrayEquals(new float[] {100, 0, 400, 300}, edited.f0Hz());
        assertArrayEquals(f0.voiced(), edited.voiced());
        assertArrayEquals(new float[] {100, 0, 200, 300}, f0.f0Hz());
    }

    @Test
    void itsTextIsALineOfNumbers() {
        assertEquals("F0 of 4 frames, 100 to 200 Hz, 50 % voiced, 2.0 frames a second", f0.toString());
    }

    @Test
    void anF0ThatIsNoFrequencyIsRefused() {
        for (double wrong : new double[] {0, -1, Double.NaN, 1e6}) {
            Problem p = assertThrows(Problem.class, () -> f0.map((seconds, hz) -> wrong));
            assertTrue(p.getMessage().contains("in frame 0"), p.getMessage());
        }
    }
}
