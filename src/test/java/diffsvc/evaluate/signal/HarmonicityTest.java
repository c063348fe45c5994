package diffsvc.evaluate.signal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Track;
import diffsvc.evaluate.Sound;
import diffsvc.testing.Tones;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Known answers: a tone beside so much noise, and Praat itself. */
class HarmonicityTest {
    private static final int RATE = 16_000;

    private static double hnr(Wave wave) {
        Sound sound = Sound.of("test", wave);
        return Harmonicity.db(sound.at16kHz(), RATE, sound.f0());
    }

    @ParameterizedTest
    @CsvSource({"150,5", "150,10", "150,20", "440,10", "440,20", "440,30", "1000,20"})
    void aToneBesideNoise(double hz, double snrDb) {
        Wave tone = Tones.sung(RATE, 3, s -> hz);
        double power = 0;
        for (float v : tone.first()) {
            power += (double) v * v / tone.samples();
        }
        Wave noise = Tones.noise(RATE, 3, Math.sqrt(power / Math.pow(10, snrDb / 10)), 2);
        assertEquals(snrDb, hnr(Tones.sum(tone, noise)), 0.5);
    }

    @Test
    void aCleanToneIsFarAboveNoise() {
        assertTrue(hnr(Tones.sung(RATE, 2, s -> 220)) > 40);
    }

    @Test
    void withoutVoiceThereIsNone() {
        assertTrue(Double.isNaN(hnr(Tones.noise(RATE, 2, 0.1, 1))));
        assertTrue(Double.isNaN(hnr(Wave.mono(new float[RATE], RATE))));
        assertTrue(Double.isNaN(Harmonicity.db(new float[100], RATE, F0Track.of(new float[] {200}, 0.01))), "short");
        assertTrue(
                Double.isNaN(Harmonicity.db(new float[RATE], RATE, F0Track.of(new float[] {60, 60, 60, 60}, 0.2))),
                "F0 below the floor");
    }

    @ParameterizedTest // Praat decides itself which frames are voiced, and centres them elsewhere
    @ValueSource(strings = {"music1", "music2", "music3"})
    void recordingsAsPraatMeasuresThem(String name) throws IOException {
        double praat = SignalGolden.file(name).get("hnr").getAsDouble();
        assertEquals(praat, hnr(WavReader.read(Path.of("src/test/resources/songs", name + ".wav"))), 1);
    }
}
