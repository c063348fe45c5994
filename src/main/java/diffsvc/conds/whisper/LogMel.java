package diffsvc.conds.whisper;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.conds.mel.MelFilters;
import diffsvc.hparams.EncoderKind;

/**
 * Whisper's front end (arXiv:2212.04356, section 2.2): log10 of the power in mel bands up to 8 kHz, 100 frames per
 * second, held at 80 dB below the loudest value of the sound.
 */
final class LogMel {
    static final int RATE_HZ = EncoderKind.WHISPER.sampleRateHz(), HOP = 160;
    private static final int FFT = 400, PIECE_FRAMES = 3000;
    private static final float FLOOR = 1e-10f, DEPTH = 8;

    private final int bands;
    private final float[] bank, window = new float[FFT];

    LogMel(int bands) {
        this.bands = bands;
        int bins = FFT / 2 + 1;
        float[][] rows = MelFilters.bank(RATE_HZ, FFT, bands, 0, RATE_HZ / 2.0);
        bank = new float[bands * bins];
        for (int m = 0; m < bands; m++) {
            System.arraycopy(rows[m], 0, bank, m * bins, bins);
        }
        for (int i = 0; i < FFT; i++) {
            window[i] = (float) (0.5 - 0.5 * Math.cos(2 * Math.PI * i / FFT)); // periodic Hann
        }
    }

    /**
     * What the network takes, [1, M, frames], about -1 to 1.5: the log mel of the wave with silence behind it, held at
     * 8 below its greatest value, then (x + 4) / 4. The greatest value is that of the whole wave, so that what the
     * network hears in one part of a long wave does not depend on where the parts meet.
     *
     * @param wave mono at 16 kHz
     * @param frames samples of wave and silence together over 160; the wave is cut where they are fewer
     */
    NDArray of(NDManager manager, float[] wave, int frames) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray filters = scratch.create(bank, new Shape(bands, FFT / 2 + 1)), hann = scratch.create(window);
            NDList pieces = new NDList();
            for (int from = 0; from < frames; from += PIECE_FRAMES) {
                int to = Math.min(frames, from + PIECE_FRAMES);
                try (NDManager own = scratch.newSubManager()) {
                    own.tempAttachAll(filters, hann);
                    NDArray spectrum = own.create(samples(wave, frames * HOP, from, to))
                            .stft(FFT, HOP, false, hann, true)
                            .real(); // [F, T, 2]
                    NDArray power = spectrum.square().sum(new int[] {2});
                    pieces.add(own.ret(filters.matMul(power).maximum(FLOOR).log10()));
                }
            }
            NDArray all = pieces.size() == 1 ? pieces.get(0) : NDArrays.concat(pieces, 1);
            float least = all.max().getFloat() - DEPTH;
            NDArray mel = all.maximum(least).addi(4f).divi(4f).expandDims(0).duplicate();
            mel.attach(manager);
            return mel;
        }
    }

    /**
     * The samples under some frames, each frame's in the middle of its window; beyond both ends the sound is mirrored,
     * as torch.stft does.
     */
    private static float[] samples(float[] wave, int whole, int from, int to) {
        float[] under = new float[(to - 1 - from) * HOP + FFT];
        for (int i = 0; i < under.length; i++) {
            int at = Math.abs(from * HOP - FFT / 2 + i);
            at = at < whole ? at : 2 * (whole - 1) - at;
            under[i] = at < wave.length ? wave[at] : 0;
        }
        return under;
    }
}
