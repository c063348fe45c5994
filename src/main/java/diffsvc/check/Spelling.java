package diffsvc.check;

/** How far one word is from another, to name what was perhaps meant. */
public final class Spelling {
    private Spelling() {}

    /** Levenshtein's edit distance: insertions, deletions and substitutions from one word to the other. */
    public static int distance(String a, String b) {

        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int up = row[j];
                row[j] = Math.min(
                        Math.min(row[j], row[j - 1]) + 1, diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1));
                diagonal = up;
            }
        }
        return row[b.length()];
    }
}
