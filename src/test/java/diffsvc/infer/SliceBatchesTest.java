package diffsvc.infer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SliceBatchesTest {
    private static String batches(int most, int... frames) {
        return SliceBatches.of(frames, new SliceBatches.Gain(most, 1000))
                .batches()
                .toString();
    }

    @Test
    void neighboursAreTakenTogetherWhileTheyFit() {
        assertEquals("[[0, 1, 2], [3]]", batches(300, 100, 90, 100, 95));
        assertEquals("[[0, 2]]", batches(200, 100, 0, 100), "across silence");
        assertEquals("[[0], [1], [2]]", batches(0, 100, 100, 100), "none");
        assertEquals("[[0], [1, 2]]", batches(200, 500, 100, 100), "a slice may be longer than a batch");
        assertEquals("[]", batches(1600));
        assertEquals("[]", batches(1600, 0, 0));
    }

    @Test
    void paddingStaysBelowAFifth() {
        assertEquals("[[0], [1]]", batches(1600, 100, 60), "a fifth of 200 frames");
        assertEquals("[[0, 1]]", batches(1600, 100, 61));
        assertEquals("[[0, 1], [2]]", batches(1600, 100, 100, 30));
        assertEquals("[[0, 1, 2, 3]]", batches(1600, 100, 100, 100, 30));
    }

    @Test
    void aSliceAddsLessPaddingThanItsEvaluationCosts() {
        SliceBatches.Gain gain = new SliceBatches.Gain(1600, 50);
        assertEquals(
                "[[0, 1], [2, 3]]",
                SliceBatches.of(new int[] {600, 640, 400, 449}, gain).batches().toString());
        assertEquals(
                "[[0], [1]]",
                SliceBatches.of(new int[] {450, 400}, gain).batches().toString());
        assertEquals(
                "[[0, 1]]",
                SliceBatches.of(new int[] {450, 401}, gain).batches().toString());
    }

    @Test
    void theLargestBatchGivesTheSameBatchesAgain() {
        Random random = new Random(1);
        SliceBatches.Gain gain = new SliceBatches.Gain(1600, 200);
        int several = 0;
        for (int round = 0; round < 200; round++) {
            int[] frames = random.ints(20, 0, 900).toArray();
            SliceBatches all = SliceBatches.of(frames, gain);
            assertEquals(
                    all.batches(),
                    SliceBatches.of(frames, gain.most(all.largest())).batches());
            List<Integer> flat = all.batches().stream().flatMap(List::stream).toList();
            assertEquals(all.slices(), flat.size());
            assertEquals(flat.stream().sorted().toList(), flat, "in the order of the song");
            for (List<Integer> batch : all.batches()) {
                int longest = batch.stream().mapToInt(i -> frames[i]).max().orElseThrow(),
                        sum = batch.stream().mapToInt(i -> frames[i]).sum();
                assertTrue(batch.size() == 1 || longest * batch.size() <= 1600);
                assertTrue(longest * batch.size() - sum < 0.2 * longest * batch.size());
                batch.forEach(i -> assertEquals(batch, all.around(i)));
                several += batch.size() > 1 ? 1 : 0;
            }
        }
        assertTrue(several > 100, "batches of several: " + several);
        assertEquals(0, SliceBatches.of(new int[] {900, 900}, gain).largest());
    }
}
