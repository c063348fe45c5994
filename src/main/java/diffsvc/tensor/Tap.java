package diffsvc.tensor;

/**
 * A place in a network whose value can be kept or replaced while the network runs ({@link Inner}).
 *
 * @param name of the value, "block7.skip" in the network and "wavenet.block7.skip" in a voice
 * @param shape letters and sizes, "[1, 256, T]"
 * @param meaning in a few words
 */
public record Tap(String name, String shape, String meaning) {
    /** The same place, named from one level further out. */
    public Tap under(String prefix) {
        return new Tap(prefix + name, shape, meaning);
    }

    @Override
    public String toString() {
        return name + " " + shape + ", " + meaning;
    }
}
