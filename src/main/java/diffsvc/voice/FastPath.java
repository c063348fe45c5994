package diffsvc.voice;

import ai.djl.ndarray.NDArray;
import diffsvc.audio.Wave;
import diffsvc.hparams.Precision;
import diffsvc.hparams.ProjectPaths;
import diffsvc.platform.ComputeDevice;
import java.util.Locale;

/**
 * The guard of a fast precision on this machine: one second of a sung tone through a voice, in the fast precision and
 * in float32, with the same condition and noise.
 *
 * @param voice that was tried
 * @param mel what the fast precision changes after 20 evaluations, root mean square of log10
 * @param waveDb what it changes in the wave's spectrum: root mean square between the mels of both waves, dB
 */
record FastPath(String voice, double mel, double waveDb) {
    /** Half of what 20 evaluations leave open (docs/performance.md, Precision). */
    static final double MOST_MEL = 0.02;

    private static final double SECONDS = 1, MEDIAN_HZ = 220, VIBRATO_HZ = 5.5, VIBRATO = 0.03;
    private static final int OVERTONES = 20;

    /** Tries a voice of the project on the CPU in a precision other than float32. */
    static FastPath of(ProjectPaths paths, String project, Precision fast) {
        try (Voice voice = Voice.open(
                        paths,
                        ModelFiles.in(paths.models()).project(project),
                        h -> h.infer(i -> i.sampler("unipc2").steps(20).seed(7).precision(Precision.FLOAT32.text())),
                        ComputeDevice.CPU);
                Conversion reference =
                        voice.convert(sung(voice.hparams().audio().sampleRateHz()));
                Conversion quick = reference
                        .infer(i -> i.precision(fast.text()))
                        .withCondition(reference.condition())
                        .withStart(reference.start())) {
            return new FastPath(
                    project,
                    apart(reference.sampled(), quick.sampled()),
                    20 * apart(voice.mel(reference.wave()), voice.mel(quick.wave())));
        }
    }

    private static double apart(NDArray a, NDArray b) {
        try (NDArray difference = a.sub(b);
                NDArray square = difference.square();
                NDArray mean = square.mean()) {
            return Math.sqrt(mean.getFloat());
        }
    }

    /** A tone with vibrato and overtones that fall by 1 / k. */
    private static Wave sung(int rateHz) {
        float[] x = new float[(int) (SECONDS * rateHz)];
        double turns = 0;
        for (int i = 0; i < x.length; i++) {
            double t = i / (double) rateHz;
            turns += MEDIAN_HZ * (1 + VIBRATO * Math.sin(2 * Math.PI * VIBRATO_HZ * t)) / rateHz;
            double sum = 0;
            for (int k = 1; k <= OVERTONES; k++) {
                sum += Math.sin(2 * Math.PI * k * turns) / k;
            }
            x[i] = (float) (0.1 * sum);
        }
        return Wave.mono(x, rateHz);
    }

    /** Whether the mel is as near as it should be. */
    boolean isNear() {
        return mel <= MOST_MEL;
    }

    /** "demo: mel 0.011 (log10, rms) and wave 0.8 dB from float32". */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT, "%s: mel %.3f (log10, rms) and wave %.1f dB from float32", voice, mel, waveDb);
    }
}
