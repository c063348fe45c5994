package diffsvc.evaluate.identity;

import diffsvc.check.Finite;
import diffsvc.check.Problem;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.hipparchus.linear.Array2DRowRealMatrix;
import org.hipparchus.linear.CholeskyDecomposition;

/**
 * A linear probe (Alain and Bengio, arXiv:1610.01644) that names the speaker of single frames of features: what it
 * finds in them is there for every layer behind them. Ridge regression of the speaker, one-hot, on the standardized
 * features, in closed form and in double precision:
 *
 * <p>(sum w z z' + r I) W = sum w z (y - 1/S)', z = (x - mean) / deviation, and W' z + 1/S scores the S speakers.
 *
 * <p>Mean and deviation are those of the training. A frame's weight w is 1 / (S x frames of its speaker), so each
 * speaker counts the same and a probe that learns nothing is right in 1/S of the cases. A feature that does not change
 * in the training says nothing and is left out. Frames are seen one by one: order and length tell nothing.
 *
 * <p>Regression on one-hot speakers cannot single out a speaker who lies between others on a line; with features of
 * more dimensions than speakers that is rare.
 */
public final class SpeakerProbe {
    private static final String STAGE = "leak";
    /**
     * r, in parts of a standardized feature's variance: keeps the system solvable where features depend on one another.
     */
    private static final double RIDGE = 1e-4;
    /** Deviations below this share of the mean are rounding, not change. */
    private static final double ROUNDING = 1e-9;

    private final List<String> speakers;
    private final double[] mean, scale;
    /** [D][S]. */
    private final double[][] weights;

    private SpeakerProbe(List<String> speakers, double[] mean, double[] scale, double[][] weights) {
        this.speakers = speakers;
        this.mean = mean;
        this.scale = scale;
        this.weights = weights;
    }

    /**
     * Frames of one recording.
     *
     * @param frames [T][D], at least one
     */
    public record Utterance(String speaker, float[][] frames) {
        /**
         * Checks the frames.
         *
         * @throws Problem when there is none, their widths differ, or a value is not finite
         */
        public Utterance {
            if (frames.length == 0) {
                throw refused("at least one frame of each recording", "none of " + speaker, "leave it out");
            }
            for (float[] frame : frames) {
                if (frame.length != frames[0].length || !Finite.all(frame)) {
                    throw refused(
                            "frames of one width with finite values",
                            "other ones of " + speaker,
                            "find the stage that made them");
                }
            }
        }

        private int width() {
            return frames[0].length;
        }
    }

    /**
     * How often the probe is right on recordings that it was not trained on. Each speaker counts the same, whatever
     * their number of frames.
     *
     * @param frames share of the frames, 0 to 1
     * @param recordings share of the recordings, each named by the sum of its frames' scores
     * @param chance 1/S: what a probe comes to on features that do not depend on the speaker
     * @param testFrames number of frames behind {@code frames}
     * @param testRecordings number of recordings behind {@code recordings}
     */
    public record Accuracy(double frames, double recordings, double chance, int testFrames, int testRecordings) {}

    /**
     * Trains a probe.
     *
     * @throws Problem for fewer than two speakers, or features of several widths
     */
    public static SpeakerProbe fit(List<Utterance> training) {
        TreeMap<String, Integer> counts = new TreeMap<>();
        training.forEach(u -> counts.merge(u.speaker, u.frames.length, Integer::sum));
        if (counts.size() < 2) {
            throw refused(
                    "recordings of at least two speakers",
                    counts.isEmpty() ? "none" : "those of " + counts.firstKey() + " alone",
                    "add another speaker");
        }
        List<String> speakers = List.copyOf(counts.keySet());
        int width = training.get(0).width();
        requireWidth(width, training);
        double[] each = counts.values().stream()
                .mapToDouble(n -> 1.0 / n / speakers.size())
                .toArray();
        double[] mean = new double[width], scale = new double[width];
        for (Utterance u : training) {
            double w = each[speakers.indexOf(u.speaker)];
            for (float[] x : u.frames) {
                for (int i = 0; i < width; i++) {
                    mean[i] += w * x[i];
                }
            }
        }
        for (Utterance u : training) { // a second pass: the first one's rounding is no deviation
            double w = each[speakers.indexOf(u.speaker)];
            for (float[] x : u.frames) {
                for (int i = 0; i < width; i++) {
                    scale[i] += w * (x[i] - mean[i]) * (x[i] - mean[i]);
                }
            }
        }
        for (int i = 0; i < width; i++) {
            double deviation = Math.sqrt(scale[i]);
            scale[i] = deviation <= ROUNDING * Math.abs(mean[i]) ? 0 : 1 / deviation;
        }
        return new SpeakerProbe(speakers, mean, scale, solved(training, speakers, each, mean, scale));
    }

    /** W [D][S]. */
    private static double[][] solved(
            List<Utterance> training, List<String> speakers, double[] each, double[] mean, double[] scale) {
        int width = mean.length;
        double[][] squares = new double[width][width], targets = new double[width][speakers.size()];
        for (Utterance u : training) {
            int speaker = speakers.indexOf(u.speaker);
            for (float[] x : u.frames) {
                double[] z = standardized(x, mean, scale);
                for (int i = 0; i < width; i++) {
                    double wz = each[speaker] * z[i];
                    for (int j = 0; j <= i; j++) {
                        squares[i][j] += wz * z[j];
                    }
                    targets[i][speaker] += wz; // the sum over w z / S is zero: z has no mean
                }
            }
        }
        for (int i = 0; i < width; i++) {
            squares[i][i] += RIDGE;
            for (int j = 0; j < i; j++) {
                squares[j][i] = squares[i][j];
            }
        }
        return new CholeskyDecomposition(new Array2DRowRealMatrix(squares, false))
                .getSolver()
                .solve(new Array2DRowRealMatrix(targets, false))
                .getData();
    }

    private static double[] standardized(float[] x, double[] mean, double[] scale) {
        double[] z = new double[x.length];
        for (int i = 0; i < z.length; i++) {
            z[i] = (x[i] - mean[i]) * scale[i];
        }
        return z;
    }

    /** The speakers of the training, sorted. */
    public List<String> speakers() {
        return speakers;
    }

    /**
     * How much a frame speaks for each of {@link #speakers}, [S]; the scores of a frame sum to 1.
     *
     * @param frame [D]
     */
    public double[] scores(float[] frame) {
        double[] scores = new double[speakers.size()], z = standardized(frame, mean, scale);
        Arrays.fill(scores, 1.0 / scores.length);
        for (int i = 0; i < z.length; i++) {
            for (int s = 0; s < scores.length; s++) {
                scores[s] += weights[i][s] * z[i];
            }
        }
        return scores;
    }

    /**
     * Names the speakers of other recordings.
     *
     * @param test at least one recording of each speaker of the training
     * @throws Problem when a speaker is missing or was not in the training, or the features have another width
     */
    public Accuracy accuracy(List<Utterance> test) {
        requireWidth(mean.length, test);
        List<String> tested =
                test.stream().map(Utterance::speaker).distinct().sorted().toList();
        if (!tested.equals(speakers)) {
            throw refused(
                    "recordings of each speaker in training and test",
                    String.join(", ", speakers) + " and " + (tested.isEmpty() ? "none" : String.join(", ", tested)),
                    "give each speaker at least two recordings");
        }
        int[] frames = new int[speakers.size()],
                rightFrames = frames.clone(),
                recordings = frames.clone(),
                rightRecordings = frames.clone();
        for (Utterance u : test) {
            int speaker = speakers.indexOf(u.speaker);
            double[] sum = new double[speakers.size()];
            for (float[] x : u.frames) {
                double[] scores = scores(x);
                rightFrames[speaker] += best(scores) == speaker ? 1 : 0;
                Arrays.setAll(sum, s -> sum[s] + scores[s]);
            }
            frames[speaker] += u.frames.length;
            rightRecordings[speaker] += best(sum) == speaker ? 1 : 0;
            recordings[speaker]++;
        }
        return new Accuracy(
                meanShare(rightFrames, frames),
                meanShare(rightRecordings, recordings),
                1.0 / speakers.size(),
                Arrays.stream(frames).sum(),
                test.size());
    }

    private static int best(double[] scores) {
        int best = 0;
        for (int s = 1; s < scores.length; s++) {
            best = scores[s] > scores[best] ? s : best;
        }
        return best;
    }

    private static double meanShare(int[] right, int[] of) {
        double sum = 0;
        for (int s = 0; s < of.length; s++) {
            sum += right[s] / (double) of[s];
        }
        return sum / of.length;
    }

    private static void requireWidth(int width, List<Utterance> utterances) {
        for (Utterance u : utterances) {
            if (u.width() != width) {
                throw refused(
                        "features of one width",
                        width + " and, of " + u.speaker + ", " + u.width(),
                        "take all of them from one stage");
            }
        }
    }

    private static Problem refused(String need, String got, String remedy) {
        return Problem.in(STAGE, need, got, remedy);
    }
}
