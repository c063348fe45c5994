package diffsvc.tensor;

import ai.djl.ndarray.types.Shape;
import java.util.Locale;
import java.util.Map;

/**
 * What one network takes in memory, in bytes, as a function of batch and frames. The formula stands beside the network
 * (which arrays there are, what they grow with); its few numbers are fitted to peaks measured on a CPU, where an array
 * counts as often as the engine and the allocator really hold it. docs/performance.md describes how to measure.
 *
 * @param model hubert, whisper, crepe, pe, embedding, wavenet, nsf_hifigan, hifigan, pair; its row in tables
 * @param framesPerSecond of the network's own time axis: mel frames, units, or CREPE windows
 * @param atOnce items that a conversion works on at the same time: 1 clip, or a batch of windows
 * @param most items at once beyond which a larger batch gains nothing on a CPU
 * @param weights bytes that stay as long as the network is open
 * @param activations bytes above the weights while the network runs
 */
public record Cost(String model, double framesPerSecond, int atOnce, int most, long weights, Activations activations) {
    /** Clips at once beyond which a larger batch gains nothing on a CPU. */
    public static final int MOST_CLIPS = 32;
    /** Bytes of a MiB. */
    public static final double MIB = 1 << 20;
    /** Bytes of a float32. */
    public static final double FLOAT = 4;

    /** Bytes at work. */
    @FunctionalInterface
    public interface Activations {
        /**
         * Bytes beside the weights, for so many clips of so many frames.
         *
         * @param frames T of a clip, on the network's own time axis
         */
        double of(int batch, int frames);
    }

    /** A network that works on one clip at a time in a conversion, and on 32 at most. */
    public Cost(String model, double framesPerSecond, long weights, Activations activations) {
        this(model, framesPerSecond, 1, MOST_CLIPS, weights, activations);
    }

    /** The cost of something without weights, which works on the Java heap alone: 0 bytes. */
    public static Cost none(String model, double framesPerSecond) {
        return new Cost(model, framesPerSecond, 0, (batch, frames) -> 0);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%s: %.1f MiB of weights", model, weights / MIB);
    }

    /** Whether there is a network at all. */
    public boolean isNetwork() {
        return weights > 0;
    }

    /** Bytes above the process without networks, at the peak. */
    public long peak(int batch, int frames) {
        return weights + atWork(batch, frames);
    }

    /** Bytes above the weights, at the peak. */
    public long atWork(int batch, int frames) {
        return Math.round(activations.of(batch, frames));
    }

    /** Frames of a sound on the network's own time axis, rounded up. */
    public int frames(double seconds) {
        return (int) Math.ceil(seconds * framesPerSecond);
    }

    /**
     * Bytes of float32 weights.
     *
     * @param table checkpoint names and shapes
     */
    public static long bytes(Map<String, Shape> table) {
        return 4 * table.values().stream().mapToLong(Shape::size).sum();
    }
}
