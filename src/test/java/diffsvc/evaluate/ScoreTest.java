package diffsvc.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ScoreTest {
    private static List<Figure> figures(Object... namesAndValues) {
        List<Figure> figures = new ArrayList<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            figures.add(new Figure(
                    new Measure((String) namesAndValues[i], "", Better.HIGHER, 3, "for tests"),
                    ((Number) namesAndValues[i + 1]).doubleValue()));
        }
        return figures;
    }

    /** What a song says of itself whose cosine to the target is 0.6. */
    private static final List<Figure> SONG =
            figures("similarity", 0.6, "similarity-source", 1, "cer", 0, "rpa", 1, "distillmos", 3, "dnsmos-ovr", 2);

    @Test
    void aPerfectConversionHasOneInEachPart() {
        Score score = Score.of(
                figures(
                        "similarity",
                        1,
                        "similarity-source",
                        0.6,
                        "cer",
                        0,
                        "rpa",
                        1,
                        "distillmos",
                        5,
                        "dnsmos-ovr",
                        5),
                SONG);
        assertEquals(EnumSet.allOf(Score.Part.class), score.parts().keySet());
        assertEquals(1, score.value(), 1e-12);
    }

    @Test
    void theSongUnchangedHasNothingOfTheVoiceSoItsScoreIsZero() {
        Score score = Score.of(SONG, SONG);
        assertEquals(0, score.parts().get(Score.Part.VOICE), 1e-12);
        assertEquals(1, score.parts().get(Score.Part.WORDS), 1e-12);
        assertEquals(0, score.value(), 1e-12);
    }

    @Test
    void asNearToTheTargetAsToTheSongIsHalfOfTheVoice() {
        assertEquals(
                0.5,
                Score.of(figures("similarity", 0.8, "similarity-source", 0.8), SONG)
                        .parts()
                        .get(Score.Part.VOICE),
                1e-12);
    }

    @Test
    void theMeanIsGeometric() {
        Score score = Score.of(figures("cer", 0.75, "rpa", 1), figures("cer", 0, "rpa", 1));
        assertEquals(Set.of(Score.Part.WORDS, Score.Part.MELODY), score.parts().keySet());
        assertEquals(0.5, score.value(), 1e-12);
        assertEquals(0.25, score.value(Set.of(Score.Part.WORDS)), 1e-12);
    }

    @Test
    void anOutputWithoutAValueWhereTheSongHasOneFails() {
        Score silent = Score.of(
                figures(
                        "similarity",
                        Double.NaN,
                        "similarity-source",
                        Double.NaN,
                        "cer",
                        1,
                        "rpa",
                        0,
                        "dnsmos-ovr",
                        Double.NaN),
                SONG);
        assertEquals(
                Map.of(Score.Part.VOICE, 0.0, Score.Part.WORDS, 0.0, Score.Part.MELODY, 0.0, Score.Part.SOUND, 0.0),
                silent.parts());
    }

    @Test
    void aPartThatTheSongItselfDoesNotHaveIsLeftOut() {
        Score score =
                Score.of(figures("rpa", Double.NaN, "cer", Double.NaN), figures("rpa", Double.NaN, "cer", Double.NaN));
        assertTrue(score.parts().isEmpty());
        assertTrue(Double.isNaN(score.value()));
    }

    @Test
    void moreErrorsThanWordsAreNoWorseThanNoWords() {
        assertEquals(
                0.0, Score.of(figures("cer", 1.7), figures("cer", 0)).parts().get(Score.Part.WORDS));
    }

    @Test
    void theLyricsGoBeforeTheTranscriptAndBothBeforeTheOwnPhones() {
        List<Figure> song = figures("cer", 0, "lyrics-cer", 0.2, "phone-match", 1);
        assertEquals(
                0.6,
                Score.of(figures("cer", 0.9, "lyrics-cer", 0.4, "phone-match", 0.1), song)
                        .parts()
                        .get(Score.Part.WORDS),
                1e-12);
        assertEquals(
                0.1,
                Score.of(figures("phone-match", 0.1), figures("phone-match", 1))
                        .parts()
                        .get(Score.Part.WORDS),
                1e-12);
    }

    @Test
    void oneOfTheTwoOpinionsOfTheSoundIsEnough() {
        assertEquals(0.25, Score.of(figures("dnsmos-ovr", 2), List.of()).parts().get(Score.Part.SOUND), 1e-12);
        assertEquals(
                0.375,
                Score.of(figures("dnsmos-ovr", 2, "distillmos", 3), List.of())
                        .parts()
                        .get(Score.Part.SOUND),
                1e-12);
        assertFalse(Score.of(figures("rpa", 1), List.of()).parts().containsKey(Score.Part.SOUND));
    }
}
