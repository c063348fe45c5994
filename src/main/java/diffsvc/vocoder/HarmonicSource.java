package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Axes;
import diffsvc.checkpoint.StateDict;
import diffsvc.random.KeyedRandom;
import diffsvc.random.RandomSource;
import java.util.function.BiConsumer;

/**
 * What the NSF vocoders sing on: sines of the F0 and its overtones, a little noise, merged to one channel (Wang et al.,
 * arXiv:1904.12088, section III-B). Phases are summed in double precision: a minute at 44.1 kHz is some 10^5 turns of
 * the ninth harmonic.
 */
public final class HarmonicSource {
    private static final double SINE = 0.1;
    private static final float NOISE_VOICED = 0.003f, NOISE_UNVOICED = 0.1f / 3;
    private final int harmonics, rate, hop;
    private final float[] weight;
    private final float bias;

    /**
     * The merge is {@code m_source.l_linear}: its width tells the number of harmonics.
     *
     * @param generator tensors of the vocoder
     * @param rateHz samples a second
     * @param hopSamples samples from frame to frame
     */
    public HarmonicSource(StateDict generator, int rateHz, int hopSamples) {
        harmonics = generator.size("m_source.l_linear.weight", 1);
        weight = generator.tensors().get("m_source.l_linear.weight").toFloats();
        bias = generator.tensors().get("m_source.l_linear.bias").toFloats()[0];
        rate = rateHz;
        hop = hopSamples;
    }

    private HarmonicSource(int harmonics, int rateHz, int hopSamples) {
        this.harmonics = harmonics;
        rate = rateHz;
        hop = hopSamples;
        weight = new float[harmonics];
        java.util.Arrays.fill(weight, 1f / harmonics);
        bias = 0;
    }

    /** A merge that takes the mean of nine harmonics. */
    static HarmonicSource random(int rateHz, int hopSamples) {
        return new HarmonicSource(9, rateHz, hopSamples);
    }

    /**
     * How many sines it adds, the fundamental included.
     *
     * @return K
     */
    public int harmonics() {
        return harmonics;
    }

    /**
     * What is random in a source.
     *
     * @param phase [B, K] turns in [0, 1); that of the fundamental is not used
     * @param noise [B, L, K] standard normal
     */
    public record Draw(NDArray phase, NDArray noise) {}

    /**
     * Both draws in the reference's order, so that one seed gives the wave that Python gives after
     * {@code torch.manual_seed(seed)}.
     *
     * @param manager owner of what is made
     * @param batch B
     * @param frames T
     * @param seed the same seed, the same result
     * @return phases [B, K] and noise [B, L, K]
     */
    public Draw draw(NDManager manager, long batch, long frames, long seed) {
        return KeyedRandom.asPython(seed, () -> {
            NDArray phase = manager.randomUniform(0, 1, new Shape(batch, harmonics));
            return new Draw(phase, manager.randomNormal(new Shape(batch, frames * hop, harmonics)));
        });
    }

    /**
     * The same from a conversion's draws. In Python's order the reference's second noise, which it never uses, is drawn
     * too.
     *
     * @param manager owner of what is made
     * @param batch B
     * @param frames T
     * @param draws where the noise comes from
     * @return phases [B, K] and noise [B, L, K]
     */
    public Draw draw(NDManager manager, long batch, long frames, RandomSource draws) {
        if (!draws.inPythonOrder()) {
            return draw(manager, batch, frames, draws.seed());
        }
        NDArray phase = draws.uniform(manager, "phase", 0, new Shape(batch, harmonics)),
                noise = draws.normal(manager, "noise", 0, new Shape(batch, frames * hop, harmonics));
        draws.normal(manager, "unused noise", 0, new Shape(batch, frames * hop, 1))
                .close();
        return new Draw(phase, noise);
    }

    /**
     * Sines [B, L, K] of F0 [B, T] in Hz without noise; 0 Hz is unvoiced and silent.
     *
     * @param f0Hz [B, T] Hz
     * @param phase [B, K], turns added at the first sample
     * @return [B, L, K], L = T hop
     */
    public NDArray sines(NDArray f0Hz, NDArray phase) {
        long b = f0Hz.getShape().get(0);
        int t = (int) f0Hz.getShape().get(1), l = t * hop;
        float[] hz = f0Hz.toFloatArray(),
                first = phase.toFloatArray(),
                out = new float[Math.toIntExact(b * l * harmonics)];
        for (int n = 0; n < b; n++) {
            for (int k = 0; k < harmonics; k++) {
                double turns = k == 0 ? 0 : first[n * harmonics + k];
                for (int i = 0; i < l; i++) {
                    float f = hz[n * t + i / hop];
                    turns += f * (k + 1) / rate % 1f; // each increment in float32, as the reference's
                    out[(n * l + i) * harmonics + k] = f > 0 ? (float) (SINE * Math.sin(2 * Math.PI * (turns % 1))) : 0;
                }
            }
        }
        return f0Hz.getManager().create(out, new Shape(b, l, harmonics));
    }

    /**
     * The sines [B, L, K] with their noise: little where the voice sounds, as loud as a third of a sine where it does
     * not.
     *
     * @param sines [B, L, K]
     * @param f0Hz [B, T] Hz
     * @param noise [B, L, K], standard normal
     * @return [B, L, K]
     */
    public NDArray withNoise(NDArray sines, NDArray f0Hz, NDArray noise) {
        long b = f0Hz.getShape().get(0), t = f0Hz.getShape().get(1);
        NDArray voiced =
                f0Hz.gt(0f).toType(ai.djl.ndarray.types.DataType.FLOAT32, false).reshape(b, t, 1, 1);
        NDArray amount = voiced.mul(NOISE_VOICED - NOISE_UNVOICED).add(NOISE_UNVOICED);
        return noise.reshape(b, t, hop, harmonics)
                .mul(amount)
                .reshape(b, t * hop, harmonics)
                .addi(sines);
    }

    /**
     * Merged: tanh of a weighted sum, [B, L, K] to [B, 1, L].
     *
     * @param sines [B, L, K]
     * @return [B, 1, L]
     */
    public NDArray merge(NDArray sines) {
        Axes.of("vocoder").fix("K", harmonics).require("sines", sines, "B L K");
        NDArray w = sines.getManager().create(weight, new Shape(harmonics, 1));
        return sines.matMul(w).add(bias).tanh().transpose(0, 2, 1);
    }

    /**
     * The source [B, 1, L] of F0 [B, T] in Hz; the sines, nine arrays as long as the wave, are freed before a generator
     * takes room of its own.
     */
    NDArray of(NDArray f0Hz, RandomSource draws) {
        try (NDManager scratch = f0Hz.getManager().newSubManager()) {
            scratch.tempAttachAll(f0Hz);
            return scratch.ret(of(
                    f0Hz, draw(scratch, f0Hz.getShape().get(0), f0Hz.getShape().get(1), draws), (name, value) -> {}));
        }
    }

    /** The same with its random part given; {@code look} sees sines (with noise) and source. */
    NDArray of(NDArray f0Hz, Draw draw, BiConsumer<String, NDArray> look) {
        NDArray sines = withNoise(sines(f0Hz, draw.phase()), f0Hz, draw.noise());
        look.accept("sines", sines);
        NDArray merged = merge(sines);
        look.accept("source", merged);
        return merged;
    }
}
