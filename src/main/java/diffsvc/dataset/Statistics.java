package diffsvc.dataset;

import diffsvc.conds.VocalRange;
import diffsvc.hparams.Hparams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What the hparams of a voice keep of its training clips: the range of each mel bin and the distribution of F0. */
final class Statistics {
    private Statistics() {}

    /** Smallest and largest mel of each bin, which the model maps to -1 and 1. */
    static List<List<Double>> melRange(List<Clip> clips) {
        int bins = clips.get(0).melBins();
        double[] min = new double[bins], max = new double[bins];
        Arrays.fill(min, Double.POSITIVE_INFINITY);
        Arrays.fill(max, Double.NEGATIVE_INFINITY);
        for (Clip c : clips) {
            float[] mel = c.mel().toFloats();
            for (int i = 0; i < mel.length; i++) {
                min[i % bins] = Math.min(min[i % bins], mel[i]);
                max[i % bins] = Math.max(max[i % bins], mel[i]);
            }
        }
        List<Double> low = new ArrayList<>(), high = new ArrayList<>();
        for (int m = 0; m < bins; m++) {
            low.add(min[m]);
            high.add(Math.max(max[m], min[m] + 1e-3));
        }
        return List.of(low, high);
    }

    /** Median, 5th and 95th percentile of F0, and the share of the voiced frames in each semitone. */
    static Hparams.Range pitchRange(List<Clip> clips, Hparams.Pitch pitch) {
        float[] voiced = voicedHz(clips.stream().map(c -> c.f0Hz().toFloats()).toList());
        double low = pitch.f0MinHz();
        double[] counts = new double[(int) Math.ceil(VocalRange.semitones(pitch.f0MaxHz(), low))];
        for (float f : voiced) {
            counts[(int) Math.max(0, Math.min(counts.length - 1, Math.floor(VocalRange.semitones(f, low))))]++;
        }
        List<Double> shares = new ArrayList<>();
        for (double c : counts) {
            shares.add(Math.round(c / voiced.length * 1e6) / 1e6);
        }
        return new Hparams.Range(percentile(voiced, 0.5), percentile(voiced, 0.05), percentile(voiced, 0.95), shares);
    }

    /** F0 of the voiced frames of all tracks, in rising order. */
    static float[] voicedHz(List<float[]> tracks) {
        float[] voiced = new float[tracks.stream().mapToInt(t -> t.length).sum()];
        int n = 0;
        for (float[] track : tracks) {
            for (float f : track) {
                if (f > 0) {
                    voiced[n++] = f;
                }
            }
        }
        voiced = Arrays.copyOf(voiced, n);
        Arrays.sort(voiced);
        return voiced;
    }

    /** The value below which {@code share} of the sorted values lie; 0 where there are none. */
    static double percentile(float[] sorted, double share) {
        return sorted.length == 0 ? 0 : sorted[(int) Math.min(sorted.length - 1, share * sorted.length)];
    }
}
