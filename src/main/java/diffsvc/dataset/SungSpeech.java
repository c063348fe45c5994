package diffsvc.dataset;

import ai.djl.ndarray.NDManager;
import diffsvc.audio.Wave;
import diffsvc.conds.F0Track;
import diffsvc.conds.mel.MelFilters;
import diffsvc.conds.mel.MelSpectrogram;
import diffsvc.conds.praat.PraatPitch;
import diffsvc.hparams.Hparams;
import diffsvc.random.KeyedRandom;
import diffsvc.vocoder.SourceFilter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Makes song out of speech: stretches the mel of a recording and vocodes it with the source-filter vocoder on a random
 * sequence of notes. Phone labels stay known, so an encoder can be trained on held vowels, high notes and the vocoder's
 * own sound; a voice of which only speech exists learns to hold notes.
 */
public final class SungSpeech {
    /** Where a recording without a voiced frame is taken to lie. */
    private static final double UNVOICED_HZ = 150;

    private static final double LONGEST_STRETCH = 2,
            FARTHEST_SHIFT_OCTAVES = 0.7,
            STEP_SEMITONES = 5,
            VIBRATO_HZ = 5.5,
            VIBRATO_SEMITONES = 0.3;
    private static final int PLAIN_ONE_IN = 3;
    private static final float LOUDEST = 0.95f;
    private final Hparams.Audio audio;
    private final Hparams.Pitch pitch;
    private final MelSpectrogram front;

    /** Works at the rate and with the front end of the settings. */
    public SungSpeech(Hparams hparams) {
        audio = hparams.audio();
        pitch = hparams.pitch();
        front = new MelSpectrogram(audio, Hparams.Quirks.FIXED);
    }

    /**
     * Song made of one recording.
     *
     * @param wave one channel at the front end's rate
     * @param stretch seconds of song per second of speech, 1 to 2
     */
    public record Sung(Wave wave, double stretch) {}

    /**
     * Draws a share of n recordings.
     *
     * @param share 0 to 1
     * @param seed equal seeds give equal results
     */
    public static int[] drawn(int n, double share, long seed) {
        List<Integer> all = new ArrayList<>(IntStream.range(0, n).boxed().toList());
        Collections.shuffle(all, new Random(KeyedRandom.mix(seed, "drawn", 0)));
        return all.subList(0, (int) Math.round(share * n)).stream()
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
    }

    /**
     * Makes song of a recording. Seed and number fix notes and duration; one recording in three keeps its own F0 and
     * duration and only passes through the vocoder.
     *
     * @param manager owner of temporary arrays
     * @param speech one channel, any rate
     * @param seed equal seeds give equal results
     */
    public Sung sing(NDManager manager, Wave speech, long seed, long number) {
        SplittableRandom random = new SplittableRandom(KeyedRandom.mix(seed, "sung", number));
        float[] signal = front.signal(speech), mel = front.of(manager, signal).toFloatArray();
        int bins = audio.melBins(), frames = mel.length / bins;
        F0Track track = PraatPitch.of(pitch).f0(Wave.mono(signal, audio.sampleRateHz()), audio.hopSamples(), frames, 0);
        boolean plain = random.nextInt(PLAIN_ONE_IN) == 0;
        int longer = plain ? frames : (int) (frames * (1 + random.nextDouble() * (LONGEST_STRETCH - 1)));
        double stretch = longer / (double) frames,
                own = track.medianHz() > 0 ? track.medianHz() : UNVOICED_HZ,
                seconds = audio.hopSeconds();
        double home = own * Math.pow(2, FARTHEST_SHIFT_OCTAVES * (2 * random.nextDouble() - 1)), note = home, until = 0;
        float[] stretched = new float[longer * bins], f0 = new float[longer];
        boolean[] voiced = new boolean[longer];
        for (int t = 0; t < longer; t++) {
            double at = Math.min(frames - 1, t / stretch);
            int a = (int) at, b = Math.min(frames - 1, a + 1);
            for (int k = 0; k < bins; k++) {
                stretched[t * bins + k] =
                        (float) (mel[a * bins + k] + (at - a) * (mel[b * bins + k] - mel[a * bins + k]));
            }
            voiced[t] = track.voiced()[a];
            if (t * seconds >= until) {
                note = home * Math.pow(2, (random.nextDouble() * 2 - 1) * STEP_SEMITONES / 12);
                until = t * seconds + 0.2 + 0.6 * random.nextDouble();
            }
            double vibrato = Math.pow(2, VIBRATO_SEMITONES / 12 * Math.sin(2 * Math.PI * VIBRATO_HZ * t * seconds));
            f0[t] = (float)
                    (plain ? track.f0Hz()[a] : Math.max(pitch.f0MinHz(), Math.min(pitch.f0MaxHz(), note * vibrato)));
        }
        if (!plain) {
            flatten(stretched, bins, own);
        }
        float[] wave = new SourceFilter(audio)
                .synthesize(manager, stretched, f0, voiced, longer * audio.hopSamples(), random.nextLong());
        float gain = Math.min(
                1, LOUDEST / Math.max(Wave.mono(wave, audio.sampleRateHz()).peak(), LOUDEST));
        for (int i = 0; i < wave.length; i++) {
            wave[i] *= gain;
        }
        return new Sung(Wave.mono(wave, audio.sampleRateHz()), stretch);
    }

    /**
     * Removes the old harmonics from the envelope: each bin becomes the mean over the band of one old harmonic, so that
     * no valleys remain under a new note.
     */
    private void flatten(float[] mel, int bins, double f0Hz) {
        double[] edges = MelFilters.edges(bins, audio.fminHz(), audio.fmaxHz()), level = new double[bins];
        for (int row = 0; row < mel.length; row += bins) {
            for (int k = 0; k < bins; k++) {
                level[k] = Math.pow(10, mel[row + k]);
            }
            for (int k = 0; k < bins; k++) {
                double centre = edges[k + 1], sum = 0;
                int low = k, high = k;
                while (low > 0 && centre - edges[low] <= f0Hz / 2) {
                    low--;
                }
                while (high < bins - 1 && edges[high + 2] - centre <= f0Hz / 2) {
                    high++;
                }
                for (int j = low; j <= high; j++) {
                    sum += level[j];
                }
                mel[row + k] = (float) Math.log10(sum / (high - low + 1));
            }
        }
    }
}
