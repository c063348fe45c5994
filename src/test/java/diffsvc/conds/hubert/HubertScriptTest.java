package diffsvc.conds.hubert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.hparams.Precision;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
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
