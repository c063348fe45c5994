package diffsvc.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.List;
import org.junit.jupiter.api.Test;

class FlameTest {
    private static final Span FIRST = new Span("first", 0, 1, List.of(Span.of("a", 0, 0.25), Span.of("b", 0.25, 0.5))),
            WHOLE = new Span("whole", 0, 4, List.of(FIRST, Span.of("second", 1, 4)));

    /** A row's colour where a share of the whole has passed, near the row's upper edge, above the text. */
    private static int colour(BufferedImage image, int row, double share) {
        int rows = (image.getHeight() - Sheet.TOP - Sheet.BOTTOM) / 3,
                wide = image.getWidth() - Sheet.LEFT - Sheet.RIGHT;
        return image.getRGB(Sheet.LEFT + (int) (share * wide), Sheet.TOP + row * rows + 4);
    }

    @Test
    void widthsAreSeconds() {
        BufferedImage image = Plots.withoutVoice().flame("flame", WHOLE).image();
        assertEquals(colour(image, 0, 0.01), colour(image, 0, 0.98));
        assertEquals(colour(image, 1, 0.01), colour(image, 1, 0.24));
        assertNotEquals(colour(image, 1, 0.24), colour(image, 1, 0.26));
        assertEquals(colour(image, 1, 0.26), colour(image, 1, 0.98));
    }

    @Test
    void whatThePartsLeaveIsWhite() {
        BufferedImage image = Plots.withoutVoice().flame("flame", WHOLE).image();
        int white = Color.WHITE.getRGB();
        assertNotEquals(white, colour(image, 2, 0.03));
        assertNotEquals(colour(image, 2, 0.03), colour(image, 2, 0.09));
        assertEquals(white, colour(image, 2, 0.2));
        assertEquals(white, colour(image, 2, 0.6));
        assertEquals(0.5, FIRST.rest());
    }

    @Test
    void partsOfOneNameInARowStandTogether() {
        Span span = new Span(
                "span", 0, 4, List.of(Span.of("x", 0, 1), Span.of("x", 1, 2), Span.of("y", 2, 3), Span.of("x", 3, 4)));
        assertEquals(List.of(2, 1, 1), span.runs().stream().map(List::size).toList());
    }

    @Test
    void partsThatOverlapOrLeaveTheSpanAreRefused() {
        for (List<Span> parts : List.of(
                List.of(Span.of("a", 0, 0.6), Span.of("b", 0.5, 1)),
                List.of(Span.of("a", 0.5, 1.5)),
                List.of(Span.of("a", -1, 0.5)))) {
            String said = assertThrows(Problem.class, () -> new Span("span", 0, 1, parts))
                    .getMessage();
            assertTrue(said.contains("parts of span one after the other"), said);
        }
    }
}
