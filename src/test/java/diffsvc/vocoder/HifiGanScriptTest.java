package diffsvc.vocoder;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.hparams.Precision;
import diffsvc.hparams.VocoderKind;
import diffsvc.platform.PartListener;
import diffsvc.random.RandomSource;
import diffsvc.tensor.Tap;
import diffsvc.tensor.TryOuts;
import diffsvc.testing.Changing;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The generator as a script against the generator operation by operation. */
class HifiGanScriptTest {
    private static final HifiGanNet.Sizes
            TWO_FOLD =
                    new HifiGanNet.Sizes(
                            20,
                            64,
                            new int[] {3, 8, 2},
                            new int[] {5, 16, 4},
                            new int[] {3, 7},
                            new int[][] {{1, 3, 5}, {1, 2}},
                            true,
                            true),
            ONE_FOLD =
                    new HifiGanNet.Sizes(
                            12,
                            32,
                            new int[] {4, 2},
                            new int[] {4, 4},
                            new int[] {3},
                            new int[][] {{1, 5}},
                            false,
                            false);

    @Test
    void partsJoinedAreTheWaveOfTheWholeMel() {
        for (HifiGanNet.Sizes sizes : new HifiGanNet.Sizes[] {TWO_FOLD, ONE_FOLD}) {
            try (NDManager manager = NDManager.newBaseManager();
                    HifiGanNet net = HifiGanNet.random(manager, sizes, 1);
                    HifiGanScript script = HifiGanScript.of(manager, net, Precision.FLOAT32, TryOuts.EACH_TIME)) {
                int most = 200_000 / sizes.hop(); // three parts
                for (int t : new int[] {1, 2, 11, most}) {
                    NDArray mel = manager.randomNormal(new Shape(2, sizes.mels(), t)),
                            source = manager.randomNormal(new Shape(2, 1, (long) t * sizes.hop()));
                    assertClose(net.wave(mel, source, (name, value) -> {}), script.wave(mel, source));
                    assertClose(net.wave(mel, null, (name, value) -> {}), script.wave(mel, null));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT32", "BFLOAT16"})
    void innerValuesAreThoseThatAreListedAndCanBeChanged(Precision precision) {
        for (HifiGanNet.Sizes sizes : new HifiGanNet.Sizes[] {TWO_FOLD, ONE_FOLD}) {
            try (NDManager manager = NDManager.newBaseManager();
                    HifiGanNet net = HifiGanNet.random(manager, sizes, 1);
                    HifiGanScript script = HifiGanScript.of(manager, net, precision, TryOuts.EACH_TIME)) {
                int t = 120_000 / sizes.hop(); // two parts
                NDArray mel = manager.randomNormal(new Shape(1, sizes.mels(), t)),
                        source = manager.randomNormal(new Shape(1, 1, (long) t * sizes.hop()));
                float[] plain = script.wave(mel, source).toFloatArray();
                Changing copies = Changing.everythingIntoCopies();
                assertArrayEquals(
                        plain,
                        script.wave(mel, source, PartListener.NONE, copies).toFloatArray());
                List<Tap> taps = HifiGanScript.taps(sizes);
                assertEquals(
                        taps.stream().map(Tap::name).sorted().toList(),
                        List.copyOf(copies.shapes().keySet()));
                for (Tap tap : taps) {
                    long[] shape = copies.shapes().get(tap.name());
                    assertEquals(tap.shape(), "[1, " + shape[1] + ", n]", tap.name());
                    Changing half = new Changing(tap.name(), x -> x.mul(0.5f));
                    assertFalse(
                            Arrays.equals(
                                    plain,
                                    script.wave(mel, source, PartListener.NONE, half)
                                            .toFloatArray()),
                            tap.name());
                }
            }
        }
    }

    /** What bfloat16 adds at the published sizes is noise below the wave, but above what auto allows (45 dB). */
    @Test
    void bfloat16AddsMoreNoiseThanAutoAllows() {
        try (NDManager manager = NDManager.newBaseManager();
                HifiGan net = HifiGan.random(
                        manager, VocoderKind.NSF_HIFIGAN, VocoderConfig.published(VocoderKind.NSF_HIFIGAN), 1)) {
            NDArray mel = manager.randomNormal(new Shape(1, 128, 40)),
                    source = net.source(manager.full(new Shape(1, 40), 220f), RandomSource.keyed(1)),
                    reference = net.wave(mel, source, Precision.FLOAT32),
                    fast = net.wave(mel, source, Precision.BFLOAT16);
            double noise = fast.sub(reference).square().mean().getFloat(),
                    level = reference.sub(reference.mean()).square().mean().getFloat(),
                    decibels = 10 * Math.log10(level / noise);
            System.out.printf(Locale.ROOT, "bfloat16 vocoder: %.1f dB%n", decibels);
            assertTrue(decibels > 25 && decibels < 45, decibels + " dB");
        }
    }

    private static void assertClose(NDArray reference, NDArray wave) {
        assertEquals(reference.getShape(), wave.getShape());
        double scale = reference.abs().max().getFloat(),
                apart = reference.sub(wave).abs().max().getFloat();
        assertTrue(scale > 0 && apart < 2e-5 * scale, apart + " of " + scale);
    }
}
