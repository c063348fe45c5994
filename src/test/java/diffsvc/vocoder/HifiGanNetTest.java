package diffsvc.vocoder;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.hparams.VocoderKind;
import diffsvc.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The transposed convolution against its definition, for kernels that are and are not multiples of the rate. */
class HifiGanNetTest {
    @org.junit.jupiter.api.io.TempDir
    Path folder;

    @Test
    void everyOutputSampleIsTheSumOfItsTaps() {
        Random random = new Random(1);
        try (NDManager m = NDManager.newBaseManager()) {
            for (int[] c :
                    new int[][] {{2, 3, 5, 8, 16}, {1, 2, 7, 4, 10}, {3, 1, 4, 2, 4}, {1, 1, 1, 5, 7}, {2, 2, 9, 3, 3}
                    }) {
                int in = c[0],
                        out = c[1],
                        t = c[2],
                        u = c[3],
                        k = c[4],
                        pad = (k - u) / 2,
                        length = (t - 1) * u + k - 2 * pad;
                float[] x = floats(random, in * t), w = floats(random, in * out * k), bias = floats(random, out);
                NDArray y = HifiGanNet.transposed(
                        m.create(x, new Shape(1, in, t)), m.create(w, new Shape(in, out, k)), m.create(bias), u, pad);
                assertEquals(new Shape(1, out, length), y.getShape());
                float[] ours = y.toFloatArray();
                for (int o = 0; o < out; o++) {
                    for (int n = 0; n < length; n++) {
                        double sum = bias[o];
                        for (int i = 0; i < in; i++) {
                            for (int s = 0; s < t; s++) {
                                int tap = n + pad - s * u;
                                sum += tap >= 0 && tap < k ? x[i * t + s] * (double) w[(i * out + o) * k + tap] : 0;
                            }
                        }
                        assertEquals(sum, ours[o * length + n], 1e-4);
                    }
                }
            }
        }
    }

    @Test
    void aConfigurationOfAnotherVocoderIsNamedKeyByKey() throws IOException {
        Path from = Golden.FOLDER.resolve("nsf_hifigan");
        Files.copy(from.resolve("model"), folder.resolve("model"));
        String json = Files.readString(from.resolve("config.json"));
        // ten times what the file has, whatever that is
        String[][] changes = {
            {"(\"upsample_initial_channel\": \\d+)", "$10", "upsample_initial_channel"},
            {"(\"num_mels\": \\d+)", "$10", "num_mels"},
            {"\"resblock\": \"1\"", "\"resblock\": 1", "resblock"}
        };
        for (String[] c : changes) {
            Files.writeString(folder.resolve("config.json"), json.replaceAll(c[0], c[1]));
            try (NDManager m = NDManager.newBaseManager()) {
                String said = org.junit.jupiter.api.Assertions.assertThrows(
                                Problem.class, () -> HifiGan.load(m, VocoderKind.NSF_HIFIGAN, folder.resolve("model")))
                        .getMessage();
                org.junit.jupiter.api.Assertions.assertTrue(
                        said.contains(c[2] + (c[2].startsWith("num") ? "" : " is")), said);
            }
        }
    }

    private static float[] floats(Random random, int n) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }
}
