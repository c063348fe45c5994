package diffsvc.evaluate.signal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.Resampler;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.testing.Tones;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Known answers: steps put into tones and recordings, and sounds that start suddenly without a click. */
class ClicksTest {
    private static final int RATE = 44_100;

    /** The wave with a step: from a sample on, everything is higher. */
    private static Wave stepped(Wave wave, int from, int to, double step) {
        float[] x = wave.first().clone();
        for (int i = from; i < to; i++) {
            x[i] += (float) step;
        }
        return Wave.mono(x, wave.sampleRateHz());
    }

    @Test
    void aStepInASineIsOne() {
        Wave sine = Tones.sine(RATE, 1, 220, 0.5);
        assertEquals(List.of(), Clicks.in(sine).all());
        List<Clicks.Click> all = Clicks.in(stepped(sine, 20_000, RATE, 0.1)).all();
        assertEquals(1, all.size());
        assertEquals(20_000.0 / RATE, all.get(0).seconds(), 1.5 / RATE);
        assertEquals(0.1, all.get(0).jump(), 0.001); // and the sine's own 0.0005
        double around = 0.5 * Math.pow(2 * Math.PI * 220 / RATE, 2); // the largest second difference of the sine
        assertEquals(20 * Math.log10(0.1 / around), all.get(0).db(), 0.1);
        assertEquals(
                all.get(0).db(), Clicks.in(stepped(sine, 20_000, RATE, 0.1)).strongest());
    }

    @Test
    void thePulsesOfADryVoiceAreNone() { // 110 a second: two in 25 ms, of three second differences each
        float[] x = new float[RATE];
        for (int i = 401; i < RATE; i += 401) {
            x[i] = 0.4f;
        }
        assertEquals(List.of(), Clicks.in(Wave.mono(x, RATE)).all());
    }

    @ParameterizedTest // two steps 5 ms apart do not hide each other
    @CsvSource({"220,2", "441,2", "4410,2", "20,1"})
    void aDropoutHasTwo(int samples, int clicks) {
        Wave sine = Tones.sine(RATE, 1, 220, 0.5);
        assertEquals(
                clicks,
                Clicks.in(stepped(sine, 20_000, 20_000 + samples, 0.1)).all().size());
    }

    @Test
    void suddenSoundsAreNone() {
        Random random = new Random(4);
        float[] plosive = new float[RATE];
        for (int burst = 4000; burst < RATE - 4000; burst += 6000) { // noise that dies away within 10 ms
            for (int i = 0; i < 3000; i++) {
                plosive[burst + i] += (float) (0.3 * random.nextGaussian() * Math.exp(-i / 441.0));
            }
        }
        assertEquals(List.of(), Clicks.in(Wave.mono(plosive, RATE)).all(), "bursts out of silence");
        Wave voice = Tones.sum(Wave.mono(plosive, RATE), Tones.sung(RATE, 1, s -> s > 0.5 ? 150 : 0));
        assertEquals(List.of(), Clicks.in(voice).all(), "and a voice that begins at a zero crossing");
        assertEquals(List.of(), Clicks.in(Tones.noise(RATE, 10, 0.1, 5)).all(), "noise");
    }

    @ParameterizedTest
    @ValueSource(strings = {"music1", "music2", "music3"})
    void aRecordingHasNoneUntilAStepIsPutIn(String name) {
        Wave
                wave =
                        WavReader.read(Path.of("src/test/resources/songs", name + ".wav"))
                                .slice(2, 6),
                up = Resampler.to(RATE, wave);
        assertEquals(List.of(), Clicks.in(wave).all());
        assertEquals(List.of(), Clicks.in(up).all());
        Clicks stepped = Clicks.in(stepped(up, 90_000, up.samples(), 0.2));
        assertEquals(1, stepped.all().size(), stepped.toString());
        assertEquals(90_000.0 / RATE, stepped.all().get(0).seconds(), 2.0 / RATE);
    }

    @Test
    void theJoinsOfAManifestAreMeasured() {
        Wave wave = stepped(Tones.sine(RATE, 1, 220, 0.5), 22_050, RATE, 0.1);
        List<Clicks.Click> at = Clicks.in(wave).at(0.25, 0.5, 3, -1, Double.NaN);
        assertEquals(2, at.size(), "places outside are left out");
        assertEquals(0, at.get(0).db(), 1, "the sine's own bend");
        assertEquals(46.3, at.get(1).db(), 0.2); // 0.1 / (0.5 (2 pi 220 / 44100)^2)
        assertEquals(0.5, at.get(1).seconds());
    }

    @Test
    void silenceAndShortWavesHaveNone() {
        for (int n : new int[] {0, 1, 2, 3, 1000}) {
            Clicks clicks = Clicks.in(Wave.mono(new float[n], RATE));
            assertEquals(List.of(), clicks.all());
            assertTrue(Double.isNaN(clicks.strongest()));
        }
    }
}
