package diffsvc.conds.whisper;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A wave in parts that are no longer than the network's positions. Two neighbours share a third of a part. The units
 * near an end of a part lack what follows or precedes, so a tenth of the shared third at either side is one part's
 * alone, and between them the units go over linearly from one part to the other.
 *
 * @param units P, of the wave
 * @param positions the longest part
 * @param tail units of silence behind the wave, as far as they fit
 */
record Parts(int units, int positions, int tail) {
    /**
     * A part.
     *
     * @param from its first unit
     * @param to the unit behind its last
     * @param fedTo the same with the silence behind the wave
     */
    record Part(int from, int to, int fedTo) {
        int size() {
            return to - from;
        }
    }

    /** Units that two neighbours share. */
    private int shared() {
        return positions / 3;
    }

    /** The parts; each begins where it shares a third with the one before. */
    List<Part> all() {
        List<Part> parts = new ArrayList<>();
        for (int from = 0; ; from += positions - shared()) {
            int to = Math.min(from + positions, units);
            parts.add(new Part(from, to, Math.min(from + positions, units + tail)));
            if (to == units) {
                return parts;
            }
        }
    }

    /** Units of the wave and of the silence that the last part takes. */
    int end() {
        List<Part> parts = all();
        return parts.get(parts.size() - 1).fedTo();
    }

    /** The share of a part in unit i of those it has in common with the one before, 0 to 1; the rest is that one's. */
    float share(int i) {
        double margin = shared() / 10, over = shared() - 2 * margin;
        return (float) Math.max(0, Math.min(1, (i + 0.5 - margin) / over));
    }

    /**
     * The units of the wave, [1, P, H].
     *
     * @param owner of the result, which may be the only row itself
     * @param rows the units of each part [1, to - from, H]
     */
    NDArray joined(NDManager owner, NDList rows) {
        if (rows.size() == 1) {
            return rows.get(0);
        }
        List<Part> parts = all();
        NDArray whole = owner.zeros(new Shape(1, units, rows.get(0).getShape().get(2)));
        for (int n = 0; n < parts.size(); n++) {
            Part part = parts.get(n);
            try (NDManager own = owner.newSubManager()) {
                own.tempAttachAll(rows.get(n));
                float[] weight = new float[part.size()];
                for (int i = 0; i < weight.length; i++) {
                    float in = n == 0 || i >= shared() ? 1 : share(i);
                    int left = i - (positions - shared());
                    weight[i] = n == parts.size() - 1 || left < 0 ? in : 1 - share(left);
                }
                NDArray shares = own.create(weight, new Shape(1, weight.length, 1));
                NDArray here = whole.get(":, " + part.from() + ":" + part.to());
                here.attach(own);
                here.addi(rows.get(n).mul(shares));
            }
        }
        return whole;
    }
}
