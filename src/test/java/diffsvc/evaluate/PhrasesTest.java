package diffsvc.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.testing.Tones;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Known answers: tones with pauses, a long one, recordings, silence. */
class PhrasesTest {
    private static final int RATE = 16_000;

    private static List<Phrase> phrases(Wave wave) {
        return Phrases.of(Sound.of("test", wave));
    }

    @ParameterizedTest
    @ValueSource(floats = {1, 0.01f})
    void pausesPartPhrasesAtAnyLevel(float level) { // 2.5 s of sound, 1 s of silence
        List<Phrase> phrases =
                phrases(Tones.sung(RATE, 10, s -> s % 3.5 < 2.5 ? 220 : 0).times(level));
        assertEquals(3, phrases.size());
        for (int i = 0; i < 3; i++) { // the cut lies up to 0.1 s inside the silence
            assertEquals(3.5 * i, phrases.get(i).start(), 0.101);
            assertEquals(3.5 * i + 2.5, phrases.get(i).end(), 0.101);
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {9.9, 10.1, 11.4, 18.6, 25, 61})
    void aLongOneIsCutIntoPartsWithinTheBounds(double seconds) {
        List<Phrase> phrases = phrases(Tones.sung(RATE, seconds, s -> 200 + 5 * s));
        assertEquals(0, phrases.get(0).start());
        assertEquals(seconds, phrases.get(phrases.size() - 1).end(), 1e-9);
        for (int i = 0; i < phrases.size(); i++) {
            Phrase p = phrases.get(i);
            assertTrue(p.seconds() <= 10 && p.seconds() >= 1.49, p.toString()); // a cut is in the middle of 20 ms
            assertEquals(i == 0 ? 0 : phrases.get(i - 1).end(), p.start());
        }
    }

    @Test
    void recordingsHaveTheSamePhrasesEachTime() {
        for (String name : List.of("music1", "music2", "music3")) {
            Wave wave = WavReader.read(Path.of("src/test/resources/songs", name + ".wav"));
            List<Phrase> once = phrases(wave);
            assertEquals(once, phrases(wave));
            assertTrue(once.stream().allMatch(p -> p.seconds() > 0 && p.seconds() <= 10), once.toString());
            assertTrue(once.get(once.size() - 1).end() <= wave.seconds());
        }
    }

    @Test
    void silenceHasNone() {
        assertEquals(List.of(), phrases(Wave.mono(new float[4 * RATE], RATE)));
        assertEquals(List.of(), phrases(Wave.mono(new float[0], RATE)));
        assertEquals(List.of(new Phrase(0, 0.5)), phrases(Tones.sung(RATE, 0.5, s -> 220)), "a short one stays whole");
    }
}
