package diffsvc.conds.crepe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import diffsvc.audio.Resampler;
import diffsvc.audio.WavReader;
import diffsvc.audio.Wave;
import diffsvc.conds.Conds2Tensor;
import diffsvc.conds.F0Track;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.ProjectPaths;
import diffsvc.testing.Golden;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** CREPE, its path, its filters and the final F0 against the reference's numbers. */
class CrepeGoldenTest {
    private static final JsonObject STAGE = Golden.stage("f0_crepe").getAsJsonObject("hparams");
    private static final int BINS =
            Golden.stage("f0_praat").getAsJsonObject("hparams").get("f0_bin").getAsInt();
    private static final Hparams.Pitch RANGE = new Hparams.Pitch(
            "crepe", STAGE.get("f0_min").getAsDouble(), STAGE.get("f0_max").getAsDouble(), BINS, false, false);

    @Test
    void randomWeights() {
        compare("\\w+_random_", Golden.FOLDER.resolve("crepe/tiny.pth"));
    }

    @Tag("conversion")
    @Test
    void theOfficialTinyWeights() {
        official("tiny");
    }

    @Tag("conversion")
    @Test
    void theOfficialFullWeights() {
        official("full");
    }

    private static void official(String size) {
        Path file = ProjectPaths.find().models().resolve("frozen/crepe_" + size + ".pth");
        assumeTrue(
                Files.exists(file),
                "the official weights " + file.getFileName() + " are not there: ./diffsvc weights takes them");
        compare(size + "_", file);
    }

    /** Every run that the set stores with these weights, named CLOCK_WEIGHTS_. */
    private static void compare(String weights, Path file) {
        try (Golden g = new Golden("f0_crepe.npz")) {
            for (MatchResult m : g.matching("(\\d+k_)" + weights + "bins")) {
                run(m.group(1), m.group().substring(0, m.group().length() - "bins".length()), file);
            }
        }
    }

    private static void run(String clock, String p, Path file) {
        boolean centred = clock.equals("24k_");
        Hparams.Audio audio = Golden.audio(centred ? "mel_24k" : "mel_44k");
        Wave wave = WavReader.read(Golden.wav("sig_" + audio.sampleRateHz()));
        int hop16 = STAGE.get("hop_16k").getAsInt();
        try (Golden g = new Golden("f0_crepe.npz");
                Crepe net = Crepe.load(g.manager(), file)) {
            CrepePitch pitch = new CrepePitch(net, RANGE, Hparams.Quirks.PYTHON);
            // the 24 kHz front end hands on a wave padded with zeros to T hops
            float[] x = !centred
                    ? wave.first()
                    : Arrays.copyOf(wave.first(), (int) g.get(p + "f0_nodither").size() * audio.hopSamples());
            float[] wave16k = Resampler.resample(x, wave.sampleRateHz(), Crepe.RATE_HZ);
            if (g.has(clock + "wav16k")) {
                g.same(clock + "wav16k", wave16k);
                wave16k = g.floats(
                        clock + "wav16k"); // what follows is fed the stored input: a quiet frame is blown up a lot
            }
            float[][] frames = Crepe.frames(wave16k, hop16);
            float[] loudness = Loudness.of(wave16k, hop16);
            if (g.has(clock + "wav16k")) {
                long[] stored = g.longs(clock + "frame_index");
                float[] some = new float[stored.length * Crepe.WINDOW];
                for (int i = 0; i < stored.length; i++) {
                    System.arraycopy(frames[(int) stored[i]], 0, some, i * Crepe.WINDOW, Crepe.WINDOW);
                }
                g.same(clock + "frames", some);
                g.same(clock + "loudness", loudness);
            }
            float[][] probabilities = net.probabilities(frames);
            for (String name : g.names()) {
                Matcher m = Pattern.compile(p + "probs(?:_every(\\d+))?").matcher(name);
                if (m.matches()) { // of some runs the set stores none
                    float[] ours = flat(probabilities, m.group(1) == null ? 1 : Integer.parseInt(m.group(1)));
                    double[] exact = IntStream.range(0, ours.length)
                            .mapToDouble(i -> ours[i])
                            .toArray();
                    g.same(name, exact, g.tolerance(name) + rounding(net));
                }
            }
            long[] range = g.longs("bin_range");
            assertEquals(range[0], pitch.binRange()[0]);
            assertEquals(range[1], pitch.binRange()[1]);
            float[] still = new float[frames.length], dither = g.floats(p + "dither_cents");
            CrepePitch.Path plain = pitch.path(probabilities, 1024, still),
                    dithered = pitch.path(probabilities, 1024, dither);
            g.sameIds(p + "bins", Arrays.stream(plain.bins()).asLongStream().toArray());
            g.same(p + "pitch_nodither", plain.f0Hz());
            g.same(p + "pitch_dither", dithered.f0Hz());
            for (MatchResult m : g.matching(p + "pitch_batch(\\d+)")) {
                g.same(
                        m.group(),
                        pitch.path(probabilities, Integer.parseInt(m.group(1)), still)
                                .f0Hz());
            }
            same(g, p + "periodicity", plain.periodicity(), net);
            float[] median = CrepePitch.median3(plain.periodicity());
            same(g, p + "periodicity_median3", median, net);
            float[] silenced = CrepePitch.silenced(median, loudness);
            same(g, p + "periodicity_silenced", silenced, net);
            float[] thresholded = CrepePitch.thresholded(dithered.f0Hz(), silenced);
            g.same(p + "thresholded", thresholded);
            g.same(p + "mean3", CrepePitch.mean3(thresholded));
            double floor = Golden.stage("f0_praat")
                    .getAsJsonObject("hparams")
                    .get("floor_" + clock.substring(0, 3))
                    .getAsDouble();
            Hparams.Pitch coarse = new Hparams.Pitch("crepe", floor, RANGE.f0MaxHz(), RANGE.f0Bins(), false, false);
            double frameSeconds = audio.hopSamples() / (double) audio.sampleRateHz();
            for (String kind : new String[] {"dither", "nodither"}) {
                int t = (int) g.get(p + "f0_" + kind).size();
                F0Track track = CrepePitch.onFrames(
                        CrepePitch.kept(kind.equals("dither") ? dithered : plain, loudness), frameSeconds, t);
                g.same(p + "f0_" + kind, track.f0Hz());
                double[] exact = new double[t];
                for (int i = 0; i < t; i++) {
                    exact[i] = track.f0Hz()[i];
                }
                g.sameIds(
                        p + "coarse_" + kind,
                        Arrays.stream(Conds2Tensor.coarse(exact, coarse))
                                .asLongStream()
                                .toArray());
            }
            int silent = (int) g.get("silence_f0").size();
            Hparams.Audio front = Golden.audio("mel_44k");
            double seconds = Double.parseDouble(g.meaning("silence_f0", "([\\d.]+) s of"));
            float[] silence = new float[(int) Math.round(seconds * front.sampleRateHz())];
            g.same(
                    "silence_f0",
                    pitch.f0(
                                    Wave.mono(new float[front.sampleRateHz() / 5], front.sampleRateHz()),
                                    front.hopSamples(),
                                    silent,
                                    1)
                            .f0Hz());
            assertEquals(frames.length, plain.bins().length);
        }
    }

    /**
     * What float32 itself loses in the classifier: the random file's biases reach thousands and its products cancel
     * them, so that even float64 differs from the stored float32 numbers by more than the tolerance. Rounding of a sum
     * of n terms as large as b: sqrt(n) 2^-24 b, times the sigmoid's slope of at most 1/4. With the official weights it
     * is below 1e-5.
     */
    private static double rounding(Crepe net) {
        double bias = net.weights().get("classifier.bias").abs().max().getFloat(),
                terms = net.weights().get("classifier.weight").getShape().get(1);
        return 0.25 * Math.sqrt(terms) * Math.pow(2, -24) * bias;
    }

    private static void same(Golden g, String name, float[] ours, Crepe net) {
        g.same(
                name,
                IntStream.range(0, ours.length).mapToDouble(i -> ours[i]).toArray(),
                g.tolerance(name) + rounding(net));
    }

    private static float[] flat(float[][] rows, int every) {
        float[] flat = new float[(rows.length + every - 1) / every * rows[0].length];
        for (int i = 0; i * every < rows.length; i++) {
            System.arraycopy(rows[i * every], 0, flat, i * rows[0].length, rows[0].length);
        }
        return flat;
    }
}
