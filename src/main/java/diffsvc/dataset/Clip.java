package diffsvc.dataset;

import diffsvc.checkpoint.TorchTensor;
import java.util.List;

/**
 * One stretch of one recording with its conditions, as it lies in its shard: values are read when a batch needs them.
 *
 * @param name recording, clip number and what was done to it
 * @param recording file it comes from, relative to the folder that was walked
 * @param mel [T, M] log10, float16: 11 bits of a number between -6 and 2
 * @param units one or more readings, each [P, H]; the first is of the clip as it is
 * @param f0Hz [T], 0 where unvoiced
 */
public record Clip(String name, String recording, TorchTensor mel, List<TorchTensor> units, TorchTensor f0Hz) {
    /**
     * A clip of plain arrays, row by row.
     *
     * @param name recording#part
     * @param mel [T M] row by row, log10
     * @param melBins M
     * @param units [P H] row by row, one an unit speed
     * @param unitWidth H
     * @param f0Hz [T] Hz, 0 where unvoiced
     * @return a clip
     */
    public static Clip of(String name, float[] mel, int melBins, List<float[]> units, int unitWidth, float[] f0Hz) {
        return new Clip(
                name,
                name,
                TorchTensor.half(mel, f0Hz.length, melBins),
                units.stream()
                        .map(u -> TorchTensor.half(u, u.length / unitWidth, unitWidth))
                        .toList(),
                TorchTensor.of(f0Hz, f0Hz.length));
    }

    /**
     * T.
     *
     * @return T
     */
    public int frames() {
        return (int) mel.shape()[0];
    }

    /**
     * M.
     *
     * @return M
     */
    public int melBins() {
        return (int) mel.shape()[1];
    }

    /**
     * H.
     *
     * @return H
     */
    public int unitWidth() {
        return (int) units.get(0).shape()[1];
    }
}
