package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.check.Problem;
import java.util.Map;

/**
 * What a call had computed when it was stopped.
 *
 * @param stage diffusion, song, preprocess
 * @param done steps, slices or recordings that were finished
 * @param of how many there would have been
 * @param arrays of sampling: x [B, 1, M, T] where it stood, x0 [B, 1, M, T] its guess of the clean mel and mel [B, T,
 *     M], that guess as log10; the last two only after a step. B is 1, but for conversions that were denoised together
 * @param wave of a song: the part that was converted, or null
 */
public record PartialResult(String stage, int done, int of, Map<String, NDArray> arrays, Wave wave) {
    /**
     * One array.
     *
     * @param name x, x0 or mel
     * @throws Problem when there is none of that name
     */
    public NDArray get(String name) {
        if (!arrays.containsKey(name)) {
            throw Problem.in("last", "one of " + String.join(", ", arrays.keySet()), name, "correct the name");
        }
        return arrays.get(name);
    }

    @Override
    public String toString() {
        return stage + ": " + done + " of " + of + (arrays.isEmpty() ? "" : "; " + String.join(", ", arrays.keySet()))
                + (wave == null ? "" : "; " + wave);
    }
}
