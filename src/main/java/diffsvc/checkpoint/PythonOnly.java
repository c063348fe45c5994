package diffsvc.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Tensors of the Python project's embedding that no side uses if F0 is given: {@code mel_out} and
 * {@code pitch_predictor} of FastSpeech 2 (arXiv:2006.04558). Its strict load requires them, and its optimizer counts
 * them, so a file for that project holds them with neutral values.
 */
public final class PythonOnly {
    private static final int LAYERS = 5, KERNEL = 5;
    private static final String MEL_OUT = "mel_out.",
            PITCH_EMBED = "pitch_embed.weight",
            PREDICTOR = "pitch_predictor.";

    private PythonOnly() {}

    /**
     * The one buffer among them, by its name.
     *
     * @param prefix "fs2." or "model.fs2."
     */
    public static Map<String, TorchTensor> buffers(String prefix) {
        return Map.of(prefix + PREDICTOR + "embed_positions._float_tensor", level(0, 1));
    }

    /**
     * The parameters among them, by name.
     *
     * @param prefix of the names, "fs2." or "model.fs2."
     * @param hidden H
     * @param bins M
     */
    public static Map<String, TorchTensor> parameters(String prefix, int hidden, int bins) {
        Map<String, TorchTensor> all = new LinkedHashMap<>();
        all.put(prefix + MEL_OUT + "weight", level(0, bins, hidden));
        all.put(prefix + MEL_OUT + "bias", level(0, bins));
        all.put(prefix + PREDICTOR + "pos_embed_alpha", level(1, 1));
        for (int i = 0; i < LAYERS; i++) {
            String layer = prefix + PREDICTOR + "conv." + i + ".";
            all.put(layer + "1.weight", level(0, hidden, hidden, KERNEL));
            all.put(layer + "1.bias", level(0, hidden));
            all.put(layer + "3.weight", level(1, hidden)); // layer norm
            all.put(layer + "3.bias", level(0, hidden));
        }
        all.put(prefix + PREDICTOR + "linear.weight", level(0, 2, hidden));
        all.put(prefix + PREDICTOR + "linear.bias", level(0, 2));
        return all;
    }

    /**
     * Whether these names belong to an embedding that lacks them: one that embeds pitch and has no predictor.
     *
     * @param prefix "fs2." or "model.fs2."
     */
    public static boolean lacking(String prefix, Collection<String> names) {
        return names.contains(prefix + PITCH_EMBED)
                && names.stream().noneMatch(n -> n.startsWith(prefix + PREDICTOR) || n.startsWith(prefix + MEL_OUT));
    }

    /**
     * Inserts them between other parameters, in the order of the Python project's optimizer: mel_out before
     * pitch_embed, pitch_predictor after it.
     *
     * @param prefix "fs2." or "model.fs2."
     * @param parameters in the order of this project
     * @param only those to insert
     */
    public static <T> Map<String, T> among(String prefix, Map<String, T> parameters, Map<String, T> only) {
        List<String> before = new ArrayList<>(), after = new ArrayList<>();
        only.keySet().forEach(n -> (n.startsWith(prefix + MEL_OUT) ? before : after).add(n));
        Map<String, T> all = new LinkedHashMap<>();
        parameters.forEach((name, value) -> {
            if (name.equals(prefix + PITCH_EMBED)) {
                before.forEach(n -> all.put(n, only.get(n)));
            }
            all.put(name, value);
            if (name.equals(prefix + PITCH_EMBED)) {
                after.forEach(n -> all.put(n, only.get(n)));
            }
        });
        return all;
    }

    private static TorchTensor level(float value, long... shape) {
        float[] all = new float[Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b))];
        Arrays.fill(all, value);
        return TorchTensor.of(all, shape);
    }
}
