package diffsvc.conds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A song against a voice whose training only held some semitones. */
class VocalRangeTest {
    /** A voice trained on 200 to 400 Hz, evenly in semitones, median 283 Hz. */
    private static Hparams voice() {
        List<Double> shares = new ArrayList<>(Collections.nCopies(58, 0.0));
        for (int i = 0; i < 58; i++) {
            double hz = 40 * Math.pow(2, (i + 0.5) / 12);
            shares.set(i, hz > 200 && hz < 400 ? 1 / 12.0 : 0);
        }
        return Hparams.defaults().project("voice").range(r -> new Hparams.Range(283, 205, 390, shares));
    }

    private static F0Track song(float... hz) {
        return F0Track.of(hz, 0.01);
    }

    @Test
    void theKeyBringsTheMediansTogether() {
        assertEquals(12, VocalRange.suggestedKey(song(0, 141.5f, 141.5f, 0, 140, 143), voice()));
        assertEquals(-7, VocalRange.suggestedKey(song(424, 0, 424, 420), voice()));
        assertEquals(0, VocalRange.suggestedKey(song(283, 290, 270), voice()));
        assertEquals(0, VocalRange.suggestedKey(song(0, 0, 0), voice()), "a song without a voice");
        String said = assertThrows(Problem.class, () -> VocalRange.suggestedKey(song(200), Hparams.defaults()))
                .getMessage();
        assertTrue(said.contains("--key") && said.contains("preprocess"), said);
    }

    @Test
    void framesThatTrainingNeverHeldAreCounted() {
        F0Track f0 = song(0, 110, 220, 300, 600);
        assertEquals(0.5, VocalRange.of(f0, voice(), 0).outside(), 1e-9, "110 and 600 Hz of four");
        assertEquals(
                0.75,
                VocalRange.of(f0, voice(), 12).outside(),
                1e-9,
                "110 becomes 220 and fits, 440, 600 and 1200 do not");
        assertEquals(1, VocalRange.of(f0, voice(), 48).outside(), 1e-9, "beyond what pitch can be");
        VocalRange plain = VocalRange.of(f0, voice(), 0);
        assertEquals(1, plain.song().stream().mapToDouble(d -> d).sum(), 1e-9);
        assertTrue(plain.table().rowCount() >= 14 && plain.known());
        assertFalse(VocalRange.of(f0, Hparams.defaults(), 0).known());
        assertEquals(0, VocalRange.of(song(0, 0), voice(), 0).outside());
    }
}
