package diffsvc.evaluate.identity;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.TorchFile;
import diffsvc.checkpoint.TorchTensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The encoder's walk, its parts and its level, without the published weights. */
class SpeakerEncoderTest {
    private static final SpeakerEncoder.Sizes SMALL = new SpeakerEncoder.Sizes(5, 4, 2, 6);

    @TempDir
    Path folder;

    private static float[] noise(int samples, double level) {
        Random random = new Random(3);
        float[] x = new float[samples];
        for (int i = 0; i < samples; i++) {
            x[i] = (float) (level * random.nextGaussian());
        }
        return x;
    }

    /** As the package counts them. */
    @ParameterizedTest
    @CsvSource({
        "0, 1, 0",
        "25600, 1, 0",
        "31519, 1, 0",
        "31520, 2, 77",
        "37920, 2, 77",
        "48000, 3, 154",
        "112000, 8, 539",
        "960000, 77, 5852"
    })
    void aRecordingIsCutIntoThePackagesParts(int samples, int parts, int last) {
        int[] starts = SpeakerEncoder.starts(samples);
        assertEquals(parts, starts.length);
        assertEquals(last, starts[parts - 1]);
    }

    /** Hochreiter and Schmidhuber with a forget gate, gate by gate in Java; it shows the order of the gates. */
    @Test
    void theWalkIsTheRecurrenceByHand() {
        try (NDManager m = NDManager.newBaseManager();
                SpeakerEncoder net = SpeakerEncoder.random(m, SMALL, 1)) {
            Random random = new Random(2);
            net.weights().all().forEach((name, tensor) -> { // random biases are 0, and would hide a wrong order
                if (name.contains("bias")) {
                    float[] values = new float[(int) tensor.size()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = (float) random.nextGaussian();
                    }
                    net.weights().fill(name, values);
                }
            });
            float[] mel = noise(2 * 7 * SMALL.mels(), 1);
            float[] ours =
                    net.walk(m.create(mel, new Shape(2, 7, SMALL.mels()))).toFloatArray();
            for (int b = 0; b < 2; b++) {
                double[][] x = new double[7][SMALL.mels()];
                for (int t = 0; t < 7; t++) {
                    for (int i = 0; i < SMALL.mels(); i++) {
                        x[t][i] = mel[(b * 7 + t) * SMALL.mels() + i];
                    }
                }
                for (int layer = 0; layer < SMALL.layers(); layer++) {
                    x = lstm(net, layer, x);
                }
                double[] y = new double[SMALL.embedding()];
                double squares = 0;
                for (int i = 0; i < y.length; i++) {
                    y[i] = Math.max(
                            0,
                            row(net, "linear.weight", i, x[6])
                                    + net.weights().get("linear.bias").getFloat(i));
                    squares += y[i] * y[i];
                }
                assertTrue(squares > 0, "something to compare");
                for (int i = 0; i < y.length; i++) {
                    assertEquals(y[i] / Math.sqrt(squares), ours[b * y.length + i], 1e-6, "float32 against float64");
                }
            }
        }
    }

    private static double row(SpeakerEncoder net, String name, int row, double[] x) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += net.weights().get(name).getFloat(row, i) * x[i];
        }
        return sum;
    }

    private static double[][] lstm(SpeakerEncoder net, int layer, double[][] x) {
        int h = SMALL.hidden();
        double[] state = new double[h], cell = new double[h];
        double[][] out = new double[x.length][];
        for (int t = 0; t < x.length; t++) {
            double[] gate = new double[4 * h];
            for (int i = 0; i < gate.length; i++) {
                gate[i] = row(net, "lstm.weight_ih_l" + layer, i, x[t])
                        + net.weights().get("lstm.bias_ih_l" + layer).getFloat(i)
                        + row(net, "lstm.weight_hh_l" + layer, i, state)
                        + net.weights().get("lstm.bias_hh_l" + layer).getFloat(i);
            }
            double[] next = new double[h];
            for (int i = 0; i < h; i++) {
                cell[i] = sigmoid(gate[h + i]) * cell[i] + sigmoid(gate[i]) * Math.tanh(gate[2 * h + i]);
                next[i] = sigmoid(gate[3 * h + i]) * Math.tanh(cell[i]);
            }
            state = next;
            out[t] = next;
        }
        return out;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    /** 38 parts are two batches; a mel of the whole and a walk of each part give the same. */
    @Test
    void whereABatchEndsChangesNothing() {
        float[] x = noise(480_000, 0.1);
        try (NDManager m = NDManager.newBaseManager();
                SpeakerEncoder net = SpeakerEncoder.random(m, SMALL, 1)) {
            float[][] parts = net.parts(x);
            int[] starts = SpeakerEncoder.starts(x.length);
            assertEquals(38, parts.length);
            NDArray whole = net.mel(m, x, 1, 0, starts[37] + SpeakerEncoder.PART_FRAMES);
            for (int part : new int[] {0, 31, 32, 37}) {
                NDArray own = whole.get(starts[part] + ":" + (starts[part] + SpeakerEncoder.PART_FRAMES));
                assertArrayEquals(
                        net.walk(own.expandDims(0)).toFloatArray(),
                        parts[part],
                        1e-6f,
                        "part " + part); // sums in float32
            }
        }
    }

    @Test
    void aQuietRecordingIsRaisedToThirtyDecibelsBelowFullScaleAndALoudOneStays() {
        float[] square = new float[1000];
        Arrays.fill(square, 0.01f); // -40 dB
        assertEquals(Math.sqrt(10), SpeakerEncoder.gain(square), 1e-5, "10 dB; 0.01 in float32");
        Arrays.fill(square, 0.5f);
        assertEquals(1, SpeakerEncoder.gain(square));
    }

    @Test
    void whatHasNoSoundHasNoVoice() {
        try (NDManager m = NDManager.newBaseManager();
                SpeakerEncoder net = SpeakerEncoder.random(m, SMALL, 1)) {
            net.weights().fill("linear.bias", new float[] {1, 1, 1, 1, 1, 1}); // the ReLU leaves something
            float[] broken = noise(16_000, 0.1);
            broken[99] = Float.NaN;
            for (float[] none : new float[][] {{}, new float[16_000], noise(16_000, 1e-5), broken}) {
                Embedding embedding = net.embedding(none);
                assertFalse(embedding.exists());
                assertEquals(Double.NaN, embedding.cosine(embedding));
            }
            Embedding one = net.embedding(new float[] {0.5f}), other = net.embedding(noise(25_600, 0.1));
            assertTrue(one.exists(), "one sample is short, and still a sound");
            assertEquals(1, other.cosine(other), 1e-6, "float32");
            assertFalse(Arrays.equals(one.values(), other.values()));
            Embedding silent = net.embedding(new float[0]);
            assertArrayEquals(
                    other.values(), Embedding.mean(List.of(silent, other)).values(), 1e-7f, "float32");
            assertFalse(Embedding.mean(List.of(silent)).exists());
        }
    }

    @Test
    void nothingIsLeftBehind() {
        try (NDManager m = NDManager.newBaseManager();
                SpeakerEncoder net = SpeakerEncoder.random(m, SMALL, 1)) {
            int before = net.weights().manager().getManagedArrays().size();
            net.embedding(noise(60_000, 0.1));
            assertEquals(before, net.weights().manager().getManagedArrays().size());
        }
    }

    /** A checkpoint of the package's layout opens, its two unused numbers included; another network's is refused. */
    @Test
    void aCheckpointIsComparedNameByName() {
        Map<String, TorchTensor> state = new LinkedHashMap<>();
        try (NDManager m = NDManager.newBaseManager();
                SpeakerEncoder net = SpeakerEncoder.random(m, SMALL, 1)) {
            state.put("similarity_weight", TorchTensor.of(new float[] {10}, new long[] {1}));
            state.put("similarity_bias", TorchTensor.of(new float[] {-5}, new long[] {1}));
            state.putAll(net.weights().toTensors(""));
            Path file = folder.resolve("encoder.pt");
            TorchFile.write(file, Map.of("step", 1L, "model_state", state));
            try (SpeakerEncoder back = SpeakerEncoder.load(m, file)) {
                assertEquals(SMALL, back.sizes());
                float[] x = noise(30_000, 0.1);
                assertArrayEquals(net.embedding(x).values(), back.embedding(x).values());
            }
            state.put("projection.weight", TorchTensor.of(new float[] {1}, new long[] {1}));
            state.remove("linear.bias");
            TorchFile.write(folder.resolve("other.pt"), Map.of("model_state", state));
            String said = assertThrows(Problem.class, () -> SpeakerEncoder.load(m, folder.resolve("other.pt")))
                    .getMessage();
            assertTrue(
                    said.contains("linear.bias (6) is missing") && said.contains("projection.weight (1) is not part"),
                    said);
        }
    }
}
