package diffsvc.conds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Two F0 tracks compared, on numbers that can be checked by hand. */
class F0MetricsTest {
    private static F0Track track(float... hz) {
        return F0Track.of(hz, 0.01);
    }

    @Test
    void anF0TrackAgreesWithItself() {
        assertEquals(new F0Metrics(0, 1, 0), track(220, 0, 440).with(track(220, 0, 440)));
    }

    @Test
    void aSemitoneIsAHundredCentsAndAnOctaveIsCounted() {
        float semitone = (float) (220 * Math.pow(2, 1 / 12.0));
        F0Metrics a = track(semitone, semitone, 440, 0).with(track(220, 220, 220, 220));
        assertEquals(100, a.medianCents(), 0.01);
        assertEquals(0.75, a.voicing(), 1e-9, "one of four frames differs in voicing");
        assertEquals(1 / 3.0, a.octaves(), 1e-9, "one of the three voiced in both is an octave off");
        assertTrue(a.toString().startsWith("median 100.0 cents apart, voicing agrees in 75.0 %"), a.toString());
    }

    @Test
    void directionDoesNotMatter() {
        assertEquals(F0Metrics.of(track(220, 330), track(247, 0)), F0Metrics.of(track(247, 0), track(220, 330)));
    }

    @Test
    void onlyCommonFramesCountAndSilenceIsInfinitelyFar() {
        assertEquals(new F0Metrics(0, 1, 0), F0Metrics.of(track(100), track(100, 200, 300)));
        assertEquals(new F0Metrics(Double.POSITIVE_INFINITY, 0, 0), F0Metrics.of(track(0, 0), track(100, 200)));
        assertEquals(new F0Metrics(Double.POSITIVE_INFINITY, 1, 0), F0Metrics.of(track(), track()));
    }
}
