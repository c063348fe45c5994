package diffsvc.evaluate.signal;

import diffsvc.audio.Resampler;
import diffsvc.conds.mel.MelFilters;
import diffsvc.evaluate.Sound;
import diffsvc.platform.EngineLock;
import diffsvc.platform.EngineThreads;
import java.util.Arrays;
import org.hipparchus.transform.DftNormalization;
import org.hipparchus.transform.FastFourierTransformer;
import org.hipparchus.transform.TransformType;

/**
 * Distance of two spectra on one clock, mean over the frames in which the reference sounds: within 40 dB of its loudest
 * frame. Frames of 40 ms under a Hann window, 10 ms apart, are paired by time without warping. The wave of the higher
 * rate is brought to the lower one, and only what lies below 10 kHz, or 0.45 times the lower rate, counts, so that
 * bandwidth decides nothing. Each spectrum is held at 60 dB below its own strongest bin.
 *
 * @param mcd mel-cepstral distance, dB (R. Kubichek, "Mel-cepstral distance measure for objective speech quality
 *     assessment", PACRIM 1993): 10 sqrt(2) / ln 10 times the distance of the coefficients 1 to {@value #COEFFICIENTS};
 *     coefficient 0, the level, is left out. The coefficients are the cosine transform of the log amplitudes of
 *     {@value #BANDS} mel bands, so that this is the root mean square difference of the smoothed mel spectra; programs
 *     that warp an LPC or FFT cepstrum get other numbers
 * @param lsd log-spectral distance, dB (A. Gray and J. Markel, "Distance measures for speech processing", IEEE TASSP
 *     24, 1976): root mean square over the bins of the difference of the log power spectra, less the frame's mean
 *     difference, its level
 */
record SpectralDistance(double mcd, double lsd) {
    static final int COEFFICIENTS = 24, BANDS = 40;
    private static final double FRAME_SECONDS = 0.04,
            HOP_SECONDS = 0.01,
            MOST_HZ = 10_000,
            MOST_OF_RATE = 0.45,
            DEPTH_DB = 60,
            DB_A_NEPER = 10 / Math.log(10);

    private static final double[][] COSINES = cosines();

    /** Compares over the time that both have; NaN where the reference is silent or one has no frame. */
    static SpectralDistance of(Sound sound, Sound reference) {
        int rateHz = Math.min(sound.wave().sampleRateHz(), reference.wave().sampleRateHz());
        float[] x = at(rateHz, sound), y = at(rateHz, reference);
        int size = (int) Math.round(FRAME_SECONDS * rateHz);
        int frames = (int) Math.max(0, (Math.min(x.length, y.length) - size) / (HOP_SECONDS * rateHz) + 1);
        if (frames == 0 || reference.wave().isSilent()) {
            return new SpectralDistance(Double.NaN, Double.NaN);
        }
        Frames each = new Frames(size, rateHz);
        double[] level = new double[frames], mcd = new double[frames], lsd = new double[frames];
        EngineThreads.forEach(frames, t -> {
            int from = (int) Math.round(t * HOP_SECONDS * rateHz);
            double[][] power = each.power(x, y, Math.min(from, Math.min(x.length, y.length) - size));
            level[t] = 10 * Math.log10(Arrays.stream(power[1]).sum());
            mcd[t] = distance(cepstrum(each.bands(power[0])), cepstrum(each.bands(power[1])));
            lsd[t] = logSpectral(each.kept(power[0]), each.kept(power[1]));
        });
        double loudest = Arrays.stream(level).max().getAsDouble(), sumMcd = 0, sumLsd = 0;
        int n = 0;
        for (int t = 0; t < frames; t++) {
            if (level[t] > loudest - Envelope.DEPTH_DB) {
                n++;
                sumMcd += mcd[t];
                sumLsd += lsd[t];
            }
        }
        return new SpectralDistance(sumMcd / n, sumLsd / n);
    }

    private static float[] at(int rateHz, Sound sound) {
        try (EngineLock lock = EngineLock.take("evaluate")) {
            return Resampler.resampleIfNeeded(sound.samples(), sound.wave().sampleRateHz(), rateHz);
        }
    }

    /** Coefficients 1 to 24 of log amplitudes [BANDS]: ln A(b) = c0 + sum of c(m) cos(pi m (b + 1/2) / BANDS). */
    static double[] cepstrum(double[] logAmplitudes) {
        double[] c = new double[COEFFICIENTS];
        for (int m = 0; m < COEFFICIENTS; m++) {
            for (int b = 0; b < BANDS; b++) {
                c[m] += 2.0 / BANDS * logAmplitudes[b] * COSINES[m][b];
            }
        }
        return c;
    }

    private static double[][] cosines() {
        double[][] cosines = new double[COEFFICIENTS][BANDS];
        for (int m = 1; m <= COEFFICIENTS; m++) {
            for (int b = 0; b < BANDS; b++) {
                cosines[m - 1][b] = Math.cos(Math.PI * m * (b + 0.5) / BANDS);
            }
        }
        return cosines;
    }

    /** Kubichek's distance of two cepstra, dB. */
    static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int m = 0; m < a.length; m++) {
            sum += (a[m] - b[m]) * (a[m] - b[m]);
        }
        return DB_A_NEPER * Math.sqrt(2 * sum);
    }

    /** The spread of the difference of two spectra in nepers of power, dB. */
    static double logSpectral(double[] a, double[] b) {
        double sum = 0, squares = 0;
        for (int k = 0; k < a.length; k++) {
            double d = a[k] - b[k];
            sum += d;
            squares += d * d;
        }
        double mean = sum / a.length;
        return DB_A_NEPER * Math.sqrt(Math.max(0, squares / a.length - mean * mean));
    }

    /** What turns two waves' samples into spectra of one size. */
    private static final class Frames {
        private final int size, fft, bins;
        private final double[] window;
        private final float[][] bank;
        private final int[] first = new int[BANDS];

        Frames(int size, int rateHz) {
            this.size = size;
            fft = Integer.highestOneBit(2 * size - 1);
            double most = Math.min(MOST_HZ, MOST_OF_RATE * rateHz);
            bins = (int) (most / rateHz * fft) + 1;
            window = new double[size];
            for (int i = 0; i < size; i++) {
                window[i] = 0.5 - 0.5 * Math.cos(2 * Math.PI * i / size);
            }
            bank = MelFilters.bank(rateHz, fft, BANDS, 0, most);
            for (int b = 0; b < BANDS; b++) {
                while (first[b] < bins && bank[b][first[b]] == 0) {
                    first[b]++;
                }
            }
        }

        /**
         * Power spectra [2][bins] of two real frames by one transform: one is its real part, one its imaginary part.
         */
        double[][] power(float[] x, float[] y, int from) {
            double[][] ri = new double[2][fft];
            for (int i = 0; i < size; i++) {
                ri[0][i] = window[i] * x[from + i];
                ri[1][i] = window[i] * y[from + i];
            }
            FastFourierTransformer.transformInPlace(ri, DftNormalization.STANDARD, TransformType.FORWARD);
            double[][] power = new double[2][bins];
            for (int k = 0; k < bins; k++) {
                int mirror = (fft - k) & fft - 1;
                double re = ri[0][k], im = ri[1][k], reMirror = ri[0][mirror], imMirror = ri[1][mirror];
                power[0][k] = (sq(re + reMirror) + sq(im - imMirror)) / 4;
                power[1][k] = (sq(im + imMirror) + sq(re - reMirror)) / 4;
            }
            return power;
        }

        /** Log amplitudes of the mel bands of a power spectrum, nepers. */
        double[] bands(double[] power) {
            double[] bands = new double[BANDS];
            for (int b = 0; b < BANDS; b++) {
                for (int k = first[b]; k < bins && bank[b][k] > 0; k++) {
                    bands[b] += bank[b][k] * power[k];
                }
            }
            double[] log = kept(bands);
            for (int b = 0; b < BANDS; b++) {
                log[b] /= 2; // of power to of amplitude
            }
            return log;
        }

        /** Natural logarithms, held at 60 dB below the largest; 0 everywhere for digital silence. */
        double[] kept(double[] power) {
            double largest = Arrays.stream(power).max().getAsDouble(), least = largest * Math.pow(10, -DEPTH_DB / 10);
            return largest > 0
                    ? Arrays.stream(power)
                            .map(p -> Math.log(Math.max(p, least)))
                            .toArray()
                    : new double[power.length];
        }

        private static double sq(double v) {
            return v * v;
        }
    }
}
