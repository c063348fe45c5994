package diffsvc.inside;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import diffsvc.audio.Wave;
import diffsvc.audio.WaveWriter;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.conds.F0Metrics;
import diffsvc.conds.F0Track;
import diffsvc.conds.mel.MelFilters;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.plot.HtmlParts;
import diffsvc.plot.Page;
import diffsvc.progress.Progress;
import diffsvc.voice.Compare;
import diffsvc.voice.Conversion;
import diffsvc.voice.Tapped;
import diffsvc.voice.Voice;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.DeflaterOutputStream;

/**
 * The sampling of one or two conversions as a page to move through: a slider over the sampler's steps, x and the guess
 * x0 as spectrograms with their F0, the spectrum at a cursor, curves over the steps, and a player for each step.
 * Everything is inside the page, which needs neither kernel nor network.
 *
 * <pre>{@code
 * Explorer.of(c, c.patch("wavenet.block3.skip", x -> x.mul(0))).save("explore.html");
 * }</pre>
 */
public final class Explorer {
    private static final String PROGRAM = "diffsvc explorer", DATA = "/*DATA*/";
    private static final int MOST_RUNS = 2, MOST_STEPS = 12;
    private static final double MOST_SECONDS = 20;
    /** What a spectrogram's 256 shades span, log10; x is noisier than any mel. */
    private static final double LOW = -6, HIGH = 2;

    private final Map<String, Conversion> conversions;
    private final int steps;
    private final boolean sound;
    private String html;

    /** What the page gets; the names are those of its script. */
    private record Data(double low, double high, double frameSeconds, double[] centresHz, List<Run> runs) {}

    private record Run(String name, int frames, float[] askedHz, List<Step> steps) {}

    /**
     * A step that is shown.
     *
     * @param x deflated and in base64, [T][M], a byte each
     * @param error null where the mel shows no F0
     */
    private record Step(
            int index,
            String name,
            String label,
            String x,
            String x0,
            float[] f0Hz,
            double distance,
            double noise,
            Double error,
            String flac) {}

    private Explorer(Map<String, Conversion> conversions, int steps, boolean sound) {
        this.conversions = conversions;
        this.steps = steps;
        this.sound = sound;
    }

    /** One conversion, or two side by side: samplers, voices, seeds, patched and not. */
    public static Explorer of(Conversion... conversions) {
        Map<String, Conversion> named = new LinkedHashMap<>();
        for (Conversion c : conversions) {
            named.put(named.isEmpty() ? "first" : "second" + (named.size() > 1 ? named.size() : ""), c);
        }
        return of(named);
    }

    /**
     * The same with names.
     *
     * @throws Problem for none or more than two, a silent song, or one beyond 20 s
     */
    public static Explorer of(Map<String, Conversion> conversions) {
        if (conversions.isEmpty() || conversions.size() > MOST_RUNS) {
            throw Problem.in(
                    "explorer", "one or two conversions", String.valueOf(conversions.size()), "leave some out");
        }
        conversions.forEach((name, c) -> {
            if (c.silent() || c.song().seconds() > MOST_SECONDS) {
                throw Problem.in(
                        "explorer",
                        "a song with sound, up to " + (int) MOST_SECONDS + " s",
                        name + ": "
                                + (c.silent()
                                        ? "silence"
                                        : String.format(
                                                Locale.ROOT, "%.1f s", c.song().seconds())),
                        "convert a slice of it: song.slice(0, 6)");
            }
        });
        return new Explorer(new LinkedHashMap<>(conversions), MOST_STEPS, true);
    }

    /**
     * Another number of steps to show, evenly spread; the first, the last and the end are among them.
     *
     * @param most 2 to 100
     */
    public Explorer steps(int most) {
        Bound.whole("explorer", "steps", most, 2, 100);
        return new Explorer(conversions, most, sound);
    }

    /** Without players: a small page, made in a moment. */
    public Explorer withoutSound() {
        return new Explorer(conversions, steps, false);
    }

    /** The whole page; made when first asked for. */
    public String html() {
        return html(Progress.NONE);
    }

    /**
     * The same with a bar.
     *
     * @param progress {@code at("exploring", ...)} after each step that is shown
     */
    public synchronized String html(Progress progress) {
        if (html == null) {
            Voice voice = conversions.values().iterator().next().voice();
            Hparams.Audio audio = voice.hparams().audio();
            double[] edges = MelFilters.edges(audio.melBins(), audio.fminHz(), audio.fmaxHz());
            List<Run> runs = new ArrayList<>();
            conversions.forEach((name, c) -> runs.add(run(name, c, progress)));
            Gson gson = new GsonBuilder().serializeNulls().create();
            String data = gson.toJson(new Data(
                    LOW,
                    HIGH,
                    audio.hopSeconds(),
                    Arrays.stream(edges, 1, audio.melBins() + 1)
                            .map(hz -> Math.round(hz * 10) / 10.0)
                            .toArray(),
                    runs));
            html = template().replace(DATA, data.replace("<", "\\u003c"));
        }
        return html;
    }

    private Run run(String name, Conversion c, Progress progress) {
        Voice voice = c.voice();
        MelPitch pitch = new MelPitch(voice.hparams().audio());
        float[] asked = c.condition().f0Denorm().toFloatArray();
        for (int t = 0; t < asked.length; t++) {
            asked[t] = c.f0().voiced()[t] ? Math.round(asked[t] * 10) / 10f : 0;
        }
        double[] times = voice.times();
        int all = times.length - 1;
        List<Step> shown = new ArrayList<>();
        try (Tapped kept = c.tap("sampler.*");
                NDManager scratch = voice.manager().newSubManager()) {
            for (int i = 0; i < Math.min(all, steps); i++) {
                int step = all <= steps ? i : (int) Math.round(i * (all - 1.0) / (steps - 1));
                NDArray x0 = mel(voice, scratch, kept.at("sampler.x0", step)),
                        x = mel(voice, scratch, kept.at("sampler.x", step));
                shown.add(step(
                        c,
                        pitch,
                        asked,
                        step,
                        String.valueOf(step),
                        String.format(Locale.ROOT, "step %d of %d, t = %.0f", step, all, times[step]),
                        x,
                        x0,
                        voice.schedule().sigmaBetween(times[step]) * rootMeanSquare(kept.at("sampler.eps", step))));
                progress.at("exploring", i + 1, Math.min(all, steps) + 1);
            }
            shown.add(
                    step(c, pitch, asked, all, "end", "the end, after " + all + " steps", c.sampled(), c.sampled(), 0));
            progress.at("exploring", Math.min(all, steps) + 1, Math.min(all, steps) + 1);
        }
        return new Run(name, asked.length, asked, shown);
    }

    private Step step(
            Conversion c,
            MelPitch pitch,
            float[] asked,
            int index,
            String name,
            String label,
            NDArray x,
            NDArray x0,
            double noise) {
        F0Track f0 = pitch.near(x0, asked);
        float[] f0Hz = f0.f0Hz();
        double error = F0Metrics.of(F0Track.of(asked, f0.frameSeconds()), f0).medianCents();
        return new Step(
                index,
                name,
                label,
                shades(x),
                shades(x0),
                rounded(f0Hz),
                round(Compare.apart(x0, c.sampled())),
                round(noise),
                Double.isInfinite(error) ? null : round(error),
                sound ? flac(c, x0) : null);
    }

    private static NDArray mel(Voice voice, NDManager scratch, NDArray x) {
        NDArray mel = voice.range().denorm(x);
        mel.attach(scratch);
        return mel;
    }

    private static double rootMeanSquare(NDArray x) {
        double sum = 0;
        float[] all = x.toFloatArray();
        for (float v : all) {
            sum += v * v;
        }
        return Math.sqrt(sum / all.length);
    }

    private static String flac(Conversion c, NDArray mel) {
        Wave wave = c.voice()
                .vocode(
                        mel,
                        c.vocoderF0(),
                        c.f0().voiced(),
                        c.voice().samples(c.song()),
                        c.voice().hparams().infer().seed());
        return HtmlParts.base64(WaveWriter.flacBytes(WaveWriter.fitted(wave).wave()));
    }

    private static String shades(NDArray mel) {
        float[] all = mel.toFloatArray();
        byte[] shades = new byte[all.length];
        for (int i = 0; i < all.length; i++) {
            shades[i] = (byte) Math.round(255 * Math.max(0, Math.min(1, (all[i] - LOW) / (HIGH - LOW))));
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflated = new DeflaterOutputStream(out)) {
            deflated.write(shades);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail so
        }
        return HtmlParts.base64(out.toByteArray());
    }

    private static float[] rounded(float[] hz) {
        float[] rounded = new float[hz.length];
        for (int t = 0; t < hz.length; t++) {
            rounded[t] = Math.round(hz[t] * 10) / 10f;
        }
        return rounded;
    }

    private static double round(double v) {
        return Math.round(v * 1e4) / 1e4;
    }

    private static String template() {
        try (InputStream in = Explorer.class.getResourceAsStream("/diffsvc/inside/explorer.html")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // part of this program
        }
    }

    /**
     * Writes the page, whole or not at all, and returns its path.
     *
     * @param file a relative path starts at the project's folder; an explorer's page is replaced, anything else is not
     * @throws Problem when another file lies there
     */
    public Path save(String file) {
        return save(ProjectPaths.find().resolve(file));
    }

    /** The same for a path. */
    public Path save(Path file) {
        if (Files.exists(file) && !Page.isBy(PROGRAM, file)) {
            throw Problem.in(
                    "explorer", file, "a new file, or a page of the explorer", "another file", "take another name");
        }
        return WholeFile.write("explorer", file, part -> Files.writeString(part, html()));
    }

    @Override
    public String toString() {
        return "explorer of " + String.join(" and ", conversions.keySet()) + "; save(\"explore.html\") writes the page";
    }
}
