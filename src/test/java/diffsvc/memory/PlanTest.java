package diffsvc.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
}
