package diffsvc.evaluate.pitch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Table;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.testing.Tones;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Known answers on sounds: the F0 is measured, so that tolerances are those of Praat's method on a clean tone. */
class PitchJudgeTest {
    private static final int RATE = 16_000;

    /** A melody of four notes with a pause behind each, over a base in Hz. */
    private static Sound melody(int rateHz, double cents) {
        double[] steps = {0, 400, 700, 300};
        return sound(Tones.sung(rateHz, 4, s -> s % 1 > 0.8 ? 0 : 220 * Tones.factor(steps[(int) s] + cents)));
    }

    private static Sound sound(Wave wave) {
        return Sound.of("test", wave);
    }

    private static Map<String, Double> figures(Subject subject) {
        return new PitchJudge().judge(subject).stream().collect(Collectors.toMap(Figure::name, Figure::value));
    }

    @Test
    void aCopyIsPerfect() {
        Map<String, Double> f = figures(Subject.of(melody(RATE, 0)).against(melody(RATE, 0), 0));
        assertEquals(1, f.get("rpa"));
        assertEquals(1, f.get("rca"));
        assertEquals(1, f.get("voicing-recall"));
        assertEquals(0, f.get("voicing-false-alarm"));
        assertEquals(1, f.get("f0-correlation"), 1e-9);
        assertEquals(0, f.get("f0-rmse-hz"));
        assertEquals(0, f.get("f0-rmse-cents"));
        assertEquals(0, f.get("octave-errors"));
        assertEquals(0, f.get("key-error"), 1e-9);
    }

    @ParameterizedTest // within 2 % of the frames: those at the edge of a note hold two notes' sound
    @CsvSource({"30,0,1,1,0", "-30,0,1,1,0", "60,0,0,0,0", "1200,0,0,1,1", "330,3,1,1,0", "-1200,-12,1,1,0"})
    void aCopyInAnotherKeyOrTuning(double cents, double key, double rpa, double rca, double octaves) {
        Map<String, Double> f = figures(Subject.of(melody(RATE, cents)).against(melody(RATE, 0), key));
        assertEquals(rpa, f.get("rpa"), 0.02);
        assertEquals(rca, f.get("rca"), 0.02);
        assertEquals(octaves, f.get("octave-errors"), 0.02);
        assertEquals(cents - 100 * key, f.get("key-error"), 0.5);
        assertEquals(Math.abs(cents - 100 * key), f.get("f0-rmse-cents"), 3);
        assertEquals(1, f.get("f0-correlation"), 1e-3);
    }

    @Test
    void theSourceMayHaveAnotherRateAndLength() {
        Sound source = melody(22_050, 0).part(0, 3.5);
        Map<String, Double> f = figures(Subject.of(melody(RATE, 30)).against(source, 0));
        assertEquals(Sound.FRAME_SECONDS, source.f0().frameSeconds(), 0, "one clock, whatever the rate");
        assertEquals(1, f.get("rpa"), 0.03);
        assertEquals(30, f.get("key-error"), 0.5);
    }

    @Test
    void whatAnOutputLacksOfTheSongIsMissed() {
        Sound whole = melody(RATE, 0);
        Map<String, Double> f =
                figures(Subject.of(whole.part(0, whole.seconds() / 3)).against(whole, 0));
        assertEquals(1 / 3.0, f.get("rpa"), 0.05);
        assertEquals(1 / 3.0, f.get("voicing-recall"), 0.05);
        assertEquals(0, f.get("key-error"), 0.5);
    }

    @ParameterizedTest // the window of 60 ms flattens a vibrato by some per cent
    @CsvSource({"5.5,60", "6.5,100", "4.5,40"})
    void aDrawnVibratoIsFound(double rate, double depth) {
        Sound plain = sound(Tones.sung(RATE, 3, s -> 300)), sung = sound(vibrato(rate, depth));
        Map<String, Double> f = figures(Subject.of(sung).against(sound(vibrato(5, 50)), 0));
        assertEquals(rate, f.get("vibrato-rate"), 0.051);
        assertEquals(depth, f.get("vibrato-depth"), 0.1 * depth);
        assertEquals(rate - 5, f.get("vibrato-rate-kept"), 0.1);
        assertEquals(depth / 50, f.get("vibrato-depth-kept"), 0.1 * depth / 50);
        assertEquals(0, figures(Subject.of(plain).against(sung, 0)).get("vibrato-depth-kept"), "a lost vibrato");
        assertTrue(Double.isNaN(figures(Subject.of(sung).against(plain, 0)).get("vibrato-depth-kept")), "a new one");
    }

    private static Wave vibrato(double rate, double depth) {
        return Tones.sung(RATE, 3, s -> 300 * Tones.factor(depth * Math.sin(2 * Math.PI * rate * s)));
    }

    @Test
    void aDriftFromTheScoreIsFound() {
        Sound out = sound(Tones.sung(RATE, 12, s -> s % 2 > 1.7 ? 0 : 220 * Tones.factor(10 + 2 * s)));
        double[] seconds = new double[120];
        float[] hz = new float[120];
        boolean[] voiced = new boolean[120];
        for (int i = 0; i < seconds.length; i++) {
            seconds[i] = i / 10.0;
            voiced[i] = seconds[i] % 2 < 1.65;
            hz[i] = voiced[i] ? 220 : 0;
        }
        Map<String, Double> f = figures(Subject.of(out).scored(new F0Table(seconds, hz, voiced)));
        assertEquals(120, f.get("drift"), 2);
        assertEquals(22, f.get("score-error"), 1); // 10 + 2 x 6 s
        assertEquals(1, f.get("score-rpa"), 0.03); // edges of notes again
        assertFalse(f.containsKey("rpa"), "no source");
        Map<String, Double> shorter = figures(Subject.of(out.part(0, 3)).scored(new F0Table(seconds, hz, voiced)));
        assertTrue(Double.isNaN(shorter.get("drift")), "three seconds have no drift");
    }

    @Test
    void aThirdOfWrongNotesLeavesTheDrift() {
        double[] seconds = new double[2000], cents = new double[2000];
        for (int i = 0; i < seconds.length; i++) {
            seconds[i] = i * 0.01;
            cents[i] = 0.5 * seconds[i] + (i / 100 % 4 == 3 ? 1200 : 0); // every fourth second is an octave off
        }
        assertEquals(30, new Deviation(seconds, cents).centsPerMinute(), 5);
    }

    @Test
    void silenceAndNoNumbersHaveNoFigures() {
        Sound silent = sound(Wave.mono(new float[RATE], RATE));
        float[] broken = melody(RATE, 0).samples().clone();
        broken[100] = Float.NaN;
        F0Table none = new F0Table(new double[0], new float[0], new boolean[0]);
        for (Sound out : List.of(silent, sound(Wave.mono(broken, RATE)), sound(Wave.mono(new float[0], RATE)))) {
            List<Figure> figures = new PitchJudge()
                    .judge(Subject.of(out).against(melody(RATE, 0), 0).scored(none));
            assertEquals(
                    PitchJudge.MEASURES, figures.stream().map(Figure::measure).toList());
            assertTrue(figures.stream().allMatch(f -> Double.isNaN(f.value())), figures.toString());
        }
        Map<String, Double> f =
                figures(Subject.of(melody(RATE, 0)).against(silent, 0).scored(none));
        assertTrue(Double.isNaN(f.get("rpa")) && Double.isNaN(f.get("key-error")) && Double.isNaN(f.get("drift")));
        assertEquals(
                1,
                figures(Subject.of(melody(RATE, 0)).against(sound(Tones.noise(RATE, 4, 0.1, 1)), 0))
                        .get("voicing-false-alarm"),
                0.3,
                "notes over noise");
    }

    @Test
    void noiseInsteadOfSingingHasNoPitch() {
        Map<String, Double> f =
                figures(Subject.of(sound(Tones.noise(RATE, 4, 0.1, 1))).against(melody(RATE, 0), 0));
        assertEquals(0, f.get("rpa"), 0.02);
        assertEquals(0, f.get("voicing-recall"), 0.02);
    }

    @Test
    void aRecordingKeepsItsPitchAtAnotherLevel() {
        Wave wave =
                WavReader.read(Path.of("src/test/resources/songs/music1.wav")).slice(0, 4);
        Map<String, Double> f = figures(Subject.of(sound(wave.times(0.5f))).against(sound(wave), 0));
        assertEquals(1, f.get("rpa"), 0.005);
        assertEquals(0, f.get("key-error"), 0.05);
    }
}
