package diffsvc.dataset;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import diffsvc.conds.Conds2Tensor;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a batch holds follows from seed and number alone, and an epoch of whole clips visits each once. */
class BatchesTest {
    private static final int BINS = 4, WIDTH = 3;
    private static final Hparams
            CROPS =
                    Arg2Hparams.apply(
                            Hparams.defaults(),
                            "audio.mel_bins=4,embedding.hidden_size=3,training.batch=5,training.crop_frames=40"),
            WHOLE = Arg2Hparams.apply(CROPS, "training.crop_frames=0,training.batch=3");

    /** Clip c has c in its mel's first bin, the frame in its second, and the unit's number in its units. */
    private static List<Clip> clips(int... frames) {
        List<Clip> clips = new ArrayList<>();
        for (int c = 0; c < frames.length; c++) {
            int t = frames[c], p = t * 50 / 86 + 1;
            float[] mel = new float[t * BINS], units = new float[p * WIDTH], f0 = new float[t];
            for (int i = 0; i < t; i++) {
                mel[i * BINS] = c / 8f - 4;
                mel[i * BINS + 1] = i / 256f;
                f0[i] = 100 + i % 100;
            }
            for (int i = 0; i < p; i++) {
                units[i * WIDTH] = i;
            }
            clips.add(Clip.of("clip" + c, mel, BINS, List.of(units), WIDTH, f0));
        }
        return clips;
    }

    @Test
    void anEpochVisitsEachClipOnceInBatchesOfLikeLengths() {
        int[] frames = new Random(2).ints(20, 30, 900).toArray();
        try (NDManager m = NDManager.newBaseManager()) {
            Batches batches = new Batches(clips(frames), WHOLE, 100);
            List<List<String>> orders = new ArrayList<>();
            for (int epoch = 0; epoch < 3; epoch++) {
                List<String> seen = new ArrayList<>();
                int padding = 0, all = 0;
                for (int b = 0; b < 7; b++) {
                    Batch batch = batches.batch(m, 9, epoch * 7L + b);
                    seen.addAll(batch.clips());
                    for (String clip : batch.clips()) {
                        padding += batch.frames() - frames[Integer.parseInt(clip.substring(4))];
                        all += batch.frames();
                    }
                }
                assertEquals(20, new HashSet<>(seen).size());
                assertEquals(20, seen.size());
                assertTrue(padding < 0.25 * all, padding + " of " + all + " frames are padding");
                orders.add(seen);
            }
            assertNotEquals(orders.get(0), orders.get(1));
            assertNotEquals(orders.get(1), orders.get(2));
        }
    }

    @Test
    void anyBatchCanBeAskedForAtAnyTime() {
        for (Hparams h : List.of(CROPS, WHOLE)) {
            try (NDManager m = NDManager.newBaseManager()) {
                List<Clip> clips = clips(50, 300, 45, 120, 80, 200, 61);
                List<Integer> order = new ArrayList<>(List.of(0, 1, 2, 3, 4, 5, 6, 7, 8));
                Batches there = new Batches(clips, h, 100);
                List<Batch> first =
                        order.stream().map(i -> there.batch(m, 4, i)).toList();
                Collections.shuffle(order, new Random(3));
                Batches again = new Batches(clips, h, 100);
                for (int i : order) {
                    Batch b = again.batch(m, 4, i);
                    assertEquals(first.get(i).clips(), b.clips());
                    assertArrayEquals(
                            first.get(i).mels().toFloatArray(), b.mels().toFloatArray());
                    assertArrayEquals(
                            first.get(i).noise().toFloatArray(), b.noise().toFloatArray());
                    assertArrayEquals(first.get(i).t().toLongArray(), b.t().toLongArray());
                }
                assertNotEquals(
                        first.get(0).noise().getFloat(0, 0, 0, 0),
                        first.get(1).noise().getFloat(0, 0, 0, 0));
                assertNotEquals(
                        first.get(0).noise().getFloat(0, 0, 0, 0),
                        there.batch(m, 5, 0).noise().getFloat(0, 0, 0, 0),
                        "another seed");
            }
        }
    }

    /** Of the mel as it is trained on, with the random change of its level. */
    @Test
    void theEnergyIsThatOfTheBatchesOwnMel() {
        Hparams h = Arg2Hparams.apply(CROPS, "embedding.use_loudness_embed=true,training.volume_db=12");
        Set<Float> firsts = new HashSet<>();
        try (NDManager m = NDManager.newBaseManager()) {
            Batch b = new Batches(clips(300, 25), h, 100).batch(m, 1, 0);
            float[] mel = b.mels().toFloatArray(), energy = b.conds().energy().toFloatArray();
            long[] mel2ph = b.conds().mel2ph().toLongArray();
            for (int t = 0; t < energy.length; t++) {
                double sum = 0;
                for (int k = 0; k < BINS; k++) {
                    sum += Math.pow(10, 2 * mel[t * BINS + k]);
                }
                assertEquals(mel2ph[t] == 0 ? 0 : Math.sqrt(sum), energy[t], 1e-5 * Math.sqrt(sum));
            }
            for (int i = 0; i < 5; i++) {
                firsts.add(
                        mel[i * 40 * BINS] - Integer.parseInt(b.clips().get(i).substring(4)) / 8f);
            }
        }
        assertEquals(5, firsts.size(), "each clip at a level of its own: " + firsts);
    }

    @Test
    void aCropKeepsMelPitchAndUnitsTogether() {
        int[] frames = {300, 25};
        try (NDManager m = NDManager.newBaseManager()) {
            Batches batches = new Batches(clips(frames), CROPS, 100);
            Set<Integer> starts = new HashSet<>();
            Set<Long> times = new HashSet<>();
            for (int n = 0; n < 30; n++) {
                Batch b = batches.batch(m, 1, n);
                float[] mel = b.mels().toFloatArray(),
                        f0 = b.conds().f0().toFloatArray(),
                        units = b.conds().units().toFloatArray();
                long[] mel2ph = b.conds().mel2ph().toLongArray();
                int width = (int) b.conds().units().getShape().get(1);
                for (int i = 0; i < 5; i++) {
                    times.add(b.t().toLongArray()[i]);
                    int clip = Integer.parseInt(b.clips().get(i).substring(4)), real = Math.min(40, frames[clip]);
                    int start = Math.round(mel[i * 40 * BINS + 1] * 256);
                    starts.add(start);
                    long[] whole = Conds2Tensor.mel2ph(frames[clip], frames[clip] * 50 / 86 + 1);
                    for (int t = 0; t < real; t++) {
                        assertEquals(clip / 8f - 4, mel[(i * 40 + t) * BINS], 1e-3);
                        assertEquals(start + t, Math.round(mel[(i * 40 + t) * BINS + 1] * 256));
                        assertEquals(Math.log(100 + (start + t) % 100) / Math.log(2), f0[i * 40 + t], 1e-4);
                        assertEquals(
                                whole[start + t] - 1,
                                units[(i * width + (int) mel2ph[i * 40 + t] - 1) * WIDTH],
                                "frame " + t + " keeps the unit it had in the whole clip");
                    }
                    for (int t = real; t < 40; t++) {
                        assertEquals(0, mel2ph[i * 40 + t]);
                        assertEquals(0, mel[(i * 40 + t) * BINS]);
                    }
                }
            }
            assertTrue(starts.size() > 40, "starts: " + starts.size());
            assertTrue(times.size() > 60 && Collections.min(times) >= 0 && Collections.max(times) < 100);
        }
    }

    @Test
    void volumeMovesAllBinsOfAClipAlike() {
        try (NDManager m = NDManager.newBaseManager()) {
            List<Clip> clips = clips(60, 60);
            Batch plain = new Batches(clips, CROPS, 100).batch(m, 1, 0),
                    loud = new Batches(clips, Arg2Hparams.apply(CROPS, "training.volume_db=12"), 100).batch(m, 1, 0);
            Set<Integer> levels = new HashSet<>();
            for (int i = 0; i < 5; i++) {
                float[] l = loud.mels().get(i).toFloatArray(),
                        p = plain.mels().get(i).toFloatArray();
                float by = l[1] - p[1];
                assertTrue(Math.abs(by) <= 0.6001f, "12 dB are 0.6 in log10: " + by);
                levels.add(Math.round(by * 1000));
                for (int t = 0; t < 40; t++) {
                    assertEquals(p[t * BINS + 1] + by, l[t * BINS + 1], 1e-5);
                }
            }
            assertTrue(levels.size() > 2);
        }
    }

    /** Channel 0 counts the units, the others stand still: they have no deviation, so nothing is added. */
    @Test
    void unitNoiseIsAShareOfEachChannelsDeviation() {
        try (NDManager m = NDManager.newBaseManager()) {
            List<Clip> clips = clips(900);
            Hparams whole = Arg2Hparams.apply(WHOLE, "training.batch=1"),
                    noisy = Arg2Hparams.apply(whole, "training.unit_noise=0.25");
            double deviation = Math.sqrt((524.0 * 524 - 1) / 12), sum = 0, squares = 0;
            int batches = 200;
            for (int number = 0; number < batches; number++) {
                Batch plain = new Batches(clips, whole, 100).batch(m, 1, number),
                        moved = new Batches(clips, noisy, 100).batch(m, 1, number);
                assertArrayEquals(plain.noise().toFloatArray(), moved.noise().toFloatArray(), "other draws stay");
                float[] from = plain.conds().units().toFloatArray(),
                        to = moved.conds().units().toFloatArray();
                assertEquals(524 * WIDTH, from.length);
                double shift = 0, own = 0;
                for (int i = 0; i < from.length; i += WIDTH) {
                    shift += (to[i] - from[i]) / deviation / 524;
                    own += Math.pow((to[i] - from[i]) / deviation, 2) / 524;
                    assertEquals(from[i + 1], to[i + 1]);
                }
                assertEquals(0.25, Math.sqrt(own - shift * shift), 0.04, "each unit by itself");
                sum += shift;
                squares += shift * shift;
            }
            assertEquals(0, sum / batches, 0.08);
            assertEquals(0.25, Math.sqrt(squares / batches), 0.05, "all units together");
        }
    }

    @Test
    void aFixedBatchIsTheSameWhateverTheRunDoes() {
        try (NDManager m = NDManager.newBaseManager()) {
            List<Clip> clips = clips(60, 500);
            Batch a = new Batches(clips, CROPS, 100).fixed(m, 1, 3, 200),
                    b = new Batches(clips, WHOLE, 100).fixed(m, 1, 3, 200);
            assertArrayEquals(a.mels().toFloatArray(), b.mels().toFloatArray());
            assertArrayEquals(a.noise().toFloatArray(), b.noise().toFloatArray());
            assertEquals(200, a.frames());
        }
    }
}
