package diffsvc.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.check.Problem;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.ProcessMemory;
import diffsvc.tensor.Cost;
import diffsvc.testing.Machines;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The sums of a plan, on models whose bytes are known. */
class PlanTest {
    @Test
    void onAGpuItsFreeMemoryCounts() {
        ComputeDevice gpu = ComputeDevice.named("cuda:1", Machines.TWO.report());
        long context = Plan.available(gpu) - (15L << 30);
        assertTrue(context > 0 && context < 2L << 30, "the engine's own share: " + context);
        assertEquals(ProcessMemory.limit(), Plan.available(ComputeDevice.CPU));
        Cost wide = new Cost("pair", 100, 4L << 30, (batch, frames) -> (1L << 30) * (double) batch);
        assertEquals(11, Plan.largest(wide, 100, Plan.available(gpu) - context, 32));
    }

    @Test
    void someModelsTogetherTakeTheirWeightsAndEachItsOwnItemsAtOnce() {
        Plan plan = Plan.of(
                List.of(
                        new Plan.Model(new Cost("hubert", 50, 1000, (batch, frames) -> 10 * batch * frames), ""),
                        new Plan.Model(new Cost("crepe", 200, 4, 32, 500, (batch, frames) -> batch), ""),
                        new Plan.Model(new Cost("pe", 100, 7, (batch, frames) -> 7), "")),
                10,
                1 << 20,
                0);
        assertEquals(1000 + 10 * 100 + 500 + 4, plan.together(Set.of("hubert", "crepe"), 2));
    }

    @Test
    void aBatchOfSlicesFillsTheRoomThatTheLongestSliceLeaves() {
        List<Cost> costs = List.of(
                new Cost("wavenet", 100, 500, (batch, frames) -> 1000 + 10.0 * batch * frames),
                new Cost("nsf_hifigan", 100, 500, (batch, frames) -> 5 * frames));
        int second = 1000 + 10 * 100; // of the longest slice, one second
        assertEquals(0, Plan.batchFrames(costs, 1, 2, 50 + second, 50, 1600));
        assertEquals(10, Plan.batchFrames(costs, 1, 2, 50 + second + 20, 50, 1600), "kept beside the longest slice");
        assertEquals(200, Plan.batchFrames(costs, 1, 2, 50 + 1000 + 12 * 200, 50, 1600));
        assertEquals(1600, Plan.batchFrames(costs, 1, 2, 1 << 20, 50, 1600));
        assertEquals(0, Plan.batchFrames(costs, 1, 2, 0, 50, 1600), "never a refusal");
        assertEquals(Integer.MAX_VALUE, Plan.batchFrames(costs, 1, 2, Long.MAX_VALUE, 50, Integer.MAX_VALUE));
    }

    @Test
    void asManyRecordingsAtOnceAsThereIsRoomFor() {
        long mib = 1 << 20, first = 128 * mib;
        List<Cost> costs = List.of(
                new Cost("hubert", 50, 300 * mib, (batch, frames) -> mib * batch * frames),
                new Cost("crepe", 200, 64, 256, 85 * mib, (batch, frames) -> mib * batch));
        // 12 s: 600 MiB for the encoder, 64 for the extractor, one after the other; 40 beside them
        long base = 400 * mib + first + 385 * mib, each = 640 * mib;
        assertEquals(1, Plan.recordings(costs, 12, 40 * mib, base + each, 400 * mib, 8));
        assertEquals(1, Plan.recordings(costs, 12, 40 * mib, base + 2 * each - 1, 400 * mib, 8));
        assertEquals(2, Plan.recordings(costs, 12, 40 * mib, base + 2 * each, 400 * mib, 8));
        assertEquals(8, Plan.recordings(costs, 12, 40 * mib, Long.MAX_VALUE, 0, 8));
        assertEquals(
                "preprocess: need at least 1553 MiB for content encoder, pitch extractor and one recording at a time,"
                        + " got 1552 MiB; give --max-memory 1553MiB or more, or take shorter clips",
                assertThrows(Problem.class, () -> Plan.recordings(costs, 12, 40 * mib, base + each - mib, 400 * mib, 8))
                        .getMessage());
    }
}
