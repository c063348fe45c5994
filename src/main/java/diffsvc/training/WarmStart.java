package diffsvc.training;

import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.Weights;
import diffsvc.diffusion.wavenet.WaveNet;
import java.util.Arrays;

/**
 * Initial weights with which the denoiser returns its input: "all of it is noise". At large t that is nearly right, and
 * an error there is multiplied by 1/alpha in x0, so a small network that must first learn the identity through ReLUs
 * wastes most of its updates. Architecture and file format stay the same.
 *
 * <p>Input weights [I; -I] split x into its positive and negative part; layer 0 carries 0.1 (x+ - x-) through tanh with
 * the gate open, its skip half undoes the scale; all other skip halves are zero; the last two layers are the identity
 * and [I, -I].
 */
final class WarmStart {
    private static final float SCALE = 0.1f, OPEN = 4f;

    private WarmStart() {}

    /** Overwrites the weights that the identity needs; the others stay random. */
    static void passThrough(WaveNet net) {
        int m = net.sizes().mels(),
                c = net.sizes().channels(),
                layers = net.sizes().layers();
        if (c < 2 * m) {
            throw Problem.in(
                    "train",
                    "at least " + 2 * m + " channels for a warm start over " + m + " bins",
                    String.valueOf(c),
                    "set training.warm_start=false");
        }
        Weights w = net.weights();
        edit(w, "input_projection.weight", (v, shape) -> {
            for (int o = 0; o < 2 * m; o++) {
                Arrays.fill(v, o * m, (o + 1) * m, 0);
                v[o * m + o % m] = o < m ? 1 : -1;
            }
        });
        edit(w, "residual_layers.0.dilated_conv.weight", (v, shape) -> {
            int row = c * 3;
            for (int j = 0; j < m; j++) {
                Arrays.fill(v, j * row, (j + 1) * row, 0); // gate
                Arrays.fill(v, (c + j) * row, (c + j + 1) * row, 0); // value
                v[(c + j) * row + j * 3 + 1] = SCALE;
                v[(c + j) * row + (m + j) * 3 + 1] = -SCALE;
            }
        });
        edit(w, "residual_layers.0.dilated_conv.bias", (v, shape) -> Arrays.fill(v, 0, m, OPEN));
        edit(w, "residual_layers.0.diffusion_projection.weight", (v, shape) -> Arrays.fill(v, 0));
        edit(w, "residual_layers.0.conditioner_projection.weight", (v, shape) -> {
            int h = (int) shape.get(1);
            Arrays.fill(v, 0, m * h, 0);
            Arrays.fill(v, c * h, (c + m) * h, 0);
        });
        float undo = (float) (Math.sqrt(layers) * (1 + Math.exp(-OPEN)) / SCALE);
        for (int i = 0; i < layers; i++) {
            boolean first = i == 0;
            edit(w, "residual_layers." + i + ".output_projection.weight", (v, shape) -> {
                Arrays.fill(v, c * c, 2 * c * c, 0);
                for (int j = 0; first && j < m; j++) {
                    v[(c + j) * c + j] = undo;
                    v[(c + m + j) * c + j] = -undo;
                }
            });
        }
        edit(w, "skip_projection.weight", (v, shape) -> {
            Arrays.fill(v, 0);
            for (int j = 0; j < c; j++) {
                v[j * c + j] = 1;
            }
        });
        edit(w, "output_projection.weight", (v, shape) -> {
            Arrays.fill(v, 0);
            for (int j = 0; j < m; j++) {
                v[j * c + j] = 1;
                v[j * c + m + j] = -1;
            }
        });
    }

    private interface Edit {
        void on(float[] values, Shape shape);
    }

    private static void edit(Weights w, String name, Edit edit) {
        float[] values = w.get(name).toFloatArray();
        edit.on(values, w.get(name).getShape());
        w.fill(name, values);
    }
}
