package diffsvc.diffusion.wavenet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.hparams.Precision;
import diffsvc.tensor.Padding;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WaveNetScriptTest {
    @ParameterizedTest
    @CsvSource({"FLOAT32,2e-6", "BFLOAT16,2e-2"})
    void theScriptIsTheNetwork(Precision precision, double tolerance) {
        WaveNet.Sizes sizes = new WaveNet.Sizes(16, 32, 24, 5, 4);
        try (NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, sizes, 1);
                WaveNetScript script = WaveNetScript.of(m, net, precision)) {
            NDArray spec = m.randomNormal(new Shape(2, 1, 16, 70)), cond = m.randomNormal(new Shape(2, 24, 70));
            NDArray want = net.given(cond).at(spec, 700.5),
                    got = script.given(cond).at(spec, 700.5);
            double apart = got.sub(want).abs().max().getFloat(),
                    scale = want.abs().max().getFloat();
            assertEquals(0, apart, tolerance * scale);
        }
    }

    /** Items of other lengths beside them change nothing; without the frames of each the ends would be other ones. */
    @ParameterizedTest
    @CsvSource({"FLOAT32,1e-5", "BFLOAT16,2e-2"})
    void anItemOfAPaddedBatchIsWhatItIsAlone(Precision precision, double tolerance) {
        WaveNet.Sizes sizes = new WaveNet.Sizes(16, 32, 24, 5, 4);
        long[] frames = {70, 41, 1, 58};
        try (NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, sizes, 1);
                WaveNetScript script = WaveNetScript.of(m, net, precision)) {
            List<NDArray> specs = new ArrayList<>(), conds = new ArrayList<>();
            for (long t : frames) {
                specs.add(m.randomNormal(new Shape(1, 1, 16, t)));
                conds.add(m.randomNormal(new Shape(1, 24, t)));
            }
            NDArray spec = Padding.joined(m, specs, 3), cond = Padding.joined(m, conds, 2);
            NDArray together = script.given(cond, frames).at(spec, 700.5),
                    unmasked = script.given(cond).at(spec, 700.5);
            double unlike = 0;
            for (int b = 0; b < frames.length; b++) {
                NDArray alone = script.given(conds.get(b)).at(specs.get(b), 700.5);
                double scale = alone.abs().max().getFloat();
                assertEquals(0, apart(alone, Padding.item(together, b, frames[b])), tolerance * scale, "item " + b);
                assertEquals(
                        frames[b],
                        together.get(b)
                                .abs()
                                .gt(0)
                                .sum(new int[] {0, 1})
                                .gt(0)
                                .sum()
                                .getLong());
                unlike = Math.max(unlike, apart(alone, Padding.item(unmasked, b, frames[b])) / scale);
            }
            assertTrue(unlike > 5 * tolerance, "the ends matter: " + unlike);
        }
    }

    private static double apart(NDArray a, NDArray b) {
        return a.sub(b).abs().max().getFloat();
    }

    @Test
    void framesThatNoItemHasAreRefused() {
        try (NDManager m = NDManager.newBaseManager();
                WaveNet net = WaveNet.random(m, new WaveNet.Sizes(16, 32, 24, 2, 4), 1);
                WaveNetScript script = WaveNetScript.of(m, net, Precision.FLOAT32)) {
            NDArray cond = m.randomNormal(new Shape(2, 24, 70));
            for (long[] frames : new long[][] {{70}, {70, 71}, {0, 70}}) {
                assertThrows(Problem.class, () -> script.given(cond, frames));
            }
        }
    }
}
