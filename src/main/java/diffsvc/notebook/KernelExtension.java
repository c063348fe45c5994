package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import org.dflib.jjava.jupyter.Extension;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.dflib.jjava.jupyter.kernel.display.mime.MIMEType;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import tech.tablesaw.api.Table;

/**
 * Found by the kernel on the class path: shows tensors as a line, waves as a player, pictures and charts as PNG, tables as HTML, and imports
 * what every notebook uses.
 */
public final class KernelExtension implements Extension {
    /** The imports of a notebook and of ./diffsvc jshell. */
    public static final String IMPORTS = String.join("\n", "import ai.djl.ndarray.*;", "import ai.djl.ndarray.types.*;", "import diffsvc.*;", "import diffsvc.audio.*;",
            "import diffsvc.check.*;", "import diffsvc.checkpoint.*;", "import diffsvc.conds.*;", "import diffsvc.conds.crepe.*;",
            "import diffsvc.conds.hubert.*;", "import diffsvc.conds.mel.*;", "import diffsvc.conds.pitchextractor.*;", "import diffsvc.conds.praat.*;", "import diffsvc.dataset.*;",
            "import diffsvc.diffusion.*;", "import diffsvc.diffusion.embedding.*;", "import diffsvc.diffusion.wavenet.*;",
            "import diffsvc.hparams.*;", "import diffsvc.memory.*;", "import diffsvc.models.*;", "import diffsvc.notebook.*;", "import diffsvc.random.*;", "import diffsvc.song.*;", "import diffsvc.tensor.*;", "import diffsvc.training.*;", "import diffsvc.vocoder.*;",
            "import java.nio.file.*;", "import java.util.*;", "import tech.tablesaw.api.*;");

    @Override public void install(BaseKernel kernel) {
        Renderer renderer = kernel.getRenderer();
        renderer.createRegistration(NDArray.class).preferring("text/plain").register((array, out) -> out.renderIfRequested(MIMEType.TEXT_PLAIN, () -> Summary.of(array).toString()));
        renderer.createRegistration(Wave.class).preferring("text/html").register((wave, out) -> out.renderIfRequested(MIMEType.TEXT_HTML, () -> player(wave)));
        renderer.createRegistration(Picture.class).preferring("image/png").register((picture, out) -> out.renderIfRequested(MIMEType.IMAGE_PNG, () -> base64(picture.png())));
        renderer.createRegistration(XYChart.class).preferring("image/png").register((chart, out) -> out.renderIfRequested(MIMEType.IMAGE_PNG, () -> base64(png(chart))));
        renderer.createRegistration(Table.class).preferring("text/html").register((table, out) -> out.renderIfRequested(MIMEType.TEXT_HTML, () -> table(table)));
        for (String line : IMPORTS.split("\n")) {
            kernel.evalRaw(line);
        }
    }

    /** An audio player for the page, the sound inside it. */
    static String player(Wave wave) {
        Wave fitted = WaveWriter.fitted(wave).wave();
        return "<audio controls preload=\"metadata\" src=\"data:audio/flac;base64," + base64(WaveWriter.flacBytes(fitted)) + "\"></audio><br>"
                + String.format(java.util.Locale.ROOT, "%.2f s, %d Hz, peak %.2f", wave.seconds(), wave.sampleRateHz(), wave.peak());
    }

    private static byte[] png(XYChart chart) {
        try {
            return BitmapEncoder.getBitmapBytes(chart, BitmapEncoder.BitmapFormat.PNG);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static String table(Table table) {
        StringBuilder html = new StringBuilder("<table><tr>");
        table.columnNames().forEach(name -> html.append("<th>").append(escaped(name)).append("</th>"));
        html.append("</tr>");
        for (int row = 0; row < table.rowCount(); row++) {
            html.append("<tr>");
            for (int c = 0; c < table.columnCount(); c++) {
                html.append("<td>").append(escaped(table.getString(row, c))).append("</td>");
            }
            html.append("</tr>");
        }
        return html.append("</table>").toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;");
    }
}
