package diffsvc.conds.hubert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.checkpoint.TorchFile;
import diffsvc.hparams.Precision;
import diffsvc.tensor.Tap;
import diffsvc.testing.Changing;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoder as a script against the encoder operation by operation. */
class HubertScriptTest {
    private static final HubertSoft.Sizes SIZES = new HubertSoft.Sizes(48, 64, 3, 4, 128, 32, 10);

    /** One unit, less than a piece, a piece and one unit, several pieces. */
    @ParameterizedTest
    @ValueSource(ints = {320, 4000, 29 * 320, 100_000})
    void piecesJoinedAreTheUnitsOfTheWholeWave(int samples) {
        try (NDManager manager = NDManager.newBaseManager();
                HubertSoft net = HubertSoft.random(manager, SIZES, 1)) {
            Wave wave = Wave.mono(noise(samples), HubertSoft.RATE_HZ);
            NDArray reference = net.extract(HubertSoft.input(manager, wave)).units(),
                    units = net.units(manager, wave, Precision.FLOAT32);
            assertEquals(new Shape(1, HubertSoft.frames(samples), SIZES.units()), units.getShape());
            assertTrue(apart(reference, units) < 1e-5, "float32: " + apart(reference, units));
            double rounded = apart(reference, net.units(manager, wave, Precision.BFLOAT16));
            assertTrue(rounded < 0.05, "bfloat16: " + rounded); // 0 on a machine where bfloat16 is wrong
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT32", "BFLOAT16"})
    void innerValuesAreThoseThatAreListedAndCanBeChanged(Precision precision) {
        try (NDManager manager = NDManager.newBaseManager();
                HubertSoft net = HubertSoft.random(manager, SIZES, 1)) {
            Wave wave = Wave.mono(noise(29 * 320), HubertSoft.RATE_HZ);
            float[] plain = net.units(manager, wave, precision).toFloatArray();
            Changing copies = Changing.everythingIntoCopies();
            assertArrayEquals(plain, net.units(manager, wave, precision, copies).toFloatArray());
            assertEquals(
                    net.taps().stream().map(Tap::name).sorted().toList(),
                    List.copyOf(copies.shapes().keySet()));
            for (Tap tap : net.taps()) {
                long[] shape = copies.shapes().get(tap.name());
                assertEquals(tap.shape(), "[1, P, " + shape[2] + "]", tap.name());
                Changing half = new Changing(tap.name(), x -> x.mul(0.5f));
                assertFalse(
                        Arrays.equals(
                                plain, net.units(manager, wave, precision, half).toFloatArray()),
                        tap.name());
            }
        }
    }

    @Test
    void aWalkEndsInItsWeightsWhileAScriptTakesTheirPlace(@TempDir Path folder) throws Exception {
        try (NDManager manager = NDManager.newBaseManager();
                HubertSoft random = HubertSoft.random(manager, SIZES, 1)) {
            Path file = folder.resolve("hubert.pt");
            TorchFile.write(file, random.weights().toTensors(""));
            try (HubertSoft net = HubertSoft.load(manager, file, SIZES.heads())) {
                Wave wave = Wave.mono(noise(4000), HubertSoft.RATE_HZ);
                NDArray reference = net.extract(HubertSoft.input(manager, wave)).units();
                CountDownLatch began = new CountDownLatch(1), replaced = new CountDownLatch(1);
                CompletableFuture<NDArray> walked =
                        CompletableFuture.supplyAsync(() -> net.walk(HubertSoft.input(manager, wave), (name, value) -> {
                            if (name.equals("features")) {
                                began.countDown();
                                await(replaced);
                            }
                        }));
                await(began);
                net.units(manager, wave, Precision.FLOAT32);
                replaced.countDown();
                assertArrayEquals(
                        reference.toFloatArray(),
                        walked.get(5, TimeUnit.MINUTES).toFloatArray());
            }
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertTrue(latch.await(5, TimeUnit.MINUTES));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** RMS of the difference over that of the reference. */
    private static double apart(NDArray reference, NDArray units) {
        return Math.sqrt(reference.sub(units).square().mean().getFloat()
                / reference.square().mean().getFloat());
    }

    private static float[] noise(int samples) {
        Random random = new Random(1);
        float[] x = new float[samples];
        for (int i = 0; i < samples; i++) {
            x[i] = (float) (0.3 + 0.1 * random.nextGaussian()); // an offset shows whether the mean is taken out
        }
        return x;
    }
}
