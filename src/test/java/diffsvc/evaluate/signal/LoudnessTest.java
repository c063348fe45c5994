package diffsvc.evaluate.signal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.testing.Tones;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The minimum requirements of EBU Tech 3341 and 3342 that are tones, the standard's table, and another program. */
class LoudnessTest {
    private static final int RATE = 48_000;

    /** A 1 kHz sine in stretches of so many dB of full scale and seconds, "-36 10, -23 60", in two equal channels. */
    private static Wave tone(int rateHz, String stretches) {
        double[][] parts = Arrays.stream(stretches.split(", "))
                .map(p -> Arrays.stream(p.split(" "))
                        .mapToDouble(Double::parseDouble)
                        .toArray())
                .toArray(double[][]::new);
        float[] x = new float
                [(int) Math.round(Arrays.stream(parts).mapToDouble(p -> p[1]).sum() * rateHz)];
        int at = 0;
        double until = 0;
        for (double[] part : parts) {
            until += part[1];
            double amplitude = Math.pow(10, part[0] / 20);
            for (; at < Math.min(x.length, Math.round(until * rateHz)); at++) {
                x[at] = (float) (amplitude * Math.sin(2 * Math.PI * (at * 1000L % rateHz) / rateHz));
            }
        }
        return new Wave(new float[][] {x, x}, rateHz);
    }

    @Test
    void theFiltersAreTheStandardsTableAt48kHz() { // BS.1770-5, tables 1 and 2
        assertArrayEquals(
                new double[] {1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585
                },
                Loudness.Biquad.shelf(RATE).coefficients(),
                1e-13);
        assertArrayEquals(
                new double[] {1, -2, 1, -1.99004745483398, 0.99007225036621},
                Loudness.Biquad.highPass(RATE).coefficients(),
                1e-13);
    }

    @ParameterizedTest // Tech 3341, table 1, cases 1 to 5, tolerance 0.1 LU
    @ValueSource(
            strings = {
                "-23 20",
                "-36 10, -23 60, -36 10",
                "-72 10, -36 10, -23 60, -36 10, -72 10",
                "-26 20, -20 20.1, -26 20"
            })
    void tonesOfMinus23(String stretches) {
        assertEquals(-23, Loudness.of(tone(RATE, stretches)).integrated(), 0.1);
    }

    @Test
    void aToneOfMinus33() { // case 2; the curves show it too
        Loudness l = Loudness.of(tone(RATE, "-33 20"));
        assertEquals(-33, l.integrated(), 0.1);
        assertTrue(Arrays.stream(l.shortTerm()).skip(1).allMatch(v -> Math.abs(v + 33) < 0.1));
        assertTrue(Arrays.stream(l.momentary()).skip(1).allMatch(v -> Math.abs(v + 33) < 0.1));
    }

    @Test
    void fiveChannels() { // case 6
        float[][] five = new float[5][];
        double[] db = {-28, -28, -24, -30, -30};
        for (int c = 0; c < 5; c++) {
            five[c] = tone(RATE, db[c] + " 20").first();
        }
        assertEquals(-23, Loudness.of(new Wave(five, RATE)).integrated(), 0.1);
        float[][] six = {five[0], five[1], five[2], five[0], five[3], five[4]};
        assertEquals(-23, Loudness.of(new Wave(six, RATE)).integrated(), 0.1, "the bass channel does not count");
    }

    @Test
    void curvesOfSwitchedTones() {
        // case 9: constant from 3 s on, because every 3 s hold the same
        Loudness slow = Loudness.of(tone(RATE, "-20 1.34, -30 1.66, -20 1.34, -30 1.66, -20 1.34, -30 1.66"));
        assertTrue(Arrays.stream(slow.shortTerm()).allMatch(v -> Math.abs(v + 23) < 0.1));
        // case 12: the same for the momentary loudness
        Loudness fast = Loudness.of(tone(RATE, "-20 0.18, -30 0.22, -20 0.18, -30 0.22, -20 0.18, -30 0.22"));
        assertTrue(Arrays.stream(fast.momentary()).allMatch(v -> Math.abs(v + 23) < 0.1));
    }

    @ParameterizedTest // Tech 3342, table 1, cases 1 to 4, tolerance 1 LU
    @CsvSource({
        "-20 20| -30 20,10",
        "-20 20| -15 20,5",
        "-40 20| -20 20,20",
        "-50 20| -35 20| -20 20| -35 20| -50 20,15"
    })
    void ranges(String stretches, double range) {
        assertEquals(range, Loudness.of(tone(RATE, stretches.replace('|', ','))).range(), 0.1); // found more exactly
    }

    @ParameterizedTest // 11025: the hops have no whole number of samples
    @ValueSource(ints = {8000, 11025, 16000, 22050, 24000, 44100, 96000})
    void everyRateHearsTheSame(int rateHz) {
        assertEquals(-23, Loudness.of(tone(rateHz, "-23 2")).integrated(), 0.1);
        Wave one = Wave.mono(tone(rateHz, "-23 2").first(), rateHz);
        assertEquals(-26, Loudness.of(one).integrated(), 0.11, "one channel is 3 LU less");
    }

    @ParameterizedTest // Tech 3341, cases 15 to 19: between -0.4 and +0.2 dB
    @CsvSource({"4,0,0.5,-6", "4,45,0.5,-6", "6,60,0.5,-6", "8,67.5,0.5,-6", "4,45,1.41,3"})
    void truePeaks(int samplesAPeriod, double degrees, double amplitude, double dbtp) {
        float[] x = new float[RATE];
        for (int i = 0; i < x.length; i++) {
            double fade = Math.min(1, Math.min(i, x.length - 1 - i) / 480.0);
            x[i] = (float) (fade * amplitude * Math.sin(2 * Math.PI * i / samplesAPeriod + Math.toRadians(degrees)));
        }
        double found = Loudness.truePeak(Wave.mono(x, RATE));
        assertTrue(found > dbtp - 0.4 && found < dbtp + 0.2, "found " + found);
        assertEquals(20 * Math.log10(amplitude), found, 0.05, "and more exactly");
    }

    @Test
    void aTruePeakIsNeverBelowTheLargestSample() {
        Wave noise = Tones.noise(RATE, 0.2, 0.1, 3);
        assertTrue(Loudness.truePeak(noise) >= 20 * Math.log10(noise.peak()));
        float[] last = new float[100];
        last[99] = -0.5f;
        assertEquals(-6.02, Loudness.truePeak(Wave.mono(last, RATE)), 0.3, "a peak in the last sample");
    }

    @Test
    void silenceAndShortSoundsHaveNoLoudness() {
        Loudness silent = Loudness.of(Wave.mono(new float[RATE * 4], RATE));
        assertTrue(Double.isNaN(silent.integrated()) && Double.isNaN(silent.range()));
        assertTrue(Double.isNaN(Loudness.truePeak(Wave.mono(new float[RATE], RATE))));
        assertEquals(Double.NEGATIVE_INFINITY, silent.shortTerm()[0]);
        Loudness brief = Loudness.of(tone(RATE, "-23 0.39"));
        assertTrue(Double.isNaN(brief.integrated()) && Double.isNaN(brief.range()));
        assertEquals(0, brief.momentary().length);
        assertTrue(Double.isNaN(Loudness.of(tone(RATE, "-80 4")).integrated()), "below the absolute gate");
    }

    @ParameterizedTest // judges/signal.json, by pyloudnorm and SciPy
    @ValueSource(strings = {"music1", "music2", "music3"})
    void recordingsAsOtherProgramsMeasureThem(String name) throws IOException {
        JsonObject expected = SignalGolden.file(name);
        Wave wave = WavReader.read(Path.of("src/test/resources/songs", name + ".wav"));
        Loudness l = Loudness.of(wave);
        assertEquals(expected.get("loudness").getAsDouble(), l.integrated(), 0.01);
        // pyloudnorm interpolates its percentiles and takes fewer blocks of 3 s
        assertEquals(expected.get("range").getAsDouble(), l.range(), 0.25);
        assertEquals(expected.get("truePeak").getAsDouble(), Loudness.truePeak(wave), 0.1); // 4 points, not 32
    }
}
