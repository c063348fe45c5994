package diffsvc.dataset;

import diffsvc.checkpoint.TorchTensor;
import java.util.List;

/**
 * One stretch of one recording with its conditions. The values stay in the shard until a batch reads them.
 *
 * @param name {@code recording#number}, followed by the augmentation if there is one
 * @param recording file it comes from, relative to the folder that was walked
 * @param mel [T, M] log10, float16: 11 bits of a number between -6 and 2
 * @param units one or more, each [P, H]; the first are those of the clip as it is, the others of dataset.unit_speeds
 * @param f0Hz [T] in Hz, 0 where unvoiced
 */
public record Clip(String name, String recording, TorchTensor mel, List<TorchTensor> units, TorchTensor f0Hz) {
    /**
     * A clip of plain arrays, row by row.
     *
     * @param mel [T, M] row by row, log10
     * @param units each [P, H] row by row
     * @param f0Hz [T] in Hz, 0 where unvoiced
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

    /** Mel frames, T. */
    public int frames() {
        return (int) mel.shape()[0];
    }

    /** Mel bins, M. */
    public int melBins() {
        return (int) mel.shape()[1];
    }

    /** Width of a unit, H. */
    public int unitWidth() {
        return (int) units.get(0).shape()[1];
    }
}
