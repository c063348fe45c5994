package diffsvc.random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.hparams.VocoderKind;
import diffsvc.vocoder.HifiGan;
import diffsvc.vocoder.VocoderConfig;
import org.junit.jupiter.api.Test;

/** What is random in a conversion: by purpose, or in one stream as PyTorch draws it. */
class RandomSourceTest {
    /**
     * PyTorch 2.7.1: {@code torch.manual_seed(77); torch.randn(1,1,80,37); torch.rand(1,9); torch.randn(1,37*128,9);
     * torch.randn(1,37*128,1); torch.randn(1,1,80,5)}; of each the first, second and last value and the sum.
     */
    private static final double[][] TORCH = {
        {-0.504308819770813, -0.41614240407943726, -0.7814800143241882, -41.3501500855491},
        {0.291231632232666, 0.8754933476448059, 0.8215558528900146, 4.9087218046188354},
        {-0.6260960698127747, 0.5481463074684143, 0.8962185978889465, -472.6194195590833},
        {1.5506293773651123, 1.7544643878936768, 0.16364774107933044, 52.77828599163331},
        {1.5023521184921265, 0.5981528759002686, 0.763518214225769, -1.9420899965334684}
    };

    /** Numbers for a GPU are drawn on the CPU and moved; the way there is the same without a GPU. */
    @Test
    void whatIsDrawnForAnotherDeviceIsTheCpusAndBelongsToItsManager() {
        try (NDManager m = NDManager.newBaseManager(Device.cpu())) {
            for (boolean normal : new boolean[] {true, false}) {
                Engine.getInstance().setRandomSeed(7);
                NDArray moved = CpuGenerator.moved(m, new Shape(2, 50), normal);
                Engine.getInstance().setRandomSeed(7);
                NDArray here =
                        normal ? CpuGenerator.normal(m, new Shape(2, 50)) : CpuGenerator.uniform(m, new Shape(2, 50));
                assertArrayEquals(here.toFloatArray(), moved.toFloatArray());
                assertSame(m, moved.getManager());
            }
            assertEquals(4, m.getManagedArrays().size());
        }
    }

    @Test
    void pythonsOrderIsTorchsStream() {
        try (NDManager m = NDManager.newBaseManager()) {
            RandomSource random = RandomSource.inPythonOrder(77);
            NDArray[] ours = {
                random.normal(m, "x_T", 0, new Shape(1, 1, 80, 37)),
                random.uniform(m, "phase", 0, new Shape(1, 9)),
                random.normal(m, "noise", 0, new Shape(1, 37 * 128, 9)),
                random.normal(m, "unused noise", 0, new Shape(1, 37 * 128, 1)),
                random.normal(m, "x_T", 1, new Shape(1, 1, 80, 5))
            };
            for (int i = 0; i < ours.length; i++) {
                float[] v = ours[i].toFloatArray();
                double sum = 0;
                for (float x : v) {
                    sum += x;
                }
                assertArrayEquals(TORCH[i], new double[] {v[0], v[1], v[v.length - 1], sum}, 1e-9, "draw " + i);
            }
        }
    }

    /** The reference draws a second noise that it never uses; the next slice's start noise comes after it. */
    @Test
    void theVocodersUnusedNoiseMovesTheStreamToo() {
        try (NDManager m = NDManager.newBaseManager();
                HifiGan vocoder = HifiGan.random(
                        m, VocoderKind.NSF_HIFIGAN, VocoderConfig.published(VocoderKind.NSF_HIFIGAN), 1)) {
            RandomSource random = RandomSource.inPythonOrder(77);
            random.normal(m, "x_T", 0, new Shape(1, 1, 80, 37));
            float[] noise = vocoder.harmonics().draw(m, 1, 4, random).noise().toFloatArray(),
                    next = random.normal(m, "x_T", 0, new Shape(1, 1, 80, 5)).toFloatArray();
            assertArrayEquals(
                    new double[] {-0.6260960698127747, -1.4958446025848389, 0.31458306312561035},
                    new double[] {noise[0], next[0], next[next.length - 1]},
                    1e-9);
        }
    }

    @Test
    void aKeyedDrawDoesNotDependOnWhatWasDrawnBefore() {
        try (NDManager m = NDManager.newBaseManager()) {
            RandomSource a = RandomSource.keyed(5), b = RandomSource.keyed(5);
            b.normal(m, "posterior", 3, new Shape(7));
            b.uniform(m, "phase", 0, new Shape(7));
            assertArrayEquals(
                    a.normal(m, "x_T", 0, new Shape(9)).toFloatArray(),
                    b.normal(m, "x_T", 0, new Shape(9)).toFloatArray());
            assertNotEquals(
                    a.normal(m, "x_T", 0, new Shape(1)).getFloat(),
                    a.normal(m, "x_T", 1, new Shape(1)).getFloat());
            assertNotEquals(
                    a.normal(m, "x_T", 0, new Shape(1)).getFloat(),
                    RandomSource.keyed(6).normal(m, "x_T", 0, new Shape(1)).getFloat());
        }
    }

    @Test
    void aSeedOfMoreThanThirtyTwoBitsIsTakenToo() {
        try (NDManager m = NDManager.newBaseManager()) {
            RandomSource.inPythonOrder(1L << 40).normal(m, "x_T", 0, new Shape(2));
            assertEquals(-3, KeyedRandom.fold(-3));
        }
    }
}
