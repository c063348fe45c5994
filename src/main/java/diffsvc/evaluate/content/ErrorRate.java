package diffsvc.evaluate.content;

import java.text.Normalizer;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Edit distance between what should be heard and what is heard, by kind of error (Levenshtein, "Binary codes capable of
 * correcting deletions, insertions, and reversals", 1966). The sum of the three is the distance. Where several shortest
 * edits exist, the one with the most substitutions is counted.
 *
 * @param substitutions another word in a word's place
 * @param insertions words that the reference lacks
 * @param deletions words that are missing
 * @param reference length of the reference
 */
public record ErrorRate(int substitutions, int insertions, int deletions, int reference) {
    private static final long INSERTION = 1, ERROR = 1L << 32;

    /**
     * Word error: words of the {@link #normalised} texts.
     *
     * @param reference what should be heard
     * @param heard what is heard
     */
    public static ErrorRate words(String reference, String heard) {
        return of(wordsOf(reference), wordsOf(heard));
    }

    /**
     * Character error: code points of the {@link #normalised} texts. A space between words counts as a character, as
     * usual for English. In Korean a character is a syllable and spaces are left out, as Korean recognizers are judged:
     * they put spaces between the parts of a word.
     *
     * @param reference what should be heard
     * @param heard what is heard
     * @param language of both texts
     */
    public static ErrorRate characters(String reference, String heard, Locale language) {
        return of(charactersOf(reference, language), charactersOf(heard, language));
    }

    /** Errors between two rows of anything that has {@code equals}. */
    public static <T> ErrorRate of(List<T> reference, List<T> found) {
        Map<T, Integer> numbers = new HashMap<>();
        int[] wanted = numbered(reference, numbers), came = numbered(found, numbers);
        // a cell is distance and insertions as one number, so that the smaller number is the better edit
        long[] row = new long[came.length + 1], above = new long[came.length + 1];
        for (int j = 1; j <= came.length; j++) {
            row[j] = row[j - 1] + ERROR + INSERTION;
        }
        for (int i = 1; i <= wanted.length; i++) {
            long[] swap = above;
            above = row;
            row = swap;
            row[0] = above[0] + ERROR;
            for (int j = 1; j <= came.length; j++) {
                long kept = above[j - 1] + (wanted[i - 1] == came[j - 1] ? 0 : ERROR),
                        deleted = above[j] + ERROR,
                        inserted = row[j - 1] + ERROR + INSERTION;
                row[j] = Math.min(kept, Math.min(deleted, inserted));
            }
        }
        int distance = (int) (row[came.length] / ERROR),
                insertions = (int) (row[came.length] % ERROR / INSERTION),
                deletions = insertions + wanted.length - came.length;
        return new ErrorRate(distance - insertions - deletions, insertions, deletions, wanted.length);
    }

    private static <T> int[] numbered(List<T> row, Map<T, Integer> numbers) {
        return row.stream()
                .mapToInt(x -> numbers.computeIfAbsent(x, y -> numbers.size()))
                .toArray();
    }

    /**
     * A text as it is compared: lower case (of no language), Unicode NFC, apostrophes (' ’ ʼ) left out, every row of
     * other characters than letters, marks and digits one space, none at the ends. Numbers stay as they are written:
     * "2" is another word than "two".
     */
    public static String normalised(String text) {
        return Normalizer.normalize(text.toLowerCase(Locale.ROOT), Normalizer.Form.NFC)
                .replaceAll("['’ʼ]", "")
                .replaceAll("[^\\p{L}\\p{M}\\p{N}]+", " ")
                .strip();
    }

    private static List<String> wordsOf(String text) {
        String plain = normalised(text);
        return plain.isEmpty() ? List.of() : List.of(plain.split(" "));
    }

    private static List<Integer> charactersOf(String text, Locale language) {
        String plain = normalised(text);
        boolean korean = language.getLanguage().equals(Locale.KOREAN.getLanguage());
        return (korean ? plain.replace(" ", "") : plain).codePoints().boxed().toList();
    }

    /** The distance: substitutions, insertions and deletions. */
    public int errors() {
        return substitutions + insertions + deletions;
    }

    /**
     * Errors over the length of the reference: 0 for a copy, above 1 where more is inserted than the reference holds.
     * An empty reference gives NaN, or 0 where nothing is heard either.
     */
    public double rate() {
        return errors() == 0 ? 0 : reference == 0 ? Double.NaN : errors() / (double) reference;
    }
}
