package diffsvc.infer;

import diffsvc.audio.Recording;
import java.util.ArrayList;
import java.util.List;

/**
 * The place where two slices meet, and how it sounds.
 *
 * @param seconds position in the result
 * @param kind "cut" inside a phrase, "silence" at one
 * @param jump difference of the two samples that meet
 * @param jumpAround largest difference of neighbours within 20 ms
 * @param loudnessDb of the 50 ms around the join, dB of full scale, at least -120
 * @param aroundDb of the loudest 50 ms within 150 ms
 */
public record Join(double seconds, String kind, double jump, double jumpAround, double loudnessDb, double aroundDb) {
    private static final double WINDOW = 0.05,
            AROUND = 0.15,
            NEAR = 0.02,
            FLOOR_DB = -120,
            LOUDER_DB = 0.5,
            AUDIBLE = 1e-3;

    /** Whether it is audible: louder than its surroundings, or a step that the surroundings do not make. */
    public boolean audible() {
        return loudnessDb > aroundDb + LOUDER_DB || jump > AUDIBLE && jump > 2 * jumpAround;
    }

    /** Measures every join of a song. */
    public static List<Join> audit(SliceJoiner joiner, Recording result) {
        List<Join> joins = new ArrayList<>();
        int rate = result.sampleRateHz(),
                n = result.samples(),
                window = (int) (WINDOW * rate),
                around = (int) (AROUND * rate);
        for (int i = 1; i < joiner.slices().size(); i++) {
            int at = joiner.places()[i],
                    from = Math.max(0, at - around - window / 2),
                    to = Math.min(n, at + around + window / 2);
            if (at <= 0 || at >= n) {
                continue;
            }
            float[] x = result.read(from, to).first();
            int here = at - from;
            double jump = Math.abs(x[here] - x[here - 1]), jumpAround = 0, loudest = FLOOR_DB;
            for (int k = Math.max(1, here - (int) (NEAR * rate));
                    k < Math.min(x.length, here + (int) (NEAR * rate));
                    k++) {
                jumpAround = k == here ? jumpAround : Math.max(jumpAround, Math.abs(x[k] - x[k - 1]));
            }
            for (int shift = window / 2; shift <= around; shift += Math.max(1, window / 10)) {
                loudest = Math.max(loudest, Math.max(db(x, here - shift, window), db(x, here + shift, window)));
            }
            joins.add(new Join(
                    at / (double) rate,
                    joiner.slices().get(i).cut() ? "cut" : "silence",
                    jump,
                    jumpAround,
                    db(x, here, window),
                    loudest));
        }
        return joins;
    }

    private static double db(float[] x, int centre, int window) {
        int from = Math.max(0, centre - window / 2), to = Math.min(x.length, centre + window / 2);
        double sum = 0;
        for (int i = from; i < to; i++) {
            sum += (double) x[i] * x[i];
        }
        return to <= from || sum == 0 ? FLOOR_DB : Math.max(FLOOR_DB, 10 * Math.log10(sum / (to - from)));
    }
}
