package diffsvc.evaluate;

/**
 * What a figure means, the same for every output.
 *
 * @param name of the figure in tables and JSON: one word, or a few joined by hyphens
 * @param unit Hz, cents, dB, LUFS, s; share (0 to 1), cosine (-1 to 1), MOS (1 to 5), or count
 * @param better which way it improves
 * @param digits behind the point that a reader needs
 * @param meaning one sentence without a full stop: definition, and where it misleads
 */
public record Measure(String name, String unit, Better better, int digits, String meaning) {}
