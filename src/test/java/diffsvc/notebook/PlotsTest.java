package diffsvc.notebook;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.F0Track;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.diffusion.Ddpm;
import diffsvc.diffusion.MelRange;
import diffsvc.diffusion.NoiseSchedule;
import diffsvc.diffusion.wavenet.WaveNet;
import diffsvc.hparams.Hparams;
import diffsvc.platform.WeakManager;
import diffsvc.plot.*;
import diffsvc.plot.HtmlParts;
import diffsvc.tensor.Summary;
import diffsvc.vocoder.SourceFilter;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tech.tablesaw.api.DoubleColumn;
import tech.tablesaw.api.StringColumn;
import tech.tablesaw.api.Table;

class PlotsTest {
    private final WeakManager held = WeakManager.open();
    private final Plots plots = Plots.of(Hparams.defaults().audio());

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        held.close();
    }

    /** A mel of silence with one loud frame and one loud bin. */
    private static float[][] cross(int frames, int bins) {
        float[][] mel = new float[frames][bins];
        for (int t = 0; t < frames; t++) {
            Arrays.fill(mel[t], t == frames / 2 ? 0 : -5);
            mel[t][bins / 4] = 0;
        }
        return mel;
    }

    @Test
    void aMelIsBrightWhereItIsLoudAndTheF0IsDrawnOverIt() {
        float[] hz = new float[400];
        boolean[] voiced = new boolean[400];
        Arrays.fill(hz, 1000);
        Arrays.fill(voiced, 0, 200, true);
        BufferedImage image = plots.mel("m", cross(400, 128), new F0Track(hz, voiced, 512 / 44100.0))
                .image();
        int left = 64, top = 26, height = 296 - 26 - 40;
        assertEquals(0xfde725, image.getRGB(left + 200, top + 10) & 0xffffff, "the loud frame");
        assertEquals(
                0xfde725,
                image.getRGB(left + 300, top + height - 1 - height / 4 - 1) & 0xffffff,
                "the loud bin, a quarter from below");
        assertEquals(0x440154, image.getRGB(left + 300, top + 10) & 0xffffff, "silence");
        int red = 0, redRight = 0;
        for (int x = left; x < left + 400; x++) {
            for (int y = top; y < top + height; y++) {
                boolean isRed = (image.getRGB(x, y) & 0xffffff) == 0xff5050;
                red += isRed ? 1 : 0;
                redRight += isRed && x > left + 202 ? 1 : 0;
            }
        }
        assertTrue(red > 150 && redRight == 0, red + " red pixels, " + redRight + " where nothing is voiced");
    }

    @Test
    void aPictureIsSavedAsItsNameEnds() throws Exception {
        Picture picture = plots.mel("mel <1>", cross(100, 128), null);
        BufferedImage png = ImageIO.read(picture.save(folder.resolve("a.png")).toFile());
        assertEquals(picture.width(), png.getWidth());
        var xml = DocumentBuilderFactory.newInstance();
        xml.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        var svg = xml.newDocumentBuilder()
                .parse(picture.save(folder.resolve("a.svg")).toFile());
        assertEquals("svg", svg.getDocumentElement().getTagName());
        assertTrue(svg.getDocumentElement().getTextContent().contains("mel <1>")
                && svg.getElementsByTagName("image").getLength() > 0);
        var chart = xml.newDocumentBuilder()
                .parse(Plots.withoutVoice()
                        .curve("loss", new double[] {3, 2, 1}, CurveStyle.axes("update", "loss"))
                        .save(folder.resolve("b.svg"))
                        .toFile());
        assertTrue(
                chart.getElementsByTagName("path").getLength() > 5
                        && chart.getElementsByTagName("image").getLength() == 0,
                "lines stay lines");
        Problem wrong = assertThrows(Problem.class, () -> picture.save(folder.resolve("a.gif")));
        assertTrue(wrong.getMessage().contains(".png or .svg"), wrong.getMessage());
        assertFalse(Files.exists(folder.resolve("a.gif")));
    }

    @Test
    void withoutADisplayShowSaysWhatIsOnIt() {
        PrintStream out = System.out;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            plots.mel("demo", cross(100, 128), null).show();
        } finally {
            System.setOut(out);
        }
        assertTrue(
                said.toString(StandardCharsets.UTF_8)
                        .startsWith("demo: mel [100, 128], log10 up to 0.00, 1.16 s; there is no display"),
                said.toString(StandardCharsets.UTF_8));
    }

    @Test
    void aDifferenceIsWhiteWhereNothingDiffersAndAsksForOneSize() {
        float[][] a = cross(400, 128), b = cross(400, 128);
        a[100][5] += 1;
        BufferedImage image = plots.difference("d", a, b).image();
        assertEquals(0xf7f7f7, image.getRGB(64 + 200, 60) & 0xffffff);
        NDArray mel = held.manager().ones(new Shape(1, 400, 128));
        String remedy = assertThrows(Problem.class, () -> plots.difference("d", mel, mel.get(":, :300")))
                .getMessage();
        assertTrue(remedy.endsWith("cut the longer one: mel.get(\":, :300\")"), remedy);
    }

    @Test
    void aFilmstripHasAFrameAMelAndOneScale() {
        Map<String, NDArray> mels = new LinkedHashMap<>();
        for (int i = 0; i < 5; i++) {
            mels.put("step " + i, held.manager().ones(new Shape(1, 50, 128)).mul(i == 0 ? 1.2f : -2));
        }
        Picture strip = plots.filmstrip("x0", mels);
        assertTrue(strip.width() == 960 && strip.height() == 2 * 296 * 3 / 4, strip.width() + " x " + strip.height());
        assertTrue(strip.about().contains("step 4"));
        int second = strip.image().getRGB(328 + 64 + 40, 26 + 40) & 0xffffff;
        assertTrue(
                second != 0xfde725 && second != 0x440154,
                "the same colour map for all: " + Integer.toHexString(second));
        assertThrows(Problem.class, () -> plots.filmstrip("none", Map.of()));
    }

    @Test
    void aTensorIsALineThatCountsNaNs() {
        NDArray x = held.manager()
                .create(new float[] {1, Float.NaN, 3, Float.NaN, Float.POSITIVE_INFINITY, -2}, new Shape(2, 3));
        assertEquals(
                "[2, 3] float32, -2.000 to 3.000, mean 0.6667, deviation 2.055 █▁▁▁▁▁█▁▁█, NaN 2, infinite 1",
                Summary.of(x).toString());
        assertEquals(
                "[4] float32, 0.000 to 0.000, mean 0.000, all zero",
                Summary.of(held.manager().zeros(new Shape(4))).toString());
        String html = Html.tensor(x);
        assertTrue(html.contains("NaN 2") && html.contains("data:image/png;base64,"), html);
        assertEquals(html.contains("float32"), Display.text(x).contains("float32"));
        assertFalse(Html.tensor(held.manager().create(3f)).contains("<img"), "one value needs no picture");
        assertTrue(Summary.of(held.manager().create(new float[0])).toString().startsWith("[0] float32"));
    }

    @Test
    void wavesByNameAreOneTableOfPlayersAndArraysOneLine() {
        var waves = new LinkedHashMap<String, Wave>();
        waves.put("song", Wave.mono(new float[] {0, 0.5f, -0.25f, 0}, 44100));
        waves.put("<demo>", Wave.mono(new float[] {0, 2, 0, 0}, 44100));
        String html = HtmlParts.players(waves);
        assertEquals(4, html.split("<tr>").length, "three rows: " + html);
        assertEquals(3, html.split("<audio ").length, html);
        assertTrue(html.contains(">&lt;demo&gt;</th>") && html.indexOf("song") < html.indexOf("demo"), html);
        assertEquals(
                "song  0.00 s, 44100 Hz, peak 0.50\n<demo>  0.00 s, 44100 Hz, peak 2.00",
                new Display.Players(waves).toString());
        assertEquals("float[3], -1.000 to 2.000, mean 0.5000", Display.text(new float[] {-1, 2, 0.5f}));
        assertEquals("double[0]", Display.text(new double[0]));
    }

    @Test
    void javaArraysMapsAndListsReadAsTensorsDo() {
        assertEquals("int[3], 1.000 to 3.000, mean 2.000", Display.text(new int[] {1, 2, 3}));
        assertEquals("double[2][3]", Display.text(new double[2][3]));
        assertEquals("boolean[2]", Display.text(new boolean[2]));
        NDArray x = held.manager().ones(new Shape(2, 3));
        String line = "[2, 3] float32, 1.000 to 1.000, mean 1.000";
        assertEquals("a  " + line + "\nb  " + line, Display.text(Map.of("b", x, "a", x)));
        assertEquals("0  " + line + "\n1  " + line, Display.text(List.of(x, x)));
        assertEquals("[1, 2]", Display.text(List.of(1, 2)));
        Map<String, NDArray> many = new LinkedHashMap<>();
        for (int i = 0; i < 50; i++) {
            many.put("z" + (49 - i), x);
        }
        String html = Html.tensors("", Html.entries(many));
        assertTrue(html.indexOf("z49") < html.indexOf("z30") && html.indexOf("z30") < html.indexOf("<details>"), html);
        assertTrue(html.contains("<summary>30 more</summary>") && html.indexOf("z29") > html.indexOf("<details>"));
        assertEquals("[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, ... 128 in all]", Html.shortened(Collections.nCopies(128, 0.0)));
    }

    @Test
    void manySettingsAreALineForEachScope() {
        String text = Display.text(Hparams.defaults());
        assertTrue(text.contains("\naudio  sampleRateHz=44100, hopSamples=512, "), text);
        assertTrue(text.contains("\ntraining  lr=8.0E-4, ") && text.contains(",\n          "), text);
        assertTrue(text.lines().allMatch(l -> l.length() <= 120), text);
        assertTrue(Html.settings(Hparams.defaults()).contains("<td style=\"text-align:left\">wavenet</td>"));
    }

    /** Nothing that a cell may end with is a name and an address. */
    @Test
    void aPartOfAVoiceSaysWhatItIs() {
        Hparams h = Hparams.defaults();
        for (Object part : List.of(
                plots,
                Plots.withoutVoice(),
                NoiseSchedule.of(h.noise()),
                new Ddpm(NoiseSchedule.of(h.noise()), (like, t) -> like),
                MelRange.of(h.noise()),
                WaveNet.cost(h),
                new SourceFilter(h.audio()),
                PraatPitch.of(h.pitch()),
                WaveNet.random(held.manager(), new WaveNet.Sizes(8, 4, 4, 1, 1), 1))) {
            assertFalse(part.toString().matches("(?s).*(@[0-9a-f]{5,}|Lambda).*"), part.toString());
        }
    }

    record Inner(NDArray units, int n) {}

    record Outer(NDArray mel, Inner inner, List<String> names) {}

    @Test
    void aRecordOfTensorsIsATableWithTheInnerOnesNamed() {
        String html = Html.tensors(
                "Outer",
                Html.components(new Outer(
                        held.manager().ones(new Shape(4, 2)),
                        new Inner(held.manager().zeros(new Shape(3)), 7),
                        List.of("<a>"))));
        for (String part :
                List.of("<td>mel</td><td>[4, 2]</td>", "<td>inner.units</td><td>[3]</td>", "inner.n", "&lt;a&gt;")) {
            assertTrue(html.contains(part), part + " in " + html);
        }
    }

    @Test
    void aTableEscapesItsTextAndSaysWhereItWasCut() {
        Table table = Table.create("t", StringColumn.create("a<b"), DoubleColumn.create("x"));
        for (int i = 0; i < 300; i++) {
            table.stringColumn(0).append("<script>");
            table.doubleColumn(1).append(i / 3.0);
        }
        String html = HtmlParts.table(table);
        assertTrue(
                html.contains(">a&lt;b</th>") && !html.contains("<script>") && html.contains("200 of 300 rows"),
                html.substring(0, 300));
    }

    @Test
    void columnsOfATableBecomeCurvesAndAWrongNameIsMetWithTheRightOnes() {
        Table schedule = NoiseSchedule.linear(1000, 0.02).table();
        Picture both = plots.curves("the schedule", schedule, "t", "alpha", "sigma");
        assertEquals("chart of alpha, sigma", both.about());
        assertEquals(
                "chart of beta", plots.curves("beta", schedule, "t", "beta").about());
        assertTrue(assertThrows(Problem.class, () -> plots.curves("x", schedule, "t", "alfa"))
                .getMessage()
                .contains("need a column of numbers named alfa, got columns t, beta, alpha_bar"));
        assertTrue(assertThrows(Problem.class, () -> plots.curves("x", schedule, "t"))
                .getMessage()
                .contains("at least one column"));
        Table words = Table.create("w", StringColumn.create("word", "a"), DoubleColumn.create("n", 1));
        assertTrue(assertThrows(Problem.class, () -> plots.curves("x", words, "n", "word"))
                .getMessage()
                .contains("numbers named word, got one of type string; bars(title, table, \"word\", ...)"));
    }

    @Test
    void aMelIsDrawnWhicheverAxisHoldsItsBinsAndAnyOtherShapeIsRefused() {
        NDArray mel = held.manager().zeros(new Shape(60, 128)).sub(5);
        mel.set(new NDIndex("30:40, 100:"), 0);
        byte[] upright = plots.mel("m", mel).png();
        assertArrayEquals(upright, plots.mel("m", mel.transpose(1, 0)).png());
        assertArrayEquals(
                upright,
                plots.mel("m", mel.transpose(1, 0).reshape(1, 1, 128, 60)).png());
        assertArrayEquals(upright, plots.mel("m", mel.expandDims(0)).png());
        for (Shape shape : List.of(new Shape(60, 80), new Shape(2, 60, 128), new Shape(128), new Shape(0, 128))) {
            Problem wrong = assertThrows(
                    Problem.class, () -> plots.mel("m", held.manager().zeros(shape)), shape.toString());
            assertTrue(wrong.getMessage().startsWith("plots: need "), wrong.getMessage());
        }
        assertTrue(assertThrows(Problem.class, () -> plots.mel("m", new float[4][80]))
                .getMessage()
                .contains("128 bins, got [4][80]"));
        assertThrows(Problem.class, () -> Plots.withoutVoice().mel("m", mel));
        F0Track other = new F0Track(new float[50], new boolean[50], 512 / 44100.0);
        assertTrue(assertThrows(Problem.class, () -> plots.mel("m", mel, other))
                .getMessage()
                .contains("need an F0 of the mel's 60 frames, got 50 frames"));
    }

    @Test
    void anImageHasItsOwnRangeAndTwoColoursWhereSignsDiffer() {
        NDArray x = held.manager().arange(12f).reshape(1, 3, 4);
        BufferedImage image = plots.image("x", x, "frame", "channel").image();
        int left = 64, top = 26, height = 296 - 26 - 40;
        assertEquals(0x440154, image.getRGB(left + 2, top + height - 3) & 0xffffff, "the first value, least, below");
        assertEquals(0xfde725, image.getRGB(left + 320 - 3, top + 2) & 0xffffff, "the last value, most, above");
        BufferedImage signed = plots.image("x", x.sub(5.5)).image();
        assertEquals(0x2166ac, signed.getRGB(left + 2, top + height - 3) & 0xffffff);
        assertEquals(0xb2182b, signed.getRGB(left + 320 - 3, top + 2) & 0xffffff);
        assertThrows(Problem.class, () -> plots.image("x", x.reshape(2, 2, 3)));
    }

    @Test
    void anyRowOfNumbersIsACurve() {
        Map<String, Object> kinds = new LinkedHashMap<>();
        kinds.put("float[]", new float[] {1, 2, 4});
        kinds.put("double[]", new double[] {1, 2, 4});
        kinds.put("NDArray", held.manager().create(new float[] {1, 2, 4}).reshape(1, 3));
        kinds.put("List", List.of(1, 2L, 4.0));
        kinds.put("column", DoubleColumn.create("c", 1, 2, 4));
        for (Map.Entry<String, Object> e : kinds.entrySet()) {
            assertArrayEquals(
                    plots.curve("c", new double[] {1, 2, 4}).png(),
                    plots.curve("c", e.getValue()).png(),
                    e.getKey());
        }
        assertEquals(
                "chart of float[], double[], NDArray, List, column",
                plots.curves("all", kinds).about());
        assertEquals(
                "chart of a, b",
                plots.curves("unordered", Map.of("b", List.of(1, 2), "a", List.of(2)))
                        .about());
        assertTrue(assertThrows(
                        Problem.class, () -> plots.curve("x", held.manager().ones(new Shape(2, 3))))
                .getMessage()
                .contains("a tensor [2, 3]"));
        for (Object[] wrong : new Object[][] {
            {"words", "got String; convert it"},
            {null, "got null; check the variable"},
            {3, "got Integer; draw one number a name with bars"},
            {Map.of("a", 1), "draw several rows by name with curves"},
            {Table.create("t"), "got Table; name its columns"}
        }) {
            String said = assertThrows(Problem.class, () -> plots.curve("x", wrong[0]))
                    .getMessage();
            assertTrue(said.contains((String) wrong[1]), said);
        }
        assertThrows(Problem.class, () -> plots.curve("x", new float[] {Float.NaN}));
        assertThrows(Problem.class, () -> plots.curve("x", List.of(1, 2), List.of(1), CurveStyle.PLAIN));
    }

    @Test
    void valuesThatStandAloneAreSeen() {
        Double gap = null;
        for (List<Double> values : List.of(List.of(3.0), Arrays.asList(1.0, gap, 2.0, gap, gap, 4.0))) {
            BufferedImage image = plots.curve("valid", values).image();
            int seen = 0;
            for (int x = 80; x < image.getWidth() - 20; x++) {
                for (int y = 40; y < 250; y++) {
                    seen += (image.getRGB(x, y) & 0xffffff) == 0x1f6fb4 ? 1 : 0;
                }
            }
            assertTrue(seen >= 20, values + ": " + seen + " pixels");
        }
    }

    @Test
    void aLogarithmicAxisLeavesOutWhatIsNotAboveZeroAndAMeanIsSmoother() {
        CurveStyle log = CurveStyle.axes("update", "loss").withLogY();
        assertTrue(plots.curve("loss", List.of(1, 0, 10, 100), log).png().length > 1000);
        assertThrows(Problem.class, () -> plots.curve("loss", List.of(0, -1), log));
        double[] noisy = new double[50_000];
        for (int i = 0; i < noisy.length; i++) {
            noisy[i] = i % 2;
        }
        byte[] smooth = plots.curve("x", noisy, CurveStyle.PLAIN.smoothed(0.95)).png();
        assertFalse(Arrays.equals(plots.curve("x", noisy).png(), smooth));
        assertThrows(Problem.class, () -> CurveStyle.PLAIN.smoothed(1));
    }

    @Test
    void barsHaveNamesAndAnythingDrawnStandsSideBySide() {
        Picture bars = plots.bars("label error", "%", Map.of("ddim", 3, "ddpm", 1.5));
        Table table = Table.create("t", StringColumn.create("sampler", "a", "b"), DoubleColumn.create("s", 1, 2));
        Picture groups = plots.bars("seconds", table, "sampler", "s");
        var own = new org.knowm.xchart.XYChart(300, 200);
        own.addSeries("mine", new double[] {1, 2});
        Picture all = plots.sideBySide("all", bars, List.of(groups, own), plots.curve("c", List.of(1, 2)));
        assertTrue(all.about().contains("mine") && all.width() == 960, all.about());
        assertEquals(Color.WHITE, own.getStyler().getChartBackgroundColor(), "the workbench's style");
        assertThrows(Problem.class, () -> plots.sideBySide("x", "words"));
        assertThrows(Problem.class, () -> plots.sideBySide("x", bars, null));
        NDArray mel = held.manager().ones(new Shape(4, 128));
        assertTrue(assertThrows(Problem.class, () -> plots.sideBySide("x", mel))
                .getMessage()
                .contains("got a tensor [4, 128]; draw it first"));
        assertThrows(Problem.class, () -> plots.bars("x", table, "nobody", "s"));
    }

    @Test
    void theScheduleAsATableIsTheScheduleStepByStep() {
        NoiseSchedule noise = NoiseSchedule.linear(1000, 0.02);
        Table table = noise.table();
        assertEquals(1000, table.rowCount());
        for (int t : new int[] {0, 1, 500, 999}) {
            assertEquals(t, table.doubleColumn("t").get(t));
            assertEquals(noise.beta(t), table.doubleColumn("beta").get(t));
            double alpha = table.doubleColumn("alpha").get(t),
                    sigma = table.doubleColumn("sigma").get(t);
            assertEquals(1, alpha * alpha + sigma * sigma, 1e-12);
            assertEquals(alpha * alpha, table.doubleColumn("alpha_bar").get(t), 1e-12);
            assertEquals(Math.log(alpha / sigma), table.doubleColumn("lambda").get(t), 1e-9);
        }
    }

    @Test
    void numbersAreWrittenAsAPersonWould() {
        assertEquals("0.03", HtmlParts.number(0.03));
        assertEquals("2.35", HtmlParts.number(2.3500000001));
        assertEquals("12346", HtmlParts.number(12345.678));
        assertEquals("24500", HtmlParts.number(24500));
        assertEquals("-0.5", HtmlParts.number(-0.5));
        assertEquals("0", HtmlParts.number(0));
        assertEquals("3.265e-05", HtmlParts.number(0.00003264611783));
        assertEquals("NaN", HtmlParts.number(Double.NaN));
        assertEquals(
                "[3] int64, 1 to 300, mean 134, deviation 124.3 █▁▁█▁▁▁▁▁█",
                Summary.of(held.manager().create(new long[] {1, 101, 300}))
                        .toString()
                        .replace("134.0", "134"));
    }
}
