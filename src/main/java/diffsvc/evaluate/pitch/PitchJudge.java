package diffsvc.evaluate.pitch;

import diffsvc.check.Finite;
import diffsvc.conds.F0Table;
import diffsvc.conds.F0Track;
import diffsvc.evaluate.Better;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.Measure;
import diffsvc.evaluate.Subject;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Pitch against the song in the subject's key and against the score, and the vibrato. All tracks are compared on the
 * frames of the output's F0. A silent output, or one with samples that are no numbers, has NaN everywhere.
 */
public final class PitchJudge implements Judge {
    private static final Measure
            RPA =
                    new Measure(
                            "rpa",
                            "share",
                            Better.HIGHER,
                            3,
                            "frames voiced in the source whose F0 in the output is within 50 cents of the source's in the key"),
            RCA = new Measure("rca", "share", Better.HIGHER, 3, "the same with octaves ignored"),
            RECALL =
                    new Measure(
                            "voicing-recall",
                            "share",
                            Better.HIGHER,
                            3,
                            "frames voiced in the source that are voiced in the output"),
            FALSE_ALARM =
                    new Measure(
                            "voicing-false-alarm",
                            "share",
                            Better.LOWER,
                            3,
                            "frames unvoiced in the source that are voiced in the output"),
            CORRELATION =
                    new Measure(
                            "f0-correlation",
                            "correlation",
                            Better.HIGHER,
                            3,
                            "Pearson's, of log F0 over the frames voiced in both; blind to a wrong key"),
            RMSE_HZ =
                    new Measure(
                            "f0-rmse-hz",
                            "Hz",
                            Better.LOWER,
                            1,
                            "root mean square error of F0 over the frames voiced in both; octave errors decide it"),
            RMSE_CENTS = new Measure("f0-rmse-cents", "cents", Better.LOWER, 0, "the same in cents"),
            OCTAVES =
                    new Measure(
                            "octave-errors",
                            "share",
                            Better.LOWER,
                            3,
                            "frames voiced in both that lie nearer to another octave than to the source's"),
            KEY_ERROR =
                    new Measure(
                            "key-error",
                            "cents",
                            Better.NEAR_ZERO,
                            1,
                            "median of output minus source in the key, over the frames voiced in both"),
            RATE =
                    new Measure(
                            "vibrato-rate",
                            "Hz",
                            Better.NEITHER,
                            2,
                            "median over the stretches of 0.6 s that have vibrato"),
            DEPTH =
                    new Measure(
                            "vibrato-depth", "cents", Better.NEITHER, 0, "median over these stretches, to either side"),
            RATE_KEPT = new Measure("vibrato-rate-kept", "Hz", Better.NEAR_ZERO, 2, "output's rate minus source's"),
            DEPTH_KEPT =
                    new Measure(
                            "vibrato-depth-kept",
                            "ratio",
                            Better.NEITHER,
                            2,
                            "output's depth over the source's, 1 where it is kept, 0 where only the source has vibrato"),
            SCORE_RPA =
                    new Measure(
                            "score-rpa",
                            "share",
                            Better.HIGHER,
                            3,
                            "frames voiced in the score whose F0 in the output is within 50 cents of the score's in the key"),
            SCORE_ERROR =
                    new Measure(
                            "score-error",
                            "cents",
                            Better.LOWER,
                            1,
                            "median distance from the score in the key over the frames voiced in both; scoops and vibrato count"),
            DRIFT =
                    new Measure(
                            "drift",
                            "cents/min",
                            Better.NEAR_ZERO,
                            1,
                            "slope of a robust line through the distance from the score, one point a second; NaN below 5 s");

    /** The figures in their order. */
    public static final List<Measure> MEASURES = List.of(
            RPA,
            RCA,
            RECALL,
            FALSE_ALARM,
            CORRELATION,
            RMSE_HZ,
            RMSE_CENTS,
            OCTAVES,
            KEY_ERROR,
            RATE,
            DEPTH,
            RATE_KEPT,
            DEPTH_KEPT,
            SCORE_RPA,
            SCORE_ERROR,
            DRIFT);

    @Override
    public List<Figure> judge(Subject subject) {
        boolean nothing = subject.output().wave().isSilent()
                || !Finite.all(subject.output().samples())
                || subject.source() != null && !Finite.all(subject.source().samples());
        List<Figure> figures = new ArrayList<>();
        F0Track f0 = nothing ? F0Track.of(new float[1], 1) : subject.output().f0();
        F0Track source = subject.source() == null
                ? null
                : nothing
                        ? f0
                        : Deviation.onFramesOf(
                                lengthened(f0, subject.source().f0().frames()),
                                F0Table.of(subject.source().f0(), 0));
        if (source != null) {
            // what an output lacks of the song is unvoiced, so it counts as missed
            F0Accuracy a = F0Accuracy.of(source, lengthened(f0, source.frames()), subject.key());
            figures.add(new Figure(RPA, a.rpa()));
            figures.add(new Figure(RCA, a.rca()));
            figures.add(new Figure(RECALL, a.voicingRecall()));
            figures.add(new Figure(FALSE_ALARM, nothing ? Double.NaN : a.voicingFalseAlarm()));
            figures.add(new Figure(CORRELATION, a.correlation()));
            figures.add(new Figure(RMSE_HZ, a.rmseHz()));
            figures.add(new Figure(RMSE_CENTS, a.rmseCents()));
            figures.add(new Figure(OCTAVES, a.octaveErrors()));
            figures.add(new Figure(
                    KEY_ERROR, Deviation.of(source, f0, subject.key()).median()));
        }
        Vibrato vibrato = Vibrato.of(f0);
        figures.add(new Figure(RATE, vibrato.rateHz()));
        figures.add(new Figure(DEPTH, vibrato.depthCents()));
        if (source != null) {
            Vibrato sung = Vibrato.of(source);
            figures.add(new Figure(RATE_KEPT, vibrato.rateHz() - sung.rateHz()));
            figures.add(new Figure(DEPTH_KEPT, (vibrato.share() == 0 ? 0 : vibrato.depthCents()) / sung.depthCents()));
        }
        if (subject.score() != null) {
            F0Track score = nothing ? f0 : Deviation.onFramesOf(f0, subject.score());
            Deviation off = Deviation.of(score, f0, subject.key());
            figures.add(new Figure(
                    SCORE_RPA, F0Accuracy.of(score, f0, subject.key()).rpa()));
            figures.add(new Figure(SCORE_ERROR, off.medianAbsolute()));
            figures.add(new Figure(DRIFT, off.centsPerMinute()));
        }
        return figures;
    }

    /** The track with unvoiced frames at its end. */
    private static F0Track lengthened(F0Track f0, int frames) {
        return f0.frames() >= frames
                ? f0
                : new F0Track(Arrays.copyOf(f0.f0Hz(), frames), Arrays.copyOf(f0.voiced(), frames), f0.frameSeconds());
    }

    @Override
    public void close() {}
}
