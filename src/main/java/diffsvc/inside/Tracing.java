package diffsvc.inside;

import ai.djl.ndarray.NDArray;
import diffsvc.check.Bound;
import diffsvc.check.Problem;
import diffsvc.conds.F0Metrics;
import diffsvc.conds.F0Track;
import diffsvc.conds.VocalRange;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.content.PhoneJudge;
import diffsvc.progress.Progress;
import diffsvc.tensor.Summary;
import diffsvc.voice.Compare;
import diffsvc.voice.Conversion;
import diffsvc.voice.Steps;
import diffsvc.voice.Tapped;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Causal tracing (Meng et al., arXiv:2202.05262, section 2.1): changes inner values of a conversion one place at a
 * time, block by block and group of steps by group of steps, and measures what follows from each.
 *
 * <pre>{@code
 * var effects = Tracing.of(c).from(c.key(5)).at("wavenet.*.skip").inGroups(5).run();
 * effects.heat(plots, "f0 cents");
 * }</pre>
 *
 * <p>Without {@link #from}, the values become 0 ({@link #with} changes that).
 */
public final class Tracing {
    private static final double NEAR_CENTS = 100;
    private final Conversion own;
    private final Conversion other;
    private final UnaryOperator<NDArray> change;
    private final String taps;
    private final int groups;
    private final boolean phones;
    private final boolean together;

    private Tracing(
            Conversion own,
            Conversion other,
            UnaryOperator<NDArray> change,
            String taps,
            int groups,
            boolean phones,
            boolean together) {
        this.own = own;
        this.other = other;
        this.change = change;
        this.taps = taps;
        this.groups = groups;
        this.phones = phones;
        this.together = together;
    }

    /** Traces a conversion; each block's skip is set to 0, at all steps. */
    public static Tracing of(Conversion conversion) {
        return new Tracing(conversion, null, x -> x.mul(0), "wavenet.block*.skip", 1, false, false);
    }

    /**
     * Takes the values of another conversion: of another song, in another voice of the same sizes, with another seed.
     *
     * @param other as many frames and steps as this one; slice the longer song
     */
    public Tracing from(Conversion other) {
        return new Tracing(own, other, null, taps, groups, phones, together);
    }

    /** Changes the values in some other way. */
    public Tracing with(UnaryOperator<NDArray> change) {
        return new Tracing(own, null, change, taps, groups, phones, together);
    }

    /**
     * Traces other places.
     *
     * @param taps a name or pattern, as {@link Conversion#tap} takes it
     */
    public Tracing at(String taps) {
        return new Tracing(own, other, change, taps, groups, phones, together);
    }

    /**
     * Splits the sampler's steps into groups of equal length, each changed by itself.
     *
     * @param groups 1 changes all steps together
     */
    public Tracing inGroups(int groups) {
        Bound.whole("tracing", "groups of steps", groups, 1, Integer.MAX_VALUE);
        return new Tracing(own, other, change, taps, groups, phones, together);
    }

    /** Asks for the phones too: a wave and a run of the project's own content encoder for each place. */
    public Tracing withPhones() {
        return new Tracing(own, other, change, taps, groups, true, together);
    }

    /** Changes all the places at once: what follows from a layer's values in every block, by groups of steps. */
    public Tracing together() {
        return new Tracing(own, other, change, taps, groups, phones, true);
    }

    /** The effect of each place. */
    public Effects run() {
        return run(Progress.NONE);
    }

    /**
     * The effect of each place.
     *
     * @param progress {@code at("tracing", ...)} after each place
     * @throws Problem when the other conversion's values have other shapes or steps
     */
    public Effects run(Progress progress) {
        int steps = own.voice().times().length - 1;
        List<String> places = own.voice().taps().matching(taps).names();
        List<List<String>> sets =
                together ? List.of(places) : places.stream().map(List::of).toList();
        List<Effects.Effect> effects = new ArrayList<>();
        MelPitch pitch = new MelPitch(own.voice().hparams().audio());
        F0Track f0 = pitch.of(own.sampled());
        boolean[] shown = shown(f0, own.condition().f0Denorm().toFloatArray());
        double apart = other == null ? Double.NaN : Compare.apart(own.sampled(), other.sampled());
        long done = 0,
                of = sets.stream().mapToLong(set -> groups(set, steps).size()).sum();
        try (PhoneJudge judge = phones ? new PhoneJudge(own.voice().paths()) : null;
                Tapped values = other == null ? null : other.tap(taps)) {
            int[] spoken = judge == null ? null : judge.labels(Sound.of("own", own.wave()));
            for (List<String> set : sets) {
                for (Steps group : groups(set, steps)) {
                    try (Conversion changed = changed(set, group, steps, values)) {
                        F0Track came = pitch.of(changed.sampled());
                        effects.add(new Effects.Effect(
                                together ? taps : set.get(0),
                                group,
                                Compare.apart(changed.sampled(), own.sampled()),
                                other == null
                                        ? Double.NaN
                                        : 1 - Compare.apart(changed.sampled(), other.sampled()) / apart,
                                cents(f0, came, shown),
                                1 - F0Metrics.of(f0, came).voicing(),
                                judge == null
                                        ? Double.NaN
                                        : otherLabels(spoken, judge.labels(Sound.of("changed", changed.wave())))));
                    }
                    progress.at("tracing", ++done, of);
                }
            }
        }
        return new Effects(effects);
    }

    private Conversion changed(List<String> set, Steps group, int steps, Tapped values) {
        Conversion patched = own;
        for (String tap : set) {
            if (values == null) {
                patched = patched.patch(tap, group, change);
            } else if (!isSampled(tap)) {
                patched = patched.patch(tap, x -> fitting(tap, x, values.at(tap, 0)));
            } else {
                for (int i = group.from(); i < Math.min(steps, group.to()); i++) {
                    int step = i;
                    patched = patched.patch(tap, Steps.step(i), x -> fitting(tap, x, values.at(tap, step)));
                }
            }
        }
        return patched;
    }

    private static NDArray fitting(String tap, NDArray own, NDArray other) {
        if (!own.getShape().equals(other.getShape())) {
            throw Problem.in(
                    "tracing",
                    "values of " + tap + " of one shape in both conversions",
                    Summary.shape(own) + " and " + Summary.shape(other),
                    "slice the longer song, and take voices of the same sizes");
        }
        return other;
    }

    private List<Steps> groups(List<String> set, int steps) {
        if (groups == 1 || !set.stream().allMatch(Tracing::isSampled)) {
            return List.of(Steps.ALL);
        }
        int count = Math.min(groups, steps);
        List<Steps> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(Steps.steps(i * steps / count, (i + 1) * steps / count));
        }
        return all;
    }

    /** Whether a value is made at each step; the others are made once for a song. */
    private static boolean isSampled(String tap) {
        return tap.startsWith("wavenet.") || tap.startsWith("sampler.");
    }

    /** Frames in which the mel shows the F0 that was asked for: elsewhere it shows none, or a formant. */
    private static boolean[] shown(F0Track f0, float[] askedHz) {
        boolean[] shown = new boolean[f0.frames()];
        for (int t = 0; t < shown.length; t++) {
            shown[t] = f0.voiced()[t] && Math.abs(cents(askedHz[t], f0.f0Hz()[t])) < NEAR_CENTS;
        }
        return shown;
    }

    private static double cents(double from, double to) {
        return 100 * VocalRange.semitones(to, from);
    }

    /** The median of what the F0 moves by where both show one, cents; NaN where that is nowhere. */
    private static double cents(F0Track own, F0Track came, boolean[] shown) {
        double[] moves = new double[own.frames()];
        int count = 0;
        for (int t = 0; t < own.frames(); t++) {
            if (shown[t] && came.voiced()[t]) {
                moves[count++] = cents(own.f0Hz()[t], came.f0Hz()[t]);
            }
        }
        Arrays.sort(moves, 0, count);
        return count == 0 ? Double.NaN : (moves[(count - 1) / 2] + moves[count / 2]) / 2;
    }

    private static double otherLabels(int[] own, int[] came) {
        int count = Math.min(own.length, came.length), others = 0;
        for (int i = 0; i < count; i++) {
            others += own[i] != came[i] ? 1 : 0;
        }
        return count == 0 ? Double.NaN : others / (double) count;
    }

    @Override
    public String toString() {
        return "Tracing of " + taps + (groups == 1 ? " at all steps" : " in " + groups + " groups of steps") + ", "
                + (other == null ? "changed" : "taken from " + other.song()) + "; run() measures the effects";
    }
}
