package diffsvc.diffusion.embedding;

import ai.djl.ndarray.types.DataType;
import com.google.gson.JsonObject;
import diffsvc.hparams.Arg2Hparams;
import diffsvc.hparams.Hparams;
import diffsvc.testing.Golden;
import java.util.regex.MatchResult;
import org.junit.jupiter.api.Test;

/** The embedding's own rounding of F0 to an id against the reference's: float32, 0.5 added, truncated. */
class CoarseGoldenTest {
    @Test
    void idsAtTheEdgesAreTheReferences() {
        JsonObject h = Golden.stage("f0_praat").getAsJsonObject("hparams");
        try (Golden g = new Golden("f0_edges.npz")) {
            for (MatchResult m : g.matching("(\\d+k)_coarse_torch")) {
                Hparams range = Arg2Hparams.apply(
                        Hparams.defaults(),
                        "pitch.f0_min_hz=" + h.get("floor_" + m.group(1)).getAsDouble() + ",pitch.f0_max_hz="
                                + h.get("ceiling").getAsDouble() + ",pitch.f0_bins="
                                + h.get("f0_bin").getAsInt() + ",embedding.hidden_size=2");
                try (EmbeddingModel model = EmbeddingModel.random(g.manager(), range, 1)) {
                    g.sameIds(
                            m.group(),
                            model.coarse(g.get(m.group(1) + "_coarse_in_f64").toType(DataType.FLOAT32, false))
                                    .toLongArray());
                }
            }
        }
    }
}
