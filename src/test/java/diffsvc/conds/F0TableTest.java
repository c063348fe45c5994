package diffsvc.conds;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An F0 track goes out as a table, is edited, and comes back. */
class F0TableTest {
    private static final double FRAME = 512 / 44100.0;

    @TempDir
    Path folder;

    private static F0Track f0() {
        float[] f0 = new float[400];
        for (int t = 0; t < f0.length; t++) {
            f0[t] = t % 50 < 8 ? 0 : (float) (220 * Math.pow(2, Math.sin(t * 0.1) / 12));
        }
        return F0Track.of(f0, FRAME);
    }

    @Test
    void outAndBackIsTheSameToTheBit() {
        F0Track f0 = f0();
        for (double start : new double[] {0, 12.345678, 1800.5}) {
            F0Table back = F0Table.read(F0Table.of(f0, start).write(folder.resolve("노래 f0.csv")));
            F0Track again = back.track(f0.frames(), FRAME, start);
            assertArrayEquals(f0.f0Hz(), again.f0Hz());
            assertArrayEquals(f0.voiced(), again.voiced());
        }
    }

    @Test
    void aTableOfTablesawGoesBothWays() {
        F0Table table = F0Table.of(f0(), 0), back = F0Table.of(table.table());
        assertArrayEquals(table.hz(), back.hz());
        assertArrayEquals(table.voiced(), back.voiced());
    }

    @Test
    void anotherClockIsReadOnALineInLog2() throws IOException {
        Path file = Files.writeString(folder.resolve("a.csv"), "0.0;100\n0.1;200\n0.2;0\n0.3;0\n");
        F0Track track = F0Table.read(file).track(31, 0.01, 0);
        assertEquals(100, track.f0Hz()[0]);
        assertEquals(100 * Math.sqrt(2), track.f0Hz()[5], 1e-4);
        assertEquals(200, track.f0Hz()[10]);
        assertTrue(track.voiced()[14] && !track.voiced()[16] && !track.voiced()[25]);
        assertEquals(200, track.f0Hz()[13], "beside an unvoiced row the voiced one holds");
    }

    @Test
    void beforeAndBehindTheRowsNothingSounds() throws IOException {
        F0Track track = F0Table.read(
                        Files.writeString(folder.resolve("a.csv"), "hz,time\n100,1.0\n100,1.01\n100,1.02\n"))
                .track(300, 0.01, 0);
        assertFalse(track.voiced()[50]);
        assertTrue(track.voiced()[100] && track.voiced()[102]);
        assertFalse(track.voiced()[110]);
    }

    @Test
    void ofWhatOverlapsTheEarlierStays() {
        F0Table a = new F0Table(new double[] {0, 1, 2}, new float[] {1, 1, 1}, new boolean[3]),
                b = new F0Table(new double[] {1.5, 2.00001, 2.5}, new float[] {2, 2, 2}, new boolean[3]);
        assertArrayEquals(
                new double[] {0, 1, 2, 2.5}, F0Table.joined(List.of(a, b)).seconds());
        assertEquals(2, a.before(2).rows());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "time,hz,voiced\\n0,x,true|line 2",
                "time,hz\\n0,100\\n0,110|rise",
                "time,hz,voiced\\n0,100,maybe|true or false",
                "time,hz,voiced\\n0,0,true|above 0",
                "a,b\\n0,100|columns",
                "time,hz\\n0,-5|20000",
                "time,hz\\n|no row",
                "time,hz\\n0|cells",
                "time,hz\\n0,1e9|20000"
            })
    void aWrongLineIsNamed(String text, String word) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.csv"), text.replace("\\n", "\n"));
        String said = assertThrows(Problem.class, () -> F0Table.read(file)).getMessage();
        assertTrue(said.contains("bad.csv") && said.contains(word), said);
    }

    @Test
    void asTextItIsOneLine() {
        assertEquals(
                "F0 table of 4 rows, 0.50 to 2.00 s, 110 to 220 Hz, 50 % voiced",
                new F0Table(new double[] {0.5, 1, 1.5, 2}, new float[] {220, 110, 0, 300}, new boolean[] {
                            true, true, false, false
                        })
                        .toString());
        assertEquals(
                "F0 table of 1 row, 1.00 to 1.00 s, none voiced",
                new F0Table(new double[] {1}, new float[] {0}, new boolean[1]).toString());
        assertEquals("F0 table of 0 rows", new F0Table(new double[0], new float[0], new boolean[0]).toString());
    }

    /** A table from Java, as a Tablesaw table that was sorted by another column. */
    @Test
    void timesThatDoNotRiseAreRefused() {
        for (double second : new double[] {0.5, 1, Double.NaN}) {
            String message = assertThrows(
                            Problem.class, () -> new F0Table(new double[] {1, second}, new float[2], new boolean[2]))
                    .getMessage();
            assertTrue(message.contains("times that rise") && message.contains("row 2"), message);
        }
    }

    @Test
    void aMissingFileIsNamed() {
        assertTrue(assertThrows(Problem.class, () -> F0Table.read(folder.resolve("none.csv")))
                .getMessage()
                .contains("nothing at that path"));
    }
}
