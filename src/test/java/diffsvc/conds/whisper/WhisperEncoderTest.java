package diffsvc.conds.whisper;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import diffsvc.conds.mel.MelFilters;
import diffsvc.conds.whisper.WhisperEncoder.Form;
import diffsvc.hparams.Precision;
import diffsvc.platform.Script;
import diffsvc.testing.Onnx;
import diffsvc.testing.Tones;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoder with random weights: its script, its parts, what it takes off. */
class WhisperEncoderTest {
    private static final WhisperEncoder.Sizes SIZES = WhisperFileTest.SIZES;
    private final NDManager manager = NDManager.newBaseManager();

    @AfterEach
    void close() {
        manager.close();
    }

    private static Wave sung(double seconds) {
        return Tones.sung(16000, seconds, t -> 200 + 30 * Math.sin(3 * t));
    }

    /** RMS of the difference over that of the reference. */
    private static double apart(NDArray reference, NDArray units) {
        return Math.sqrt(reference.sub(units).square().mean().getFloat()
                / reference.square().mean().getFloat());
    }

    private NDArray quiet(WhisperEncoder net) {
        return net.encode(manager.full(new Shape(1, SIZES.bands(), 2L * SIZES.positions()), -0.5f))
                .units();
    }

    /** One unit, some, and the 60 that these positions hold. */
    @ParameterizedTest
    @ValueSource(ints = {1, 17, 60})
    void theScriptIsTheNetworkOperationByOperation(int units) {
        try (WhisperEncoder net = WhisperEncoder.random(manager, SIZES, Form.PPG, 1)) {
            Wave wave = sung(units * 0.02);
            NDArray mel = net.logMel(manager, wave, SIZES.positions());
            NDArray reference = net.encode(mel).units().get(":, :" + units),
                    script = net.units(manager, wave, Precision.FLOAT32);
            assertEquals(new Shape(1, units, SIZES.dim()), script.getShape());
            // other orders of summation: some 1e-7 a layer
            assertTrue(apart(reference, script) < 1e-5, "float32: " + apart(reference, script));
            double rounded = apart(reference, net.units(manager, wave, Precision.BFLOAT16));
            assertTrue(rounded < 0.05, "bfloat16: " + rounded); // 0 on a machine where bfloat16 is wrong
            assertTrue(rounded > 0 || !net.notes().isEmpty(), "bfloat16 rounds, or a note says that it is not used");
        }
    }

    @Test
    void theGraphAndTheExportedScriptAreTheNetwork() throws Exception {
        try (WhisperEncoder net = WhisperEncoder.random(manager, SIZES, Form.PPG, 1);
                Onnx graph = new Onnx(WhisperOnnx.of(net))) {
            ByteArrayOutputStream archive = new ByteArrayOutputStream();
            net.writeScript(Precision.FLOAT32, archive);
            try (Script script = Script.open(manager, archive.toByteArray())) {
                for (int units : new int[] {1, 20, 60}) {
                    NDArray mel = manager.randomNormal(new Shape(2, SIZES.bands(), 2 * units)),
                            want = net.encode(mel).units();
                    assertTrue(apart(want, script.run(manager, "forward", mel)) < 1e-5, units + " units, script");
                    NDArray other = graph.run(manager, Map.of("mel", mel)).get("units");
                    assertEquals(want.getShape(), other.getShape());
                    assertTrue(apart(want, other) < 1e-5, units + " units, graph");
                }
            }
        }
    }

    @Test
    void theAnswerToSilenceAtTheSamePlaceIsTakenOff() {
        try (WhisperEncoder net = WhisperEncoder.random(manager, SIZES, Form.PLACELESS, 1)) {
            Wave wave = sung(0.2);
            NDArray mel = net.logMel(manager, wave, SIZES.positions()); // 10 units and a second of silence: all 60
            NDArray expected = net.encode(mel).units().sub(quiet(net)).get(":, :10");
            assertTrue(apart(expected, net.units(manager, wave, Precision.FLOAT32)) < 1e-5);
            assertTrue(apart(expected, net.encode(mel).units().get(":, :10")) > 0.1, "there is something to take off");
        }
    }

    /**
     * 60 positions: parts begin at units 0, 40, 80, .. and share 20 units, of which 2 at either side are one part's.
     */
    @ParameterizedTest
    @CsvSource({"60, 1", "61, 2", "100, 2", "101, 3", "250, 6"})
    void aLongWaveIsItsPartsAndBetweenThemACrossfade(int units, int count) {
        Parts parts = new Parts(units, 60, 5);
        List<Parts.Part> all = parts.all();
        assertEquals(count, all.size());
        assertEquals(units, all.get(count - 1).to());
        try (WhisperEncoder net = WhisperEncoder.random(manager, SIZES, Form.PPG, 1)) {
            Wave wave = sung(units * 0.02);
            float[] whole = net.units(manager, wave, Precision.FLOAT32).toFloatArray();
            NDArray mel = net.logMel(manager, wave, new Parts(units, 60, 60).end());
            float[][] each = new float[count][];
            for (int n = 0; n < count; n++) {
                NDArray own = mel.get(":, :, " + 80 * n + ":" + (80 * n + 120));
                each[n] = net.encode(own).units().toFloatArray();
            }
            int h = SIZES.dim();
            for (int p = 0; p < units; p++) {
                int n = Math.min(p / 40, count - 1), i = p - 40 * n;
                double share = n > 0 && i < 20 ? Math.max(0, Math.min(1, (i + 0.5 - 2) / 16)) : 1;
                for (int c = 0; c < h; c++) {
                    double expected =
                            share * each[n][i * h + c] + (share < 1 ? (1 - share) * each[n - 1][(i + 40) * h + c] : 0);
                    assertEquals(expected, whole[p * h + c], 1e-4, "unit " + p + ", channel " + c);
                }
            }
        }
    }

    @Test
    void sharesOfTwoPartsAddUpAndGoOverInEqualSteps() {
        Parts parts = new Parts(3000, 1500, 50);
        assertEquals(0, parts.share(49));
        assertEquals(1, parts.share(450));
        for (int i = 51; i < 450; i++) {
            assertEquals(1 / 400.0, parts.share(i) - parts.share(i - 1), 1e-6);
        }
        assertEquals(
                List.of(
                        new Parts.Part(0, 1500, 1500),
                        new Parts.Part(1000, 2500, 2500),
                        new Parts.Part(2000, 3000, 3050)),
                parts.all());
    }

    /** The floor is 8 below the loudest value of the whole wave, whichever part that is in. */
    @Test
    void aQuietPartOfALongWaveHasTheFloorOfTheWhole() {
        LogMel front = new LogMel(8);
        float[] wave = new float[4 * 16000];
        for (int i = 0; i < wave.length; i++) {
            wave[i] = (float) ((i < 16000 ? 0.9 : 1e-5) * Math.sin(0.3 * i));
        }
        NDArray mel = front.of(manager, wave, 400), quiet = mel.get(":, :, 150:350");
        float top = mel.max().getFloat();
        assertEquals(top - 2, quiet.min().getFloat(), 1e-6); // 8 / 4
        assertEquals(top - 2, quiet.max().getFloat(), 1e-6, "95 dB below is under the floor");
        float[] alone = Arrays.copyOfRange(wave, 16000, wave.length);
        assertTrue(
                front.of(manager, alone, 300).max().getFloat()
                        > front.of(manager, alone, 300).min().getFloat() + 0.3,
                "alone it is heard");
    }

    /** A frame of the log mel by the definition: a sine's power in the bands around it. */
    @Test
    void theLogMelIsThatOfTheDefinition() {
        float[] wave = Tones.sine(16000, 1, 1000, 0.5).first();
        float[] mel = new LogMel(80).of(manager, wave, 100).toFloatArray();
        float[][] bank = MelFilters.bank(16000, 400, 80, 0, 8000);
        double[] power = new double[201];
        int frame = 50, from = frame * 160 - 200;
        for (int k = 0; k <= 200; k++) {
            double re = 0, im = 0;
            for (int i = 0; i < 400; i++) {
                double hann = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / 400), x = wave[from + i] * hann;
                re += x * Math.cos(2 * Math.PI * k * i / 400);
                im -= x * Math.sin(2 * Math.PI * k * i / 400);
            }
            power[k] = re * re + im * im;
        }
        double[] log = new double[80];
        for (int m = 0; m < 80; m++) {
            for (int k = 0; k <= 200; k++) {
                log[m] += bank[m][k] * power[k];
            }
            log[m] = Math.log10(Math.max(log[m], 1e-10));
        }
        double top = Arrays.stream(log).max().getAsDouble(); // the sine is steady, so every frame has this one
        for (int m = 0; m < 80; m++) {
            // float32 of the transform: 1e-7 of the loudest bin, which shows in bands 70 dB below
            assertEquals((Math.max(log[m], top - 8) + 4) / 4, mel[m * 100 + frame], 0.02, "band " + m);
        }
    }

    @Test
    void whatTheNetworkCannotTakeIsRefused() {
        try (WhisperEncoder net = WhisperEncoder.random(manager, SIZES, Form.PLACELESS, 1)) {
            String said = assertThrows(
                            Problem.class,
                            () -> net.units(manager, Wave.mono(new float[319], 16000), Precision.FLOAT32))
                    .getMessage();
            assertTrue(said.contains("at least 320 samples") && said.contains("319"), said);
            assertEquals(
                    1,
                    net.units(manager, sung(0.02), Precision.FLOAT32).getShape().get(1));
            for (int frames : new int[] {1, 3, 122}) {
                NDArray mel = manager.zeros(new Shape(1, SIZES.bands(), frames));
                assertThrows(Problem.class, () -> net.encode(mel), frames + " frames");
            }
        }
    }

    @Test
    void nothingStaysBehindWithTheOwnerOfTheResult() {
        try (WhisperEncoder net = WhisperEncoder.random(manager, SIZES, Form.PLACELESS, 1)) {
            net.units(manager, sung(3), Precision.FLOAT32).close(); // opens the script, hears silence
            int before = manager.getManagedArrays().size();
            for (int i = 0; i < 3; i++) {
                net.units(manager, sung(3), Precision.FLOAT32).close();
            }
            assertEquals(before, manager.getManagedArrays().size());
        }
    }

    @Test
    void bothFormsHaveSignaturesOfTheirOwn() {
        try (WhisperEncoder one = WhisperEncoder.random(manager, SIZES, Form.PLACELESS, 1);
                WhisperEncoder other = WhisperEncoder.random(manager, SIZES, Form.PPG, 1)) {
            assertTrue(!one.signature().equals(other.signature()), one.signature());
            assertEquals(50, one.unitsPerSecond());
            assertArrayEquals(new int[] {128, 16000}, new int[] {one.width(), one.sampleRateHz()});
        }
    }
}
