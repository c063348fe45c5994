package diffsvc.conds;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.hparams.Hparams;
import java.util.function.BiFunction;

/** Aligns units and F0 with the mel's frames, in the form that the embedding model takes. Opens no file. */
public final class Conds2Tensor {
    /**
     * The input of the embedding model.
     *
     * @param units [1, P, H]
     * @param mel2ph [1, T] int64, the unit that each mel frame belongs to, 1-based; 0 is padding
     * @param f0 [1, T] log2 Hz, interpolated through unvoiced frames
     * @param energy [1, T]
     * @param unvoiced [1, T], 1 in unvoiced frames; only models with use_uv read it
     */
    public record Conds(NDArray units, NDArray mel2ph, NDArray f0, NDArray energy, NDArray unvoiced) {
        /**
         * Checks the axes: units [B, P, H], all others [B, T].
         *
         * @throws Problem when one of them has other axes, or they differ in B or T
         */
        public Conds {
            Axes.of("conds")
                    .require("units", units, "B P H")
                    .require("mel2ph", mel2ph, "B T")
                    .require("f0", f0, "B T")
                    .require("energy", energy, "B T")
                    .require("unvoiced", unvoiced, "B T");
        }

        /** Conds whose frames are all voiced. */
        public Conds(NDArray units, NDArray mel2ph, NDArray f0, NDArray energy) {
            this(units, mel2ph, f0, energy, energy.getManager().zeros(energy.getShape()));
        }

        /** The same conds with another f0 [B, T], log2 Hz. */
        public Conds withF0(NDArray other) {
            return new Conds(units, mel2ph, other, energy, unvoiced);
        }

        /** The same conds with each array replaced by what a function of its name and itself gives. */
        public Conds map(BiFunction<String, NDArray, NDArray> each) {
            return new Conds(
                    each.apply("units", units),
                    each.apply("mel2ph", mel2ph),
                    each.apply("f0", f0),
                    each.apply("energy", energy),
                    each.apply("unvoiced", unvoiced));
        }

        /** T, the number of mel frames. */
        public long frames() {
            return mel2ph.getShape().get(1);
        }
    }

    private final Hparams.Pitch pitch;
    private final boolean pythonQuirks;

    /** An alignment for one range of F0; the quirks decide on F0 beyond the range and on the energy. */
    public Conds2Tensor(Hparams.Pitch pitch, Hparams.Quirks quirks) {
        this.pitch = pitch;
        this.pythonQuirks = quirks == Hparams.Quirks.PYTHON;
    }

    /**
     * Aligns units and F0 with the frames of a mel, which only gives the energy.
     *
     * @param manager owner of the arrays of the result
     * @param units [1, P, H]
     * @param mel [1, T, M], log10
     * @return units [1, P, H], mel2ph, f0 (log2 Hz), energy and unvoiced [1, T]
     * @throws Problem when F0 and mel differ in frames
     */
    public Conds align(NDManager manager, NDArray units, F0Track f0Track, NDArray mel) {
        int frames = f0Track.frames();
        Axes.of("conds").require("units", units, "1 P H").require("mel", mel, "1 T M");
        if (mel.getShape().get(1) != frames) {
            throw Problem.in(
                    "conds",
                    "as many F0 frames as mel frames",
                    frames + " and " + mel.getShape().get(1),
                    "follow the F0 with the mel's frame count");
        }
        NDArray mel2ph = manager.create(mel2ph(frames, (int) units.getShape().get(1)), new Shape(1, frames));
        NDArray f0 = manager.create(normInterp(f0Track.f0Hz()), new Shape(1, frames));
        NDArray own = units.duplicate();
        own.attach(manager);
        float[] unvoiced = new float[frames];
        for (int t = 0; t < frames; t++) {
            unvoiced[t] = f0Track.voiced()[t] ? 0 : 1;
        }
        return new Conds(own, mel2ph, f0, energy(manager, mel), manager.create(unvoiced, new Shape(1, frames)));
    }

    /**
     * The unit (1-based, 1 to P) that each of T mel frames takes, [T]. Unit i ends at frame int(i r + r + 0.5),
     * inclusive, r = T / P; the next starts one later, so the first has one frame more (the reference's order of
     * operations).
     */
    public static long[] mel2ph(int frames, int units) {
        if (units < 1 || frames < 0) {
            throw Problem.in(
                    "conds",
                    "at least one unit",
                    units + " units for " + frames + " mel frames",
                    "give a longer sound");
        }
        long[] mel2ph = new long[frames];
        double r = frames / (double) units;
        int start = 0;
        for (int i = 0; i < units; i++) {
            int end = (int) (i * r + r + 0.5);
            for (int t = start; t <= end && t < frames; t++) {
                mel2ph[t] = i + 1;
            }
            start = end + 1;
        }
        return mel2ph;
    }

    /**
     * log2 of F0 [T] in Hz, where 0 is unvoiced. Unvoiced gaps are interpolated linearly in log2, the ends are held; a
     * track without a voiced frame gives 0 (that is 1 Hz).
     */
    public static float[] normInterp(float[] f0Hz) {
        double[] exact = new double[f0Hz.length];
        for (int t = 0; t < exact.length; t++) {
            exact[t] = f0Hz[t];
        }
        return normInterp(exact);
    }

    /** The same in double precision. */
    public static float[] normInterp(double[] f0Hz) {
        float[] log = new float[f0Hz.length];
        int before = -1;
        for (int t = 0; t < log.length; t++) {
            if (f0Hz[t] > 0) {
                double here = log2(f0Hz[t]);
                log[t] = (float) here;
                for (int g = before + 1; g < t; g++) {
                    log[g] = (float)
                            (before < 0
                                    ? here
                                    : log2(f0Hz[before]) + (here - log2(f0Hz[before])) * (g - before) / (t - before));
                }
                before = t;
            }
        }
        for (int g = before + 1; before >= 0 && g < log.length; g++) {
            log[g] = log[before];
        }
        return log;
    }

    /**
     * Shifts log2 F0 [B, T] by semitones. Above f0_max the Python project writes 0, which is 1 Hz (quirk 6); fixed: F0
     * is held at f0_max.
     *
     * @param semitones up, or down below 0
     */
    public NDArray shift(NDArray f0, double semitones) {
        NDArray shifted = f0.add((float) (semitones / 12));
        double top = log2(pitch.f0MaxHz());
        NDArray over = shifted.gt((float) top).toType(shifted.getDataType(), false);
        return shifted.mul(over.neg().add(1)).add(pythonQuirks ? over.mul(0) : over.mul((float) top));
    }

    /**
     * Coarse pitch, 1 to bins - 1, of F0 [T] in Hz: rounded half to even, as NumPy rounds. The embedding has its own,
     * on tensors.
     */
    public static int[] coarse(double[] f0Hz, Hparams.Pitch pitch) {
        double low = mel(pitch.f0MinHz()), high = mel(pitch.f0MaxHz());
        int[] ids = new int[f0Hz.length];
        for (int t = 0; t < ids.length; t++) {
            double m = mel(f0Hz[t]);
            double scaled = m > 0 ? (m - low) * (pitch.f0Bins() - 2) / (high - low) + 1 : m;
            ids[t] = (int) Math.rint(Math.min(pitch.f0Bins() - 1, Math.max(1, scaled)));
        }
        return ids;
    }

    /**
     * The energy of each frame, [1, T]: sqrt of the summed squares of the mel's exponentials; the base is e although
     * the mel is log10 (quirk 5).
     *
     * @param manager owner of the result
     * @param mel [1, T, M], log10
     */
    public NDArray energy(NDManager manager, NDArray mel) {
        try (NDManager scratch = manager.newSubManager()) {
            scratch.tempAttachAll(mel);
            NDArray linear =
                    pythonQuirks ? mel.exp() : mel.mul((float) Math.log(10)).exp();
            NDArray energy = linear.square().sum(new int[] {2}).sqrt(); // [1, T]
            energy.attach(manager);
            return energy;
        }
    }

    private static double mel(double hz) {
        return 1127 * Math.log(1 + hz / 700);
    }

    private static double log2(double x) {
        return Math.log(x) / Math.log(2);
    }
}
