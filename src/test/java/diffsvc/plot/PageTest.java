package diffsvc.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.Table;

class PageTest {
    @TempDir
    Path folder;

    private static Page page() {
        return Page.titled("two <voices>", "a & b")
                .heading("first")
                .text("1 < 2")
                .table(Table.create("t", IntColumn.create("n", new int[] {7})))
                .picture(new Picture("c \"1\"", "empty", 8, 8, (g, w, h) -> {}))
                .heading("second")
                .players(Map.of("song", Wave.mono(new float[] {0, 0.5f}, 8000)));
    }

    @Test
    void partsStandInTheirOrderAndTextIsNeverMarkup() {
        String html = page().html();
        int at = 0;
        for (String part : new String[] {
            "<title>two &lt;voices&gt;</title>",
            "<h1>two &lt;voices&gt;</h1>",
            "<h2>first</h2>",
            "<p>1 &lt; 2</p>",
            ">7</td>",
            "<img alt=\"c &quot;1&quot;: empty",
            "<h2>second</h2>",
            "<audio controls",
            "</html>"
        }) {
            assertTrue(html.indexOf(part, at) >= at, part + " is missing or stands too early");
            at = html.indexOf(part, at) + 1;
        }
    }

    @Test
    void everythingIsInsideTheFile() {
        String html = page().html();
        Matcher from = Pattern.compile("(src|href)=\"([^\"]{0,12})").matcher(html);
        int inside = 0;
        while (from.find()) {
            assertTrue(from.group(2).startsWith("data:"), from.group());
            inside++;
        }
        assertEquals(2, inside, "a picture and a player");
        assertFalse(html.contains("<script") || html.contains("url(") || html.contains("@import"));
    }

    @Test
    void aSavedPageIsKnownByItsProgram() throws IOException {
        Path file = page().save(folder.resolve("page.html").toString());
        assertEquals(page().html(), Files.readString(file));
        assertTrue(Page.isBy("a & b", file));
        assertFalse(Page.isBy("a", file));
        assertFalse(Page.isBy("a & b", Files.writeString(folder.resolve("other.html"), "<p>a & b</p>")));
        assertFalse(Page.isBy("a & b", folder.resolve("none.html")));
        Files.writeString(file, "older");
        assertEquals(page().html(), Files.readString(page().save(file)));
        assertThrows(Problem.class, () -> page().save(file.resolve("below a file.html")));
    }

    @Test
    void itsTextSaysHowToSaveIt() {
        assertEquals("page \"two <voices>\"; save(\"page.html\") writes it", page().toString());
    }
}
