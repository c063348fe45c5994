package diffsvc.conds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import diffsvc.conds.pitchextractor.XiaomaPe;
import diffsvc.testing.Golden;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The pitch networks against the reference's numbers. */
class PitchGoldenTest {
    @Test
    void thePitchExtractorIsTheReferences() throws Exception {
        Path file = Golden.ckpt("pe");
        try (Golden g = new Golden("pe.npz");
                XiaomaPe net = XiaomaPe.load(g.manager(), file)) {
            Set<String> seen = new HashSet<>();
            net.walk(g.get("mel"), (stage, value) -> {
                g.same(stage, value);
                seen.add(stage);
            });
            assertEquals(3 + net.sizes().predictor(), seen.size());
            g.same("f0_denorm_pred", net.extract(g.get("mel"), false).f0Hz());
            g.same("f0_denorm_pred_use_uv", net.extract(g.get("mel"), true).f0Hz());
            g.same(
                    "single_pitch_pred",
                    net.extract(g.get("mel").get("0:1"), false).prediction());
            assertTrue(seen.contains("prenet"));
        }
    }
}
