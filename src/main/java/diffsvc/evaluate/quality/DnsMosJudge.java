package diffsvc.evaluate.quality;

import diffsvc.evaluate.Better;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.JudgeFile;
import diffsvc.evaluate.Measure;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.EngineLock;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * DNSMOS: what listeners would say of the signal, of the background and of both, learned from their ratings of speech
 * behind noise suppressors (arXiv:2110.01763). It never heard singing.
 *
 * <p>Windows of 9.01 s, one each second, and the mean over them, as the Python package speechmos does it: a shorter
 * sound is repeated until it fills a window. The package refuses samples beyond full scale; here they are clipped, as a
 * player would. A window without sound (peak below -80 dB of full scale) is left out; the package scores it.
 */
public final class DnsMosJudge implements Judge {
    /** Its figures. */
    public static final List<Measure> MEASURES = List.of(
            measure("dnsmos-sig", "quality of the voice itself by DNSMOS P.835"),
            measure("dnsmos-bak", "freedom from background noise by DNSMOS P.835"),
            measure("dnsmos-ovr", "overall quality by DNSMOS P.835"),
            measure("dnsmos-p808", "overall quality by DNSMOS P.808"));
    /** Its files. */
    public static final List<JudgeFile> WEIGHTS = List.of(
            new JudgeFile(
                    "judges/dnsmos_sig_bak_ovr.onnx",
                    "269fbebdb513aa23cddfbb593542ecc540284a91849ac50516870e1ac78f6edd",
                    1_157_965,
                    "MIT",
                    "speechmos 0.0.1.1"),
            new JudgeFile(
                    "judges/dnsmos_p808.onnx",
                    "9246480c58567bc6affd4200938e77eef49468c8bc7ed3776d109c07456f6e91",
                    224_860,
                    "MIT",
                    "speechmos 0.0.1.1"));

    private static final double WINDOW_SECONDS = 9.01;

    private final Network network;

    /** Scores of one window, 1 to 5. */
    record Scores(double signal, double background, double overall, double p808) {
        double[] asArray() {
            return new double[] {signal, background, overall, p808};
        }
    }

    /** What scores one window of {@link DnsMos#WINDOW} samples in [-1, 1]. */
    interface Network extends AutoCloseable {
        Scores of(float[] window);

        @Override
        void close();
    }

    DnsMosJudge(Network network) {
        this.network = network;
    }

    private static Measure measure(String name, String what) {
        return new Measure(
                name,
                "MOS",
                Better.HIGHER,
                2,
                what + ", learned from ratings of speech: compare outputs of one song, and trust no single number");
    }

    /**
     * Why it does not run although its files are there: ONNX Runtime's jar comes apart.
     *
     * @return a phrase with its remedy; empty when the jar is on the class path
     */
    public static String missing() {
        try {
            Class.forName("ai.onnxruntime.OrtEnvironment", false, DnsMosJudge.class.getClassLoader());
            return "";
        } catch (ClassNotFoundException e) {
            return "ONNX Runtime is not on the class path: ./diffsvc weights judges fetches its jar to models/judges/";
        }
    }

    /**
     * Opens its files.
     *
     * @throws diffsvc.check.Problem when ONNX Runtime does not run here or a file is damaged
     */
    public static DnsMosJudge open(ProjectPaths paths) {
        return new DnsMosJudge(
                new DnsMos(WEIGHTS.get(0).at(paths), WEIGHTS.get(1).at(paths)));
    }

    @Override
    public List<Figure> judge(Subject subject) {
        double[] mean = mean(subject.output());
        return IntStream.range(0, mean.length)
                .mapToObj(i -> new Figure(MEASURES.get(i), mean[i]))
                .toList();
    }

    private double[] mean(Sound sound) {
        double[] sum = new double[MEASURES.size()];
        if (!Scorable.is(sound)) {
            Arrays.fill(sum, Double.NaN);
            return sum;
        }
        float[] x = sound.at16kHz();
        int[] starts = starts(x.length);
        int scored = 0;
        try (EngineLock lock = EngineLock.take("evaluate")) {
            for (int i = 0; i < starts.length; i++) {
                EngineLock.check("evaluate", i, starts.length, "windows");
                float[] window = window(x, starts[i]);
                if (Scorable.isSound(window)) {
                    scored++;
                    double[] scores = network.of(window).asArray();
                    for (int k = 0; k < sum.length; k++) {
                        sum[k] += scores[k];
                    }
                }
            }
        }
        for (int k = 0; k < sum.length; k++) {
            sum[k] /= scored; // NaN where no window has sound
        }
        return sum;
    }

    /**
     * First samples of the windows of N samples at 16 kHz; the last ones lie beyond N where the sound is repeated. In
     * the package the end of a window is the whole part of (second + 9.01) 16000 in floating point, and a window that
     * lacks a sample by that is left out: those from 7 to 23 s, and a few later ones. The figures are to be the
     * package's, so they are left out here.
     */
    static int[] starts(int samples) {
        long length = samples;
        while (length < DnsMos.WINDOW) {
            length *= 2;
        }
        int windows = (int) (length / Sound.RATE_HZ - WINDOW_SECONDS) + 1;
        return IntStream.range(0, windows)
                .filter(i -> (int) ((i + WINDOW_SECONDS) * Sound.RATE_HZ) - i * Sound.RATE_HZ >= DnsMos.WINDOW)
                .map(i -> i * Sound.RATE_HZ)
                .toArray();
    }

    /** One window of a sound that is repeated, within full scale. */
    private static float[] window(float[] x, int start) {
        float[] window = new float[DnsMos.WINDOW];
        for (int i = 0; i < window.length; i++) {
            window[i] = Math.max(-1, Math.min(1, x[(start + i) % x.length]));
        }
        return window;
    }

    @Override
    public void close() {
        network.close();
    }
}
