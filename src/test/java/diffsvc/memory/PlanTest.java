package diffsvc.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import diffsvc.tensor.Cost;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The sums of a plan, on models whose bytes are known. */
class PlanTest {
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
