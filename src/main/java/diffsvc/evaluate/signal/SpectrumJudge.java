package diffsvc.evaluate.signal;

import diffsvc.check.Finite;
import diffsvc.evaluate.Better;
import diffsvc.evaluate.Figure;
import diffsvc.evaluate.Judge;
import diffsvc.evaluate.Measure;
import diffsvc.evaluate.Need;
import diffsvc.evaluate.Sound;
import diffsvc.evaluate.Subject;
import java.util.List;

/**
 * Distances of the output from the song: spectrum, time, level. Where one of the two is silent, or has samples that are
 * no numbers, all are NaN.
 */
public final class SpectrumJudge implements Judge {
    private static final double DELAY_HOP_SECONDS = 0.001, ENERGY_HOP_SECONDS = 0.01;
    private static final Measure
            MCD =
                    new Measure(
                            "mcd",
                            "dB",
                            Better.LOWER,
                            2,
                            "mel-cepstral distance to the source, coefficients 1 to 24, level left out (Kubichek 1993); another "
                                    + "voice or key is far from the source too, so compare copy synthesis or one key"),
            LSD =
                    new Measure(
                            "lsd",
                            "dB",
                            Better.LOWER,
                            2,
                            "log-spectral distance to the source below 10 kHz, level left out (Gray and Markel 1976); harmonics "
                                    + "that are off decide it"),
            DELAY =
                    new Measure(
                            "delay",
                            "ms",
                            Better.NEAR_ZERO,
                            1,
                            "by which the output's level curve comes behind the source's, within 500 ms"),
            LOUDNESS_ERROR =
                    new Measure(
                            "loudness-error", "LU", Better.NEAR_ZERO, 1, "integrated loudness of output minus source"),
            ENERGY =
                    new Measure(
                            "energy-correlation",
                            "correlation",
                            Better.HIGHER,
                            3,
                            "Pearson's, of the levels in dB every 10 ms, where either sounds");

    /** The figures in their order. */
    public static final List<Measure> MEASURES = List.of(MCD, LSD, DELAY, LOUDNESS_ERROR, ENERGY);

    @Override
    public List<Figure> judge(Subject subject) {
        if (!subject.has().contains(Need.SOURCE)) {
            return List.of();
        }
        Sound output = subject.output(), source = subject.source();
        if (nothing(output) || nothing(source)) {
            return MEASURES.stream().map(m -> new Figure(m, Double.NaN)).toList();
        }
        SpectralDistance distance = SpectralDistance.of(output, source);
        return List.of(
                new Figure(MCD, distance.mcd()),
                new Figure(LSD, distance.lsd()),
                new Figure(
                        DELAY,
                        1000 * envelope(output, DELAY_HOP_SECONDS).delayAgainst(envelope(source, DELAY_HOP_SECONDS))),
                new Figure(
                        LOUDNESS_ERROR,
                        Loudness.of(output.wave()).integrated()
                                - Loudness.of(source.wave()).integrated()),
                new Figure(
                        ENERGY,
                        envelope(output, ENERGY_HOP_SECONDS).correlation(envelope(source, ENERGY_HOP_SECONDS))));
    }

    private static boolean nothing(Sound sound) {
        return sound.wave().isSilent() || !Finite.all(sound.samples());
    }

    private static Envelope envelope(Sound sound, double hopSeconds) {
        return Envelope.of(sound.samples(), sound.wave().sampleRateHz(), hopSeconds);
    }

    @Override
    public void close() {}
}
