package diffsvc.evaluate.content;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Error rates by hand, by their properties, and against jiwer's. */
class ErrorRateTest {
    @Test
    void eachKindOfErrorIsCounted() {
        assertEquals(new ErrorRate(1, 0, 0, 3), ErrorRate.words("morning bells ringing", "morning cells ringing"));
        assertEquals(new ErrorRate(0, 1, 0, 2), ErrorRate.words("brother john", "oh brother john"));
        assertEquals(new ErrorRate(0, 0, 2, 4), ErrorRate.words("are you sleeping john", "are john"));
        assertEquals(new ErrorRate(2, 1, 0, 6), ErrorRate.of(letters("kitten"), letters("sitting"))); // the textbook's
        assertEquals(
                3 / 6.0, ErrorRate.of(letters("kitten"), letters("sitting")).rate());
    }

    @Test
    void ofSeveralShortestEditsTheOneWithMostSubstitutionsCounts() {
        // "ab" to "ba" is two substitutions, or one deletion and one insertion
        assertEquals(new ErrorRate(2, 0, 0, 2), ErrorRate.of(letters("ab"), letters("ba")));
    }

    @Test
    void moreInsertionsThanTheReferenceHasWordsGiveARateAboveOne() {
        assertEquals(
                4, ErrorRate.words("star", "twinkle twinkle little star star").rate());
    }

    @Test
    void anEmptyReferenceHasNoRateUnlessNothingIsHeard() {
        assertEquals(Double.NaN, ErrorRate.words("", "thank you").rate());
        assertEquals(0, ErrorRate.words("", " ... ").rate());
        assertEquals(0, ErrorRate.characters("", "", Locale.ENGLISH).rate());
        assertEquals(1, ErrorRate.words("thank you", "").rate());
    }

    @Test
    void caseMarksApostrophesAndSpacesDoNotCount() {
        assertEquals("dont stop 2 night", ErrorRate.normalised("  Don’t\n stop -- 2-night!"));
        assertEquals("noël", ErrorRate.normalised("NOE\u0308L"));
        assertEquals("", ErrorRate.normalised("♪ ... '"));
        assertEquals(
                0, ErrorRate.words("Are you sleeping?", "are  you sleeping").errors());
        assertEquals(1, ErrorRate.words("two stars", "2 stars").errors());
    }

    @Test
    void aKoreanCharacterIsASyllableAndSpacesAreLeftOut() {
        assertEquals(new ErrorRate(0, 0, 0, 4), ErrorRate.characters("나의 살던", "나 의 살 던", Locale.KOREAN));
        assertEquals(new ErrorRate(1, 0, 0, 2), ErrorRate.characters("산골", "상골", Locale.KOREAN));
        assertEquals(
                new ErrorRate(0, 2, 0, 5),
                ErrorRate.characters("나의 살던", "나 의 살 던", Locale.ENGLISH),
                "the spaces of other languages count");
        assertEquals(
                0,
                ErrorRate.characters("산골", "\u1109\u1161\u11ab\u1100\u1169\u11af", Locale.KOREAN)
                        .errors(),
                "single letters are the syllable");
    }

    @Test
    void itIsADistance() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 300; i++) {
            List<Integer> a = row(random), b = row(random), c = row(random);
            ErrorRate ab = ErrorRate.of(a, b), ba = ErrorRate.of(b, a);
            assertEquals(0, ErrorRate.of(a, a).errors());
            assertEquals(ab.errors() == 0, a.equals(b));
            assertEquals(
                    new ErrorRate(ab.substitutions(), ab.deletions(), ab.insertions(), b.size()),
                    ba,
                    "symmetric, insertions for deletions");
            assertTrue(
                    ErrorRate.of(a, c).errors()
                            <= ab.errors() + ErrorRate.of(b, c).errors(),
                    a + " " + b + " " + c);
            assertEquals(b.size() - a.size(), ab.insertions() - ab.deletions());
            assertTrue(ab.errors() <= Math.max(a.size(), b.size()));
        }
    }

    @Test
    void theRatesAreJiwers() throws IOException {
        int pairs = 0;
        for (var each : JsonParser.parseString(Files.readString(Path.of("src/test/resources/judges/error_rate.json")))
                .getAsJsonArray()) {
            JsonObject pair = each.getAsJsonObject();
            String reference = pair.get("reference").getAsString(),
                    heard = pair.get("heard").getAsString();
            ErrorRate words = ErrorRate.words(reference, heard),
                    characters =
                            ErrorRate.characters(
                                    reference,
                                    heard,
                                    Locale.forLanguageTag(pair.get("language").getAsString()));
            assertEquals(pair.get("word_errors").getAsInt(), words.errors(), heard);
            assertEquals(pair.get("character_errors").getAsInt(), characters.errors(), heard);
            assertEquals(pair.get("wer").getAsDouble(), words.rate(), 1e-15, heard); // one division in double
            assertEquals(pair.get("cer").getAsDouble(), characters.rate(), 1e-15, heard);
            pairs++;
        }
        assertEquals(11, pairs);
    }

    private static List<String> letters(String word) {
        return List.of(word.split(""));
    }

    private static List<Integer> row(SplittableRandom random) {
        List<Integer> row = new ArrayList<>();
        for (int n = random.nextInt(9); n > 0; n--) {
            row.add(random.nextInt(3));
        }
        return row;
    }
}
