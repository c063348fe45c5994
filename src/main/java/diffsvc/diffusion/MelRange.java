package diffsvc.diffusion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchTensor;
import diffsvc.hparams.Hparams;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Maps a log10 mel to the denoiser's range: min to -1 and max to 1. The values of a checkpoint (buffers spec_min and
 * spec_max) win over the configuration.
 *
 * @param min [1] for all bins, or [M]
 * @param max [1] for all bins, or [M]
 */
public record MelRange(float[] min, float[] max) {
    /** Checks that the values are finite, that min lies up to max in each bin, and that the two lengths fit. */
    public MelRange {
        if (min.length == 0 || max.length == 0 || min.length != max.length && min.length != 1 && max.length != 1) {
            throw Problem.in(
                    "mel range",
                    "spec_min and spec_max of one value or as many each",
                    min.length + " and " + max.length,
                    "correct noise.spec_min and noise.spec_max");
        }
        for (int i = 0; i < Math.max(min.length, max.length); i++) {
            float low = min[Math.min(i, min.length - 1)], high = max[Math.min(i, max.length - 1)];
            if (!(Float.isFinite(low) && Float.isFinite(high) && low <= high)) {
                throw Problem.in(
                        "mel range",
                        "finite spec_min up to spec_max",
                        low + " and " + high + " in bin " + i,
                        "correct noise.spec_min and noise.spec_max");
            }
        }
    }

    /** The range of noise.spec_min and noise.spec_max. */
    public static MelRange of(Hparams.Noise noise) {
        return new MelRange(floats(noise.specMin()), floats(noise.specMax()));
    }

    /** The range of a trained file: its buffers spec_min and spec_max. */
    public static MelRange ofBuffers(StateDict state) {
        TorchTensor low = state.tensors().get("spec_min"),
                high = state.tensors().get("spec_max");
        if (low == null || high == null) {
            throw Problem.in(
                    "mel range",
                    "the buffers spec_min and spec_max in the checkpoint",
                    "none",
                    "take the denoiser's file, or the whole checkpoint");
        }
        return new MelRange(low.toFloats(), high.toFloats());
    }

    @Override
    public String toString() {
        float low = Float.POSITIVE_INFINITY, high = Float.NEGATIVE_INFINITY;
        for (float v : min) {
            low = Math.min(low, v);
        }
        for (float v : max) {
            high = Math.max(high, v);
        }
        int bins = Math.max(min.length, max.length);
        return String.format(
                Locale.ROOT, "mel range %.2f to %.2f, %s", low, high, bins == 1 ? "all bins" : bins + " bins");
    }

    /**
     * From a mel to x0 in [-1, 1]. A bin whose min and max are equal, as in a band without sound, becomes -1.
     *
     * @param mel [B, T, M], log10
     * @return [B, 1, M, T]
     */
    public NDArray norm(NDArray mel) {
        NDManager m = mel.getManager();
        fits(mel.getShape().get(2));
        NDArray low = m.create(min, new Shape(1, 1, min.length)),
                width = m.create(widths(), new Shape(1, 1, Math.max(min.length, max.length)));
        return mel.sub(low).div(width).mul(2f).sub(1f).transpose(0, 2, 1).expandDims(1);
    }

    /**
     * From x in [-1, 1] to a mel.
     *
     * @param x [B, 1, M, T]
     * @return [B, T, M], log10
     */
    public NDArray denorm(NDArray x) {
        NDManager m = x.getManager();
        fits(x.getShape().get(2));
        NDArray low = m.create(min, new Shape(1, 1, min.length)), high = m.create(max, new Shape(1, 1, max.length));
        return x.squeeze(1)
                .transpose(0, 2, 1)
                .add(1f)
                .div(2f)
                .mul(high.sub(low))
                .add(low);
    }

    /**
     * From x in [-1, 1] to a mel, in which padding is 0.0. As in the reference, the mask comes last, so padding is full
     * scale and not silence.
     *
     * @param x [B, 1, M, T]
     * @param mel2ph [B, T], 0 = padding
     * @return [B, T, M], log10
     */
    public NDArray denorm(NDArray x, NDArray mel2ph) {
        return denorm(x).mul(mel2ph.gt(0).toType(DataType.FLOAT32, false).expandDims(2));
    }

    /** The buffers of a checkpoint, spec_min and spec_max, each [1, 1, n]. */
    public Map<String, TorchTensor> buffers() {
        Map<String, TorchTensor> buffers = new LinkedHashMap<>();
        buffers.put("spec_min", TorchTensor.of(min, 1, 1, min.length));
        buffers.put("spec_max", TorchTensor.of(max, 1, 1, max.length));
        return buffers;
    }

    private void fits(long bins) {
        for (float[] ends : new float[][] {min, max}) {
            if (ends.length != 1 && ends.length != bins) {
                throw Problem.in(
                        "mel range",
                        "spec_min and spec_max of one value or " + bins + ", as the mel has bins",
                        String.valueOf(ends.length),
                        "correct noise.spec_min and noise.spec_max");
            }
        }
    }

    private float[] widths() {
        float[] widths = new float[Math.max(min.length, max.length)];
        for (int i = 0; i < widths.length; i++) {
            float width = max[Math.min(i, max.length - 1)] - min[Math.min(i, min.length - 1)];
            widths[i] = width == 0 ? Float.POSITIVE_INFINITY : width;
        }
        return widths;
    }

    private static float[] floats(List<Double> values) {
        float[] f = new float[values.size()];
        for (int i = 0; i < f.length; i++) {
            f[i] = values.get(i).floatValue();
        }
        return f;
    }
}
