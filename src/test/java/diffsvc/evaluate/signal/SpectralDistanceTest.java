package diffsvc.evaluate.signal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import diffsvc.audio.Resampler;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.evaluate.Sound;
import diffsvc.testing.Tones;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Known answers: ripples of known depth, copies, levels, rates; and NumPy with librosa's filters. */
class SpectralDistanceTest {
    private static Sound sound(Wave wave) {
        return Sound.of("test", wave);
    }

    private static Wave music(String name) {
        return WavReader.read(Path.of("src/test/resources/songs", name + ".wav"));
    }

    @ParameterizedTest // a ripple of D dB to either side has a root mean square of D / sqrt(2)
    @CsvSource({"1,6", "5,3", "24,10"})
    void aRippleOverTheBands(int coefficient, double db) {
        double[] flat = new double[40], ripple = new double[40];
        for (int b = 0; b < 40; b++) {
            ripple[b] = -3 + db * Math.log(10) / 20 * Math.cos(Math.PI * coefficient * (b + 0.5) / 40);
        }
        double[] c = SpectralDistance.cepstrum(ripple), only = new double[24];
        only[coefficient - 1] = db * Math.log(10) / 20;
        assertArrayEquals(only, c, 1e-12);
        assertEquals(db / Math.sqrt(2), SpectralDistance.distance(c, SpectralDistance.cepstrum(flat)), 1e-9);
    }

    @Test
    void aDifferenceInHalfOfTheBins() {
        double[] flat = new double[100], stepped = new double[100];
        for (int k = 0; k < 50; k++) {
            stepped[k] = 8 * Math.log(10) / 10; // 8 dB, of which the level takes 4
        }
        assertEquals(4, SpectralDistance.logSpectral(stepped, flat), 1e-9);
    }

    @Test
    void aCopyAtAnyLevelIsTheSame() {
        Wave wave = music("music1").slice(0, 4);
        SpectralDistance same = SpectralDistance.of(sound(wave), sound(wave)),
                quiet = SpectralDistance.of(sound(wave.times(0.5f)), sound(wave));
        assertEquals(0, same.mcd(), 1e-9); // one transform holds both waves
        assertEquals(0, same.lsd(), 1e-9);
        assertEquals(0, quiet.mcd(), 1e-9);
        assertEquals(0, quiet.lsd(), 1e-6); // a half of a float is exact, the squares' logarithms are not
    }

    @Test
    void bandwidthDecidesNothing() {
        Wave wave = music("music2").slice(0, 4);
        SpectralDistance up = SpectralDistance.of(sound(Resampler.to(44_100, wave)), sound(wave)),
                down = SpectralDistance.of(sound(wave), sound(Resampler.to(44_100, wave)));
        assertEquals(0, up.mcd(), 0.1);
        assertEquals(0, down.mcd(), 0.1);
        assertEquals(0, up.lsd(), 0.5);
    }

    @Test
    void aDelayRaisesBoth() {
        Wave wave = music("music3").slice(0, 4);
        double mcd = 0, lsd = 0;
        for (int ms : new int[] {2, 10, 40, 160}) {
            SpectralDistance late = SpectralDistance.of(sound(Tones.delayed(wave, 16 * ms)), sound(wave));
            assertTrue(late.mcd() > mcd && late.lsd() > lsd, ms + " ms: " + late);
            mcd = late.mcd();
            lsd = late.lsd();
        }
        assertTrue(mcd > 5, "mcd " + mcd);
    }

    @Test
    void noiseIsFartherThanAnotherSinger() {
        Wave wave = music("music1").slice(0, 4);
        double
                other =
                        SpectralDistance.of(sound(music("music3").slice(0, 4)), sound(wave))
                                .mcd(),
                noise =
                        SpectralDistance.of(sound(Tones.noise(16_000, 4, 0.1, 1)), sound(wave))
                                .mcd();
        assertTrue(noise > other, noise + " and " + other);
    }

    @Test
    void silenceAndShortSoundsHaveNone() {
        Wave silent = Wave.mono(new float[16_000], 16_000), brief = Tones.sine(16_000, 0.03, 220, 0.5);
        assertTrue(Double.isNaN(SpectralDistance.of(sound(brief), sound(brief)).mcd()));
        assertTrue(
                Double.isNaN(SpectralDistance.of(sound(silent), sound(silent)).lsd()));
        assertTrue(Double.isFinite(SpectralDistance.of(sound(silent), sound(Tones.sine(16_000, 1, 220, 0.5)))
                .mcd()));
    }

    @ParameterizedTest // float samples and double sums on both sides; librosa's filters are floats too
    @CsvSource({"music1,music3", "music3,music1", "music2,music1"})
    void recordingsAsNumpyMeasuresThem(String first, String second) throws IOException {
        JsonObject expected = SignalGolden.pair(first, second);
        SpectralDistance found = SpectralDistance.of(sound(music(first)), sound(music(second)));
        assertEquals(expected.get("mcd").getAsDouble(), found.mcd(), 1e-4);
        assertEquals(expected.get("lsd").getAsDouble(), found.lsd(), 1e-4);
    }
}
