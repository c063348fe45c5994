package diffsvc.plot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LanesTest {
    private static final int WHITE = Color.WHITE.getRGB(), BAR = Colours.LINE.getRGB();
    private final Plots plots = Plots.withoutVoice();

    /** A bar each second. */
    private static Lane lane(double base, double... values) {
        List<Lane.Bar> bars = new ArrayList<>();
        for (double v : values) {
            bars.add(new Lane.Bar(bars.size(), bars.size() + 1, v));
        }
        return new Lane("lane", base, bars);
    }

    /** The rows of a column of pixels that are a bar's, first and last, within a lane; [-1, -1] without a bar. */
    private static List<Integer> bar(BufferedImage image, double share, int lane) {
        int x = Sheet.LEFT + (int) (share * (image.getWidth() - Sheet.LEFT - Sheet.RIGHT)), first = -1, last = -1;
        for (int y = Sheet.TOP + lane * Lanes.LANE; y < Sheet.TOP + (lane + 1) * Lanes.LANE; y++) {
            if (image.getRGB(x, y) == BAR) {
                first = first < 0 ? y - Sheet.TOP - lane * Lanes.LANE : first;
                last = y - Sheet.TOP - lane * Lanes.LANE;
            }
        }
        return List.of(first, last);
    }

    /** Rows of a lane: 15 for the name, then 49 for the bars. Shares are taken right of the number in the bar. */
    @Test
    void aBarReachesFromTheBaseToItsValueOnTheScaleOfItsLane() {
        BufferedImage image =
                plots.lanes("t", 4, List.of(lane(0, 1, 2, Double.NaN, -1))).image();
        assertEquals(List.of(15 + 16, 15 + 32), bar(image, 0.24, 0), "1 of -1 to 2");
        assertEquals(List.of(15, 15 + 32), bar(image, 0.49, 0), "2 of -1 to 2");
        assertEquals(List.of(-1, -1), bar(image, 0.74, 0), "no bar for a number that is missing");
        assertEquals(List.of(15 + 34, 15 + 48), bar(image, 0.99, 0), "-1 hangs below the base's line");
    }

    @Test
    void aLaneOfLevelsStandsOnItsFloor() {
        BufferedImage image = plots.lanes("t", 2, List.of(lane(-60, -20, -40))).image();
        assertEquals(List.of(15, 15 + 48), bar(image, 0.49, 0), "-20 of -60 to -20");
        assertEquals(15 + 25, bar(image, 0.98, 0).get(0), "-40 is half of it");
        assertEquals(
                List.of(15, 15 + 24),
                bar(plots.lanes("t", 2, List.of(lane(-60, -70, -50))).image(), 0.98, 0),
                "what lies below the floor makes room for itself");
    }

    @Test
    void lanesHaveScalesOfTheirOwnAndOneClock() {
        BufferedImage image = plots.lanes("t", 4, List.of(lane(0, 1, 4), lane(0, 100, 400), lane(0, 5)))
                .image();
        assertEquals(Sheet.TOP + Sheet.BOTTOM + 3 * Lanes.LANE, image.getHeight());
        assertEquals(bar(image, 0.24, 0), bar(image, 0.24, 1));
        assertEquals(15, bar(image, 0.24, 2).get(0), "the only bar fills its lane");
        assertEquals(List.of(-1, -1), bar(image, 0.26, 2), "and ends after its second");
        assertEquals(List.of(-1, -1), bar(image, 0.51, 0), "nothing behind the last bar");
    }

    @Test
    void whatIsShorterThanAPixelIsOnePixelWide() {
        Lane lane = new Lane("lane", 0, List.of(new Lane.Bar(150, 150.01, 1)));
        BufferedImage image = plots.lanes("t", 300, List.of(lane)).image();
        int pixels = 0;
        for (int x = Sheet.LEFT; x < image.getWidth() - Sheet.RIGHT; x++) {
            pixels += image.getRGB(x, Sheet.TOP + 40) == BAR ? 1 : 0;
        }
        assertEquals(1, pixels);
    }

    @Test
    void aLaneWithoutANumberIsItsNameOnly() {
        BufferedImage image = plots.lanes("t", 1, List.of(lane(0, Double.NaN))).image();
        for (int y = Sheet.TOP + 20; y < Sheet.TOP + Lanes.LANE; y++) {
            assertEquals(WHITE, image.getRGB(500, y));
        }
    }

    @Test
    void lanesNeedALaneAndALength() {
        List<Lane> one = List.of(lane(0, 1));
        for (double seconds : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            String said = assertThrows(Problem.class, () -> plots.lanes("t", seconds, one))
                    .getMessage();
            assertTrue(said.contains("need a lane and a length above 0 s, got 1 lanes and " + seconds + " s"), said);
        }
        assertThrows(Problem.class, () -> plots.lanes("t", 1, List.of()));
        assertEquals("lane", plots.lanes("t", 1, one).about());
    }

    private static Picture filled(int width, int height, Color colour) {
        return new Picture("p", "filled", width, height, (g, w, h) -> {
            g.setColor(colour);
            g.fillRect(0, 0, w, h);
        });
    }

    @Test
    void stackedPicturesLieBelowEachOtherAsWideAsTheWidest() {
        Picture both = plots.stacked("both", filled(100, 40, Color.RED), List.of(filled(300, 60, Color.BLUE)));
        BufferedImage image = both.image();
        assertEquals(List.of(300, 108), List.of(image.getWidth(), image.getHeight()));
        assertEquals(Color.RED.getRGB(), image.getRGB(299, 20), "the narrow one is drawn wider");
        assertEquals(WHITE, image.getRGB(150, 44), "a gap");
        assertEquals(Color.BLUE.getRGB(), image.getRGB(0, 60));
        assertEquals("p: filled | p: filled", both.about());
    }

    @Test
    void stackedTakesPicturesOnly() {
        assertTrue(assertThrows(Problem.class, () -> plots.stacked("none"))
                .getMessage()
                .contains("need at least one picture"));
        assertTrue(assertThrows(Problem.class, () -> plots.stacked("one", "text"))
                .getMessage()
                .contains("need a Picture or a chart, got String"));
        assertThrows(Problem.class, () -> plots.stacked("null", (Object) null));
    }
}
