package diffsvc.notebook;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import diffsvc.conds.mel.FrontEnd;
import diffsvc.conds.mel.MelFilters;
import diffsvc.hparams.Hparams;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws mels with seconds and Hz on the axes, F0 over them, waves and losses. Every call returns what it drew. */
public final class Plots {
    private static final int LEFT = 64, BOTTOM = 40, TOP = 26, RIGHT = 14, HEIGHT = 230, LOWEST = -5;
    /** Anchors of viridis, a map of even perceived steps (van der Walt and Smith, 2015). */
    private static final int[] VIRIDIS = {0x440154, 0x482878, 0x3e4a89, 0x31688e, 0x26828e, 0x1f9e89, 0x35b779, 0x6dcd59, 0xb4de2c, 0xfde725};
    private static final double[] HZ_TICKS = {100, 200, 500, 1000, 2000, 4000, 8000, 16000};
    private final Hparams.Audio audio;

    private Plots(Hparams.Audio audio) {
        this.audio = audio;
    }

    /** Plots for mels of this front end. */
    public static Plots of(Hparams.Audio audio) {
        return new Plots(audio);
    }

    /** A mel [T, M] or [1, T, M], log10. */
    public Picture mel(String title, NDArray mel) {
        return mel(title, mel, null);
    }

    /** A mel with the melody drawn over it. */
    public Picture mel(String title, NDArray mel, F0Track melody) {
        return mel(title, FrontEnd.rows(mel), melody);
    }

    /** A mel [T][M] with the melody drawn over it, or null. */
    public Picture mel(String title, float[][] mel, F0Track melody) {
        int width = Math.max(320, Math.min(900, mel.length));
        BufferedImage image = new BufferedImage(LEFT + width + RIGHT, TOP + HEIGHT + BOTTOM, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet(image, title);
        double top = 0;
        for (float[] row : mel) {
            for (float v : row) {
                top = Math.max(top, v);
            }
        }
        int bins = mel[0].length;
        for (int x = 0; x < width; x++) {
            float[] row = mel[x * mel.length / width];
            for (int y = 0; y < HEIGHT; y++) {
                image.setRGB(LEFT + x, TOP + HEIGHT - 1 - y, colour((row[y * bins / HEIGHT] - LOWEST) / (Math.max(top, 0) - LOWEST)));
            }
        }
        if (melody != null) {
            g.setColor(new Color(0xff5050));
            g.setStroke(new BasicStroke(1.8f));
            for (int x = 1; x < width; x++) {
                int a = (x - 1) * melody.frames() / width, b = x * melody.frames() / width;
                if (melody.voiced()[a] && melody.voiced()[b]) {
                    g.drawLine(LEFT + x - 1, yOf(melody.f0Hz()[a]), LEFT + x, yOf(melody.f0Hz()[b]));
                }
            }
        }
        axes(g, width, mel.length * audio.hopSamples() / (double) audio.sampleRateHz());
        g.dispose();
        return new Picture(title, image);
    }

    /** Several pictures side by side, a film strip. */
    public static Picture strip(String title, List<Picture> pictures) {
        int width = 0, height = 0;
        for (Picture p : pictures) {
            width += p.image().getWidth();
            height = Math.max(height, p.image().getHeight());
        }
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        int x = 0;
        for (Picture p : pictures) {
            g.drawImage(p.image(), x, 0, null);
            x += p.image().getWidth();
        }
        g.dispose();
        return new Picture(title, image);
    }

    /** A wave's outline against seconds. */
    public static Picture wave(String title, Wave wave) {
        int width = 900, height = 120;
        BufferedImage image = new BufferedImage(LEFT + width + RIGHT, TOP + height + BOTTOM, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = sheet(image, title);
        g.setColor(new Color(VIRIDIS[3]));
        float[] x = wave.first();
        for (int i = 0; i < width; i++) {
            float low = 0, high = 0;
            for (int n = (int) ((long) i * x.length / width); n < (long) (i + 1) * x.length / width; n++) {
                low = Math.min(low, x[n]);
                high = Math.max(high, x[n]);
            }
            g.drawLine(LEFT + i, TOP + (int) (height / 2.0 * (1 - high)), LEFT + i, TOP + (int) (height / 2.0 * (1 - low)));
        }
        seconds(g, width, height, wave.seconds());
        g.dispose();
        return new Picture(title, image);
    }

    /** Numbers against steps; the kernel shows the chart as a picture. */
    public static XYChart curve(String title, String xName, String yName, List<? extends Number> x, List<? extends Number> y) {
        XYChart chart = new XYChartBuilder().width(760).height(300).title(title).xAxisTitle(xName).yAxisTitle(yName).build();
        chart.getStyler().setLegendVisible(false).setChartBackgroundColor(Color.WHITE);
        chart.getStyler().setXAxisTickMarkSpacingHint(90);
        chart.addSeries(yName, x, y).setMarker(SeriesMarkers.NONE);
        return chart;
    }

    /** A song's notes against the training's: the share of voiced frames in each semitone, in percent; the song's key shift is in it. */
    public static XYChart range(VocalRange range) {
        XYChart chart = new XYChartBuilder().width(760).height(300).title(String.format(Locale.ROOT, "%.0f %% of the song outside the training", 100 * range.outside()))
                .xAxisTitle("Hz").yAxisTitle("% of voiced frames").build();
        chart.getStyler().setXAxisLogarithmic(true).setChartBackgroundColor(Color.WHITE);
        List<Double> hz = new ArrayList<>(), trained = new ArrayList<>(), song = new ArrayList<>();
        for (int i = 0; i < range.trained().size(); i++) {
            hz.add(range.firstHz() * Math.pow(2, i / 12.0));
            trained.add(100 * range.trained().get(i));
            song.add(100 * range.song().get(i));
        }
        chart.addSeries("training", hz, trained).setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.StepArea).setMarker(SeriesMarkers.NONE);
        chart.addSeries("song", hz, song).setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Step).setMarker(SeriesMarkers.NONE);
        return chart;
    }

    private static Graphics2D sheet(BufferedImage image, String title) {
        Graphics2D g = image.createGraphics();
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setColor(Color.WHITE);
        g.fillRect(0, 0, image.getWidth(), image.getHeight());
        g.setColor(Color.BLACK);
        g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, 13));
        g.drawString(title, LEFT, 17);
        g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 11));
        return g;
    }

    private int yOf(double hz) {
        double low = MelFilters.mel(audio.fminHz()), high = MelFilters.mel(audio.fmaxHz());
        return TOP + (int) Math.round(HEIGHT * (1 - (MelFilters.mel(hz) - low) / (high - low)));
    }

    private void axes(Graphics2D g, int width, double seconds) {
        g.setColor(Color.BLACK);
        int below = Integer.MAX_VALUE;
        for (double hz : HZ_TICKS) {
            int y = yOf(hz);
            if (hz >= audio.fminHz() && hz <= audio.fmaxHz() && below - y >= 12) {   // room for the text
                below = y;
                g.drawLine(LEFT - 4, y, LEFT - 1, y);
                String text = hz < 1000 ? String.format(Locale.ROOT, "%.0f Hz", hz) : String.format(Locale.ROOT, "%.0f kHz", hz / 1000);
                g.drawString(text, LEFT - 8 - g.getFontMetrics().stringWidth(text), y + 4);
            }
        }
        seconds(g, width, HEIGHT, seconds);
    }

    private static void seconds(Graphics2D g, int width, int height, double seconds) {
        g.setColor(Color.BLACK);
        double step = seconds > 20 ? 5 : seconds > 8 ? 2 : seconds > 4 ? 1 : seconds > 1.5 ? 0.5 : 0.2;
        for (int i = 0; i * step <= seconds; i++) {
            int x = LEFT + (int) Math.round(i * step / seconds * width);
            g.drawLine(x, TOP + height, x, TOP + height + 4);
            String text = String.format(Locale.ROOT, step < 1 ? "%.1f s" : "%.0f s", i * step);
            g.drawString(text, x - g.getFontMetrics().stringWidth(text) / 2, TOP + height + 18);
        }
    }

    private static int colour(double share) {
        double place = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1);
        int low = Math.min(VIRIDIS.length - 2, (int) place);
        double part = place - low;
        int rgb = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int a = VIRIDIS[low] >> shift & 255, b = VIRIDIS[low + 1] >> shift & 255;
            rgb |= (int) Math.round(a + part * (b - a)) << shift;
        }
        return rgb;
    }
}
