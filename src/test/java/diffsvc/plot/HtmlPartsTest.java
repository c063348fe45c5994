package diffsvc.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.audio.AudioFile;
import diffsvc.audio.Wave;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.IntColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

class HtmlPartsTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "-2.5, -2.5",
        "0.30000000000000004, 0.3",
        "123.456, 123.46",
        "123456789, 123456789",
        "1e9, 1.000e+09",
        "0.0001, 0.0001",
        "-0.00001234, -1.234e-05",
        "NaN, NaN"
    })
    void aNumberHasFiveDigitsAndNoZerosBehindThem(double value, String shown) {
        assertEquals(shown, HtmlParts.number(value));
    }

    @Test
    void numbersStandAtTheRightAndTextIsEscaped() {
        assertEquals(
                "<table><tr><th style=\"text-align:left\">a&lt;b</th><th style=\"text-align:right\">x</th></tr>"
                        + "<tr><td style=\"text-align:left\">&quot;&amp;&quot;</td><td style=\"text-align:right\">0.5</td></tr></table>",
                HtmlParts.table(Table.create("t", StringColumn.create("a<b", "\"&\""), DoubleColumn.create("x", 0.5))));
    }

    @Test
    void aLongTableIsCutAndSaysSo() {
        Table rows =
                Table.create("t", IntColumn.create("n", IntStream.range(0, 201).toArray()));
        String html = HtmlParts.table(rows);
        assertTrue(html.contains(">199</td>") && !html.contains(">200</td>"), html);
        assertTrue(html.contains("<p>200 of 201 rows;"), html);
        assertFalse(HtmlParts.table(rows.first(200)).contains("<p>"));
    }

    /** The sound inside the page is FLAC of the samples, and one that would clip is quieter. */
    @Test
    void aPlayerHoldsTheSound() throws IOException {
        Wave quiet = Wave.mono(new float[] {0, 0.5f, -0.25f, 0.125f}, 8000);
        assertEquals(0.5, played(quiet).peak(), 1e-4);
        assertEquals(8000, played(quiet).sampleRateHz());
        double loud = played(Wave.mono(new float[] {0, 2, -1, 0}, 8000)).peak();
        assertTrue(loud > 0.9 && loud <= 1, "peak " + loud);
        assertTrue(HtmlParts.player(quiet).endsWith("<br>0.00 s, 8000 Hz, peak 0.50"));
    }

    private Wave played(Wave wave) throws IOException {
        String html = HtmlParts.player(wave), begin = "base64,";
        String data = html.substring(html.indexOf(begin) + begin.length(), html.indexOf("\"></audio>"));
        return AudioFile.read(
                Files.write(folder.resolve("played.flac"), Base64.getDecoder().decode(data)));
    }
}
