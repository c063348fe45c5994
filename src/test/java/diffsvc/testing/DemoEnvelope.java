package diffsvc.testing;

import ai.djl.ndarray.types.Shape;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.conds.hubert.HubertSoft;
import diffsvc.dataset.Clip;
import diffsvc.dataset.Dataset;
import diffsvc.training.LabelledSpeech;
import diffsvc.voice.Voice;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Mean mel envelope of each phone: log10 mel below 7 kHz less its own mean, so that loudness does not count. The demo
 * voice's own, measured on its corpus, is a small test file; {@link #main} makes it again.
 */
public final class DemoEnvelope {
    /** Bins whose centre lies below 7 kHz with 128 bins from 40 to 16,000 Hz. */
    public static final int BINS = 98;

    private static final int FEWEST = 5;
    private static final Path FILE = Path.of("src/test/resources/demo_envelope.pt");

    private DemoEnvelope() {}

    public static float[][] of(float[][] mel, long[] labels, double melSeconds, double labelSeconds) {
        double[][] sum = new double[LabelledSpeech.PHONES.size()][BINS];
        int[] count = new int[sum.length];
        for (int t = 0; t < mel.length; t++) {
            int i = (int) ((t + 0.5) * melSeconds / labelSeconds);
            if (i < labels.length) {
                int p = (int) labels[i];
                double mean = 0;
                for (int m = 0; m < BINS; m++) {
                    mean += mel[t][m] / BINS;
                }
                for (int m = 0; m < BINS; m++) {
                    sum[p][m] += mel[t][m] - mean;
                }
                count[p]++;
            }
        }
        float[][] result = new float[sum.length][];
        for (int p = 0; p < sum.length; p++) {
            if (count[p] >= FEWEST) {
                result[p] = new float[BINS];
                for (int m = 0; m < BINS; m++) {
                    result[p][m] = (float) (sum[p][m] / count[p]);
                }
            }
        }
        return result;
    }

    public static float[][] read() {
        float[][] result = new float[LabelledSpeech.PHONES.size()][];
        ((Map<?, ?>) TorchFile.read(FILE))
                .forEach((k, v) -> result[LabelledSpeech.PHONES.indexOf((String) k)] = ((TorchTensor) v).toFloats());
        return result;
    }

    /** Measures the dataset file given as the first argument, labelled by the demo's encoder. */
    public static void main(String[] args) {
        Map<String, TorchTensor> file = new LinkedHashMap<>();
        try (Voice voice = Voice.open("demo")) {
            double[][] sum = new double[LabelledSpeech.PHONES.size()][BINS];
            int[] count = new int[sum.length];
            for (Clip clip : Dataset.open(Path.of(args[0])).training()) {
                var units = voice.manager()
                        .create(
                                clip.units().get(0).toFloats(),
                                new Shape(1, clip.units().get(0).shape()[0], clip.unitWidth()));
                long[] labels =
                        ((HubertSoft) voice.encoder()).logits(units).argMax(2).toLongArray();
                float[] mel = clip.mel().toFloats();
                float[][] rows = new float[clip.frames()][];
                for (int t = 0; t < rows.length; t++) {
                    rows[t] = Arrays.copyOfRange(mel, t * clip.melBins(), (t + 1) * clip.melBins());
                }
                float[][] one = of(rows, labels, 512 / 44100.0, 0.02);
                for (int p = 0; p < one.length; p++) {
                    for (int m = 0; one[p] != null && m < BINS; m++) {
                        sum[p][m] += one[p][m];
                    }
                    count[p] += one[p] != null ? 1 : 0;
                }
                units.close();
            }
            for (int p = 0; p < sum.length; p++) {
                if (count[p] > 0) {
                    float[] mean = new float[BINS];
                    for (int m = 0; m < BINS; m++) {
                        mean[m] = (float) (sum[p][m] / count[p]);
                    }
                    file.put(LabelledSpeech.PHONES.get(p), TorchTensor.of(mean, BINS));
                }
            }
        }
        TorchFile.write(FILE, file);
    }
}
