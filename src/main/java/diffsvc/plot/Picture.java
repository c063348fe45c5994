package diffsvc.plot;

import diffsvc.check.Problem;
import diffsvc.files.WholeFile;
import java.awt.Dimension;
import java.awt.Graphics2D;
import java.awt.GraphicsEnvironment;
import java.awt.image.BufferedImage;
import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import javax.imageio.ImageIO;
import javax.swing.ImageIcon;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.JScrollPane;
import javax.swing.SwingUtilities;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.ext.awt.image.spi.ImageWriter;
import org.apache.batik.ext.awt.image.spi.ImageWriterParams;
import org.apache.batik.ext.awt.image.spi.ImageWriterRegistry;
import org.apache.batik.svggen.SVGGraphics2D;
import org.knowm.xchart.internal.chartpart.Chart;

/**
 * Something drawn: the kernel displays it in the page, JShell prints what is on it, {@link #save} writes PNG or SVG,
 * {@link #show} opens a window.
 *
 * @param title text above it
 * @param about what is on it, in words
 * @param width pixels
 * @param height pixels
 * @param drawing draws it in any size
 */
public record Picture(String title, String about, int width, int height, Drawing drawing) {
    /** Draws into the rectangle from (0, 0) to (width, height). */
    @FunctionalInterface
    public interface Drawing {
        /** Draws in this size, pixels. */
        void draw(Graphics2D g, int width, int height);
    }

    /** Images inside an SVG are PNGs; batik's own writer for them would bring ten more libraries. */
    private static final class PngWriter implements ImageWriter {
        static {
            ImageWriterRegistry.getInstance().register(new PngWriter());
        }

        static void register() {}

        @Override
        public void writeImage(RenderedImage image, OutputStream out) throws IOException {
            ImageIO.write(image, "png", out);
        }

        @Override
        public void writeImage(RenderedImage image, OutputStream out, ImageWriterParams params) throws IOException {
            writeImage(image, out);
        }

        @Override
        public String getMIMEType() {
            return "image/png";
        }
    }

    /**
     * A chart of XChart as a picture, so that it stands beside others, saves itself and opens a window. It gets the
     * workbench's style where it still has XChart's own.
     */
    public static Picture of(Chart<?, ?> chart) {
        Charts.styled(chart);
        String series = String.join(
                ", ",
                chart.getSeriesCollection().stream()
                        .map(one -> one.getName().strip())
                        .distinct()
                        .toList());
        return new Picture(
                chart.getTitle(),
                "chart" + (series.isEmpty() ? "" : " of " + series),
                chart.getWidth(),
                chart.getHeight(),
                (g, width, height) -> chart.paint(g, width, height));
    }

    /** Its pixels, width x height. */
    public BufferedImage image() {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        drawing.draw(g, width, height);
        g.dispose();
        return image;
    }

    /** The bytes of a PNG, 8 bits per colour. */
    public byte[] png() {
        try (ByteArrayOutputStream out = new ByteArrayOutputStream()) {
            ImageIO.write(image(), "png", out);
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The text of an SVG, UTF-8: axes and lines stay lines, a mel is an image inside. */
    public byte[] svg() {
        PngWriter.register();
        SVGGraphics2D g;
        try {
            g = new SVGGraphics2D(DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .getDOMImplementation()
                    .createDocument("http://www.w3.org/2000/svg", "svg", null));
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException(e);
        }
        g.setSVGCanvasSize(new Dimension(width, height));
        drawing.draw(g, width, height);
        try (ByteArrayOutputStream out = new ByteArrayOutputStream();
                Writer text = new OutputStreamWriter(out, StandardCharsets.UTF_8)) {
            g.stream(text, true);
            text.flush();
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The path, for {@link #save}, to be checked before the work.
     *
     * @throws Problem where the name does not end in .png or .svg
     */
    public static Path named(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".png") && !name.endsWith(".svg")) {
            throw Problem.in(
                    "picture",
                    file,
                    "a name that ends in .png or .svg",
                    file.getFileName().toString(),
                    "save it as " + file.getFileName() + ".png");
        }
        return file;
    }

    /**
     * Writes a PNG or an SVG, as the name ends, whole or not at all, and returns the path.
     *
     * @throws Problem where the name ends otherwise or the folder cannot be written
     */
    public Path save(Path file) {
        boolean svg =
                named(file).getFileName().toString().toLowerCase(Locale.ROOT).endsWith(".svg");
        return WholeFile.write("picture", file, part -> Files.write(part, svg ? svg() : png()));
    }

    /** The same for a path as text. */
    public Path save(String file) {
        return save(Path.of(file));
    }

    /** Opens a window with it; without a display it prints what is on it. */
    public void show() {
        if (GraphicsEnvironment.isHeadless()) {
            System.out.println(title + ": " + about
                    + "; there is no display to open a window on, save(\"picture.png\") writes it");
            return;
        }
        SwingUtilities.invokeLater(() -> {
            JFrame frame = new JFrame(title);
            frame.setDefaultCloseOperation(JFrame.DISPOSE_ON_CLOSE);
            frame.add(new JScrollPane(new JLabel(new ImageIcon(image()))));
            frame.pack();
            frame.setLocationByPlatform(true);
            frame.setVisible(true);
        });
    }

    @Override
    public String toString() {
        return title + ": " + about + "; " + width + " x " + height
                + " pixels, save(\"x.png\") or save(\"x.svg\") writes it, show() opens a window";
    }
}
