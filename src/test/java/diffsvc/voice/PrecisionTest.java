package diffsvc.voice;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import diffsvc.check.Problem;
import diffsvc.files.Remembered;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.Precision;
import diffsvc.platform.ComputeDevice;
import diffsvc.platform.Processor;
import diffsvc.testing.Machines;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrecisionTest {
    /**
     * The guard of the fast path. 20 evaluations leave the mel at a distance from the end of many; what bfloat16 adds
     * to that is small.
     */
    @Tag("conversion")
    @Test
    void bfloat16ChangesAMelByMuchLessThanTheSamplerLeavesOpen() {
        try (Voice voice = Voice.open(
                "demo", h -> h.infer(i -> i.sampler("unipc2").steps(20).precision("float32")))) {
            Conversion c = voice.convert(
                            voice.read("src/test/resources/songs/music1.wav").slice(0, 4))
                    .seed(7);
            NDArray reference = c.sampled(),
                    fast = sampled(c, voice.with(h -> h.infer(i -> i.precision("bfloat16")))),
                    end = sampled(c, voice.with(h -> h.infer(i -> i.steps(200))));
            double rounded = Math.sqrt(fast.sub(reference).square().mean().getFloat());
            assertTrue(rounded > 0 && rounded < 0.02, "log10 mel, rms: " + rounded);
            double left = apart(reference, end), leftFast = apart(fast, end);
            System.out.printf(
                    Locale.ROOT,
                    "bfloat16 changes the mel by %.4f (rms); from 200 evaluations: float32 %.4f, bfloat16 %.4f%n",
                    rounded,
                    left,
                    leftFast);
            assertTrue(leftFast < 1.05 * left, left + " from the end, in bfloat16 " + leftFast);
        }
    }

    private static double apart(NDArray a, NDArray b) {
        return a.sub(b).abs().mean().getFloat();
    }

    /** The same condition and noise under other settings of the voice. */
    private static NDArray sampled(Conversion c, Voice other) {
        return other.toMel(other.denoise(c.condition(), c.start(), 7), c.conds());
    }

    /** On a machine whose convolutions were measured to gain. */
    private static AutoPrecision fast() {
        return new AutoPrecision(Remembered.NOTHING, key -> new AutoPrecision.Measured(2, 1, 0));
    }

    @Test
    void autoIsFloat32WhereTheProcessorOrTheQuirksWantIt() {
        Hparams h = Hparams.defaults();
        AutoPrecision auto = fast();
        assertEquals(
                Processor.multipliesBfloat16() ? Precision.MIXED : Precision.FLOAT32, auto.of(h, ComputeDevice.CPU));
        assertEquals(Precision.FLOAT32, auto.of(h.quirks(Hparams.Quirks.PYTHON), ComputeDevice.CPU));
        assertEquals(
                Precision.BFLOAT16,
                auto.of(h.quirks(Hparams.Quirks.PYTHON).infer(i -> i.precision("bfloat16")), ComputeDevice.CPU));
    }

    @ParameterizedTest
    @CsvSource({
        "auto, cuda:0, FIXED, FLOAT32",
        "auto, cuda:1, FIXED, FLOAT32",
        "auto, cuda:0, PYTHON, FLOAT32",
        "mixed, cuda:0, FIXED, MIXED",
        "float16, cuda:1, FIXED, FLOAT16",
        "float16, cuda:0, PYTHON, FLOAT16",
        "float32, cuda:0, FIXED, FLOAT32"
    })
    void aGpuHasItsOwnAuto(String asked, String device, Hparams.Quirks quirks, Precision precision) {
        Hparams h = Hparams.defaults().quirks(quirks).infer(i -> i.precision(asked));
        AutoPrecision auto = fast();
        assertEquals(precision, auto.of(h, ComputeDevice.named(device, Machines.TWO.report())));
    }

    @Test
    void float16IsRefusedOnTheCpu() {
        String said = assertThrows(
                        Problem.class, () -> Voice.random(h -> h.infer(i -> i.precision("float16")), ComputeDevice.CPU)
                                .precision())
                .getMessage();
        assertEquals("hparams: need a GPU for float16, got the CPU; take mixed, bfloat16 or float32", said);
    }

    @Test
    void eachPrecisionGivesItsOwnBytesAgainAndAgain() {
        try (Voice voice = Voice.random(
                h -> h.wavenet(w -> w.residualChannels(32).residualLayers(3)).infer(i -> i.steps(3)))) {
            Conversion c = voice.convert(
                    voice.read("src/test/resources/songs/music1.wav").slice(0, 1));
            float[][] mels = new float[4][];
            for (int k = 0; k < 4; k++) {
                String precision = k % 2 == 0 ? "float32" : "bfloat16";
                mels[k] = sampled(c, voice.with(h -> h.infer(i -> i.precision(precision))))
                        .toFloatArray();
            }
            assertArrayEquals(mels[0], mels[2]);
            assertArrayEquals(mels[1], mels[3]);
            assertNotEquals(mels[0][1000], mels[1][1000]);
        }
    }
}
