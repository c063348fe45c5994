package diffsvc.evaluate.signal;

import diffsvc.audio.Wave;
import diffsvc.check.Finite;
import diffsvc.evaluate.Better;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.Measure;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import java.util.ArrayList;
import java.util.List;

/**
 * What the output's samples alone say. A silent output, or one with samples that are no numbers, has NaN everywhere.
 */
public final class SignalJudge implements Judge {
    private static final Measure
            LOUDNESS =
                    new Measure(
                            "loudness",
                            "LUFS",
                            Better.NEITHER,
                            1,
                            "integrated loudness, BS.1770-5 with its gates; one channel, 3 LU below the same sound in two"),
            RANGE =
                    new Measure(
                            "loudness-range",
                            "LU",
                            Better.NEITHER,
                            1,
                            "10th to 95th percentile of the gated loudness of 3 s, EBU Tech 3342; coarse below a minute"),
            PEAK =
                    new Measure(
                            "true-peak", "dBTP", Better.NEITHER, 1, "peak at four times the rate, BS.1770-5 annex 2"),
            CLIPPED =
                    new Measure(
                            "clipped",
                            "count",
                            Better.LOWER,
                            0,
                            "samples in flat peaks, at full scale or at the recording's own limit; resampling hides them"),
            DC = new Measure("dc", "share", Better.NEAR_ZERO, 5, "mean of the samples, share of full scale"),
            HNR =
                    new Measure(
                            "hnr",
                            "dB",
                            Better.HIGHER,
                            1,
                            "harmonics-to-noise ratio below 8 kHz, mean over voiced frames (Boersma 1993); vibrato lowers it, "
                                    + "a breathy voice has little"),
            CLICKS =
                    new Measure(
                            "clicks",
                            "count",
                            Better.LOWER,
                            0,
                            "kinks 14 dB above what the 25 ms on either side have; a plosive near the microphone may count as one"),
            KINK =
                    new Measure(
                            "strongest-kink",
                            "dB",
                            Better.LOWER,
                            1,
                            "the strongest kink above these surroundings; 2 to 10 dB in singing without a click, a click has 14 and more"),
            SEAMS =
                    new Measure(
                            "seams",
                            "dB",
                            Better.LOWER,
                            1,
                            "the strongest kink at the joins that the manifest names; 14 and more is a click");

    /** The figures in their order. */
    public static final List<Measure> MEASURES = List.of(LOUDNESS, RANGE, PEAK, CLIPPED, DC, HNR, CLICKS, KINK, SEAMS);

    @Override
    public List<Figure> judge(Subject subject) {
        Sound output = subject.output();
        Wave wave = output.wave();
        if (wave.isSilent() || !Finite.all(output.samples())) {
            return MEASURES.stream()
                    .filter(m -> m != SEAMS || !subject.joins().isEmpty())
                    .map(m -> new Figure(m, Double.NaN))
                    .toList();
        }
        Loudness loudness = Loudness.of(wave);
        Clicks clicks = Clicks.in(wave);
        List<Figure> figures = new ArrayList<>(List.of(
                new Figure(LOUDNESS, loudness.integrated()),
                new Figure(RANGE, loudness.range()),
                new Figure(PEAK, Loudness.truePeak(wave)),
                new Figure(CLIPPED, Clipping.samples(output.samples())),
                new Figure(DC, mean(output.samples())),
                new Figure(HNR, Harmonicity.db(output.at16kHz(), Sound.RATE_HZ, output.f0())),
                new Figure(CLICKS, clicks.all().size()),
                new Figure(KINK, clicks.strongest())));
        if (!subject.joins().isEmpty()) {
            double strongest = clicks
                    .at(subject.joins().stream()
                            .mapToDouble(Double::doubleValue)
                            .toArray())
                    .stream()
                    .mapToDouble(Clicks.Click::db)
                    .max()
                    .orElse(Double.NaN);
            figures.add(new Figure(SEAMS, strongest));
        }
        return figures;
    }

    private static double mean(float[] x) {
        double sum = 0;
        for (float v : x) {
            sum += v;
        }
        return sum / x.length;
    }

    @Override
    public void close() {}
}
