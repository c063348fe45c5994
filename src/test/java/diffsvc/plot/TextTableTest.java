package diffsvc.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

class TextTableTest {
    @Test
    void numbersStandAtTheRightAndTextAtTheLeft() {
        assertEquals(
                """
                name   score  song
                first    0.5  a
                2         10  long""",
                TextTable.of(Table.create(
                        "t",
                        StringColumn.create("name", "first", "2"),
                        DoubleColumn.create("score", 0.5, 10),
                        StringColumn.create("song", "a", "long"))));
    }

    @Test
    void columnsWithoutRoomFollowBelowBesideTheFirst() {
        Table wide = Table.create("t", StringColumn.create("row", "x"));
        for (int i = 0; i < 5; i++) {
            wide.addColumns(StringColumn.create("column of 24 characters" + i, "v" + i));
        }
        String text = TextTable.of(wide);
        assertTrue(text.lines().allMatch(l -> l.length() <= TextTable.COLUMNS), text);
        String[] lines = text.split("\n");
        assertEquals(8, lines.length, text);
        assertEquals("row  column of 24 characters0  column of 24 characters1", lines[0]);
        assertEquals("", lines[2]);
        assertTrue(lines[4].matches("x +v2 +v3"), lines[4]);
        assertEquals("x    v4", lines[7]);
    }

    @Test
    void aColumnWiderThanTheTerminalStandsAlone() {
        String text = TextTable.of(Table.create(
                "t",
                StringColumn.create("row", "x"),
                StringColumn.create("long", "y".repeat(100)),
                StringColumn.create("z", "1")));
        assertEquals("x    " + "y".repeat(100), text.split("\n")[1]);
        assertEquals("x    1", text.split("\n")[4]);
    }

    @Test
    void aTableOfOneColumnOrWithoutRowsIsItsHead() {
        assertEquals("name", TextTable.of(Table.create("t", StringColumn.create("name"))));
        assertEquals("n  m", TextTable.of(Table.create("t", StringColumn.create("n"), DoubleColumn.create("m"))));
    }
}
