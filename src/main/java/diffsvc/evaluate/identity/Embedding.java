package diffsvc.evaluate.identity;

import java.util.Arrays;
import java.util.List;

/**
 * Where a voice lies among voices: a direction in the encoder's space, of length 1 and without negative values.
 *
 * @param values [E]; all NaN for a recording without sound, which has no voice
 */
public record Embedding(float[] values) {
    /** That of a recording without sound. */
    static Embedding none(int size) {
        float[] values = new float[size];
        Arrays.fill(values, Float.NaN);
        return new Embedding(values);
    }

    /** The direction of a vector [E]; a vector of length 0 has none. */
    static Embedding along(double[] sum) {
        double squares = 0;
        for (double v : sum) {
            squares += v * v;
        }
        float[] values = new float[sum.length];
        for (int i = 0; i < sum.length; i++) {
            values[i] = (float) (sum[i] / Math.sqrt(squares)); // 0 / 0 is NaN
        }
        return new Embedding(values);
    }

    /**
     * The direction of the mean of some; those of recordings without sound count for nothing.
     *
     * @param some at least one
     */
    public static Embedding mean(List<Embedding> some) {
        double[] sum = new double[some.get(0).values.length];
        for (Embedding one : some) {
            for (int i = 0; i < sum.length && one.exists(); i++) {
                sum[i] += one.values[i];
            }
        }
        return along(sum);
    }

    /** Whether the recording had a voice to embed. */
    public boolean exists() {
        return Float.isFinite(values[0]);
    }

    /**
     * The cosine of the angle between two: 1 for the same direction, 0 for none in common, and never below, because no
     * value is negative. NaN where one of them does not exist.
     */
    public double cosine(Embedding other) {
        double sum = 0;
        for (int i = 0; i < values.length; i++) {
            sum += values[i] * (double) other.values[i];
        }
        return Math.min(1, sum); // rounding may lead beyond; NaN stays
    }

    @Override
    public String toString() {
        return exists() ? "a voice in " + values.length + " dimensions" : "no voice";
    }
}
