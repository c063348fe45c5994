package diffsvc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The documents: each link leads to a file and a heading that exist, and lines keep to 100 columns. */
class DocumentsTest {
    private static final int COLUMNS = 100;
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)"), HEADING = Pattern.compile("^#+ (.*)$");

    @Test
    void everyRelativeLinkLeadsSomewhere() throws IOException {
        List<String> dead = new ArrayList<>();
        for (Path page : pages()) {
            Matcher link = LINK.matcher(Files.readString(page));
            while (link.find()) {
                String[] to = link.group(1).split("#", 2);
                if (to[0].startsWith("http")) {
                    continue;
                }
                Path file = to[0].isEmpty() ? page : page.resolveSibling(to[0]).normalize();
                if (!Files.exists(file) || to.length > 1 && !anchors(file).contains(to[1])) {
                    dead.add(page + " -> " + link.group(1));
                }
            }
        }
        assertEquals(List.of(), dead);
    }

    @Test
    void theIndexOfDecisionsNamesEachOfThem() throws IOException {
        Path folder = Path.of("docs/decisions");
        String index = Files.readString(folder.resolve("README.md"));
        try (Stream<Path> pages = Files.list(folder)) {
            List<String> missing = pages.map(p -> p.getFileName().toString())
                    .filter(name -> !name.equals("README.md") && !index.contains("](" + name + ")"))
                    .toList();
            assertEquals(List.of(), missing);
        }
    }

    @Test
    void linesKeepToTheirColumns() throws IOException {
        List<String> wide = new ArrayList<>();
        for (Path page : pages()) {
            List<String> lines = Files.readAllLines(page);
            for (int i = 0; i < lines.size(); i++) {
                if (!lines.get(i).startsWith("|") && columns(lines.get(i)) > COLUMNS) {
                    wide.add(page + ":" + (i + 1));
                }
            }
        }
        assertEquals(List.of(), wide, "lines of prose and code above " + COLUMNS + " columns; tables may be wider");
    }

    @Test
    void theReadmeIsOneScreenInBothLanguages() throws IOException {
        for (String name : List.of("README.md", "README.ko.md")) {
            int lines = Files.readAllLines(Path.of(name)).size();
            assertTrue(lines <= 70, name + " has " + lines + " lines; the rest belongs in docs/");
        }
    }

    /** Headings as a browser of the repository links to them. */
    private static List<String> anchors(Path page) throws IOException {
        return Files.readAllLines(page).stream()
                .map(HEADING::matcher)
                .filter(Matcher::matches)
                .map(m -> m.group(1)
                        .strip()
                        .toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{IsAlphabetic}\\p{IsDigit}_\\- ]", "")
                        .replace(' ', '-'))
                .toList();
    }

    /** Hangul takes two columns. */
    private static int columns(String line) {
        return line.codePoints()
                .map(c -> Character.UnicodeScript.of(c) == Character.UnicodeScript.HANGUL ? 2 : 1)
                .sum();
    }

    static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        try (Stream<Path> root = Files.list(Path.of(""));
                Stream<Path> docs = Files.walk(Path.of("docs"))) {
            Stream.concat(root, docs).filter(p -> p.toString().endsWith(".md")).forEach(pages::add);
        }
        return pages;
    }
}
