package diffsvc.evaluate.signal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.testing.Tones;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the two judges say of copies: the same, quieter, later, clipped, noise, silence. */
class JudgesTest {
    private static final int RATE = 16_000;
    private static final Wave SONG =
            WavReader.read(Path.of("src/test/resources/songs/music1.wav")).slice(0, 4);

    private static Map<String, Double> figures(Judge judge, Wave output, Wave source) {
        Subject subject = Subject.of(Sound.of("out", output)).against(Sound.of("song", source), 0);
        return judge.judge(subject).stream().collect(Collectors.toMap(Figure::name, Figure::value));
    }

    private static Map<String, Double> spectrum(Wave output) {
        return figures(new SpectrumJudge(), output, SONG);
    }

    @Test
    void aCopyIsTheSame() {
        Map<String, Double> f = spectrum(SONG);
        assertEquals(0, f.get("mcd"), 1e-9);
        assertEquals(0, f.get("lsd"), 1e-9);
        assertEquals(0, f.get("delay"), 1e-6);
        assertEquals(0, f.get("loudness-error"));
        assertEquals(1, f.get("energy-correlation"), 1e-12);
    }

    @Test
    void aQuieterCopyDiffersInLoudnessAlone() {
        Map<String, Double> f = spectrum(SONG.times((float) Math.pow(10, -6 / 20.0)));
        assertEquals(-6, f.get("loudness-error"), 0.01); // the gates of both are relative
        assertEquals(0, f.get("mcd"), 1e-4);
        assertEquals(1, f.get("energy-correlation"), 1e-6);
        assertEquals(0, f.get("delay"), 1e-3);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 160, 1333, 6400})
    void aDelayIsFoundToAFractionOfTheHop(int samples) {
        Map<String, Double> f = spectrum(Tones.delayed(SONG, samples));
        assertEquals(1000.0 * samples / RATE, f.get("delay"), 0.1);
        assertEquals(
                -1000.0 * samples / RATE,
                figures(new SpectrumJudge(), SONG, Tones.delayed(SONG, samples)).get("delay"),
                0.1);
    }

    @Test
    void soundsThatHaveNothingInCommonHaveNoDelay() {
        Map<String, Double> f = spectrum(Tones.noise(RATE, 4, 0.1, 1));
        assertTrue(Double.isNaN(f.get("delay")));
        assertTrue(Math.abs(f.get("energy-correlation")) < 0.3, f.toString());
        assertTrue(f.get("mcd") > 8, f.toString());
        assertTrue(Double.isNaN(spectrum(Tones.sine(RATE, 4, 440, 0.5)).get("delay")), "a constant level");
    }

    @Test
    void anotherRateIsTheSameSong() {
        Wave up = diffsvc.audio.Resampler.to(44_100, SONG);
        Map<String, Double> f = spectrum(up);
        assertEquals(0, f.get("delay"), 0.05);
        assertEquals(0, f.get("loudness-error"), 0.15); // the shelf of a filter at 16 kHz ends steeper
        assertEquals(1, f.get("energy-correlation"), 1e-3);
    }

    @Test
    void theSamplesAlone() {
        Wave wave = Tones.sung(RATE, 4, s -> 220);
        float[] x = wave.first().clone();
        for (int i = 0; i < x.length; i++) {
            x[i] = Math.max(-0.2f, Math.min(0.2f, x[i])) + 0.01f;
        }
        Map<String, Double> clean = figures(new SignalJudge(), wave, wave),
                clipped = figures(new SignalJudge(), Wave.mono(x, RATE), wave);
        assertEquals(0, clean.get("clipped"));
        assertTrue(clipped.get("clipped") > 1000, clipped.toString());
        assertEquals(0, clean.get("dc"), 1e-4);
        assertEquals(0.01, clipped.get("dc"), 1e-3);
        assertEquals(0, clean.get("clicks"));
        assertTrue(clean.get("hnr") > 40, clean.toString());
        assertEquals(0, clean.get("loudness-range"), 0.1);
        assertEquals(Loudness.of(wave).integrated(), clean.get("loudness"));
        assertEquals(Loudness.truePeak(wave), clean.get("true-peak"));
    }

    @Test
    void nothingToHearHasNoFigures() {
        float[] broken = SONG.first().clone();
        broken[7] = Float.POSITIVE_INFINITY;
        for (float[] x : List.of(new float[RATE], new float[0], new float[] {1e-5f}, broken)) {
            Subject subject = Subject.of(Sound.of("out", Wave.mono(x, RATE)))
                    .against(Sound.of("song", SONG), 0)
                    .joinedAt(List.of(0.0));
            List<Figure> signal = new SignalJudge().judge(subject), spectrum = new SpectrumJudge().judge(subject);
            assertEquals(
                    SignalJudge.MEASURES, signal.stream().map(Figure::measure).toList());
            assertEquals(
                    SpectrumJudge.MEASURES,
                    spectrum.stream().map(Figure::measure).toList());
            assertTrue(signal.stream().allMatch(f -> Double.isNaN(f.value())), signal.toString());
            assertTrue(spectrum.stream().allMatch(f -> Double.isNaN(f.value())), spectrum.toString());
        }
    }

    @Test
    void aSeamIsLookedForAtTheJoinsAlone() {
        float[] x = new float[3 * RATE];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (0.3 * Math.sin(2 * Math.PI * 220 * i / RATE)) + (i < RATE ? 0 : 0.1f); // a step at 1 s
        }
        Subject subject = Subject.of(Sound.of("out", Wave.mono(x, RATE)));
        assertTrue(seams(subject.joinedAt(List.of(1.0))) > 20, "at the step");
        assertTrue(seams(subject.joinedAt(List.of(0.5, 2.0))) < 14, "beside it");
        assertTrue(
                seams(subject.joinedAt(List.of(0.5, 1.5)).part(0.5, 1.5)) < 14, "a phrase keeps the joins inside it");
        assertTrue(seams(subject.joinedAt(List.of(1.0)).part(0.5, 1.5)) > 20, "on its own clock");
        assertEquals(
                SignalJudge.MEASURES.size() - 1,
                new SignalJudge().judge(subject).size(),
                "no joins, no figure");
    }

    private static double seams(Subject subject) {
        return new SignalJudge()
                .judge(subject).stream()
                        .filter(f -> f.name().equals("seams"))
                        .findFirst()
                        .orElseThrow()
                        .value();
    }

    @Test
    void aFewSamplesAreNoReasonToFail() {
        for (int n : new int[] {1, 2, 50, 700, 5000}) {
            Wave brief = SONG.samples(16_000, 16_000 + n);
            assertEquals(
                    SignalJudge.MEASURES.size() - 1, // seams need the joins
                    figures(new SignalJudge(), brief, SONG).size());
            assertTrue(Double.isNaN(figures(new SpectrumJudge(), brief, SONG).get("loudness-error")) || n > 4000);
        }
    }

    @Test
    void withoutASourceThereIsNoDistance() {
        assertEquals(List.of(), new SpectrumJudge().judge(Subject.of(Sound.of("out", SONG))));
    }
}
