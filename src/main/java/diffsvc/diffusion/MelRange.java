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
import java.util.Map;

/**
 * Which log10 mel maps to -1 and which to 1, one value or one a bin. The values are buffers of a checkpoint (spec_min,
 * spec_max), where they win over the config.
 *
 * @param min [1] or [M]
 * @param max as long as min
 */
public record MelRange(float[] min, float[] max) {
    /**
     * Checks that the numbers are finite, and that there is one or as many each.
     *
     * @param min [1] or [M], finite
     * @param max [1] or [M], finite
     */
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

    /**
     * As the hparams say, noise.spec_min and noise.spec_max: one value for all bins, or one each.
     *
     * @param noise hparams with spec_min and spec_max
     * @return the range
     */
    public static MelRange of(Hparams.Noise noise) {
        return new MelRange(floats(noise.specMin()), floats(noise.specMax()));
    }

    /**
     * As a trained file says; its buffers spec_min and spec_max win over the hparams.
     *
     * @param state tensors by name, of a checkpoint
     * @return the range
     */
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

    /**
     * mel [B, T, M] to x0 [B, 1, M, T] in [-1, 1]; a bin of one value, as in a band without sound, is -1.
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
     * x [B, 1, M, T] to mel [B, T, M], log10.
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
     * Denormalises and then masks by mel2ph > 0: padding is 0.0, which is full scale, not silence (the reference's
     * order).
     *
     * @param x [B, 1, M, T]
     * @param mel2ph [B, T], 0 = padding
     * @return [B, T, M], log10
     */
    public NDArray denorm(NDArray x, NDArray mel2ph) {
        return denorm(x).mul(mel2ph.gt(0).toType(DataType.FLOAT32, false).expandDims(2));
    }

    /**
     * As a checkpoint holds them, [1, 1, n].
     *
     * @return spec_min and spec_max
     */
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
