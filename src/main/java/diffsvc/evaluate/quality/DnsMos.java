package diffsvc.evaluate.quality;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import diffsvc.conds.mel.MelFilters;
import diffsvc.evaluate.Sound;
import diffsvc.platform.ComputeDevice;
import java.nio.file.Path;

/**
 * The two networks of DNSMOS on one window, as the Python package speechmos 0.0.1.1 runs them: the scales of ITU-T
 * P.835 (signal, background, overall; Reddy et al., arXiv:2110.01763) from the samples, and that of ITU-T P.808
 * (overall, without the two others in mind; Reddy et al., arXiv:2010.15258) from a mel.
 */
final class DnsMos implements DnsMosJudge.Network {
    /** Samples of a window at 16 kHz: 9.01 s. */
    static final int WINDOW = 144_160;

    private static final int CUT = 160, FFT = 321, HOP = 160, BANDS = 120, PAD = FFT / 2;
    private static final double POWER_FLOOR = 1e-10, RANGE_DB = 80, HALF_DB = 40;
    /** The network's output to MOS: polynomials, the highest power first. */
    private static final double[] SIGNAL = {-0.08397278, 1.22083953, 0.0052439},
            BACKGROUND = {-0.13166888, 1.60915514, -0.39604546},
            OVERALL = {-0.06766283, 1.11546468, 0.04602535};

    private final OnnxModel p835, p808;
    private final NDManager manager = ComputeDevice.CPU.newManager();
    private final NDArray filters, hann;

    /** Opens both; the files are those that {@link DnsMosJudge#WEIGHTS} lists. */
    DnsMos(Path p835File, Path p808File) {
        p835 = OnnxModel.open(p835File);
        p808 = OnnxModel.open(p808File);
        filters = manager.create(MelFilters.bank(Sound.RATE_HZ, FFT, BANDS, 0, Sound.RATE_HZ / 2.0))
                .transpose()
                .duplicate(); // [F, M]
        float[] window = new float[FFT];
        for (int i = 0; i < FFT; i++) {
            window[i] = (float) (0.5 - 0.5 * Math.cos(2 * Math.PI * i / FFT)); // periodic Hann
        }
        hann = manager.create(window);
    }

    @Override
    public DnsMosJudge.Scores of(float[] window) {
        float[] raw = p835.run(window, 1, WINDOW);
        float[] mel = mel(window);
        return new DnsMosJudge.Scores(
                polynomial(SIGNAL, raw[0]),
                polynomial(BACKGROUND, raw[1]),
                polynomial(OVERALL, raw[2]),
                p808.run(mel, 1, mel.length / BANDS, BANDS)[0]);
    }

    private static double polynomial(double[] coefficients, double x) {
        double y = 0;
        for (double c : coefficients) {
            y = y * x + c;
        }
        return y;
    }

    /**
     * The P.808 network's input [T, 120] in C order, T = 900, of a window less its last 10 ms: power in Slaney's bands
     * from 0 to 8 kHz, dB below the loudest one, held at -80 dB, then -80 to 0 dB as -1 to 1. Frames are centred, with
     * silence around the window.
     */
    float[] mel(float[] window) {
        float[] padded = new float[WINDOW - CUT + 2 * PAD];
        System.arraycopy(window, 0, padded, PAD, WINDOW - CUT);
        try (NDManager scratch = manager.newSubManager()) {
            NDArray power = scratch.create(padded)
                    .stft(FFT, HOP, false, hann, true)
                    .real() // [F, T, 2]
                    .square()
                    .sum(new int[] {2}); // [F, T]
            NDArray db = power.transpose()
                    .matMul(filters) // [T, M]
                    .maximum(POWER_FLOOR)
                    .log10()
                    .mul(10);
            return db.sub(db.max()).maximum(-RANGE_DB).add(HALF_DB).div(HALF_DB).toFloatArray();
        }
    }

    @Override
    public void close() {
        p835.close();
        p808.close();
        manager.close();
    }
}
