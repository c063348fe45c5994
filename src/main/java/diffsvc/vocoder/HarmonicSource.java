package diffsvc.vocoder;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import diffsvc.check.Axes;
import diffsvc.checkpoint.StateDict;
import diffsvc.platform.EngineThreads;
import diffsvc.random.RandomSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * The excitation of the NSF vocoders: sines of F0 and its overtones with a little noise, merged to one channel (Wang et
 * al., arXiv:1904.12088, section III-B). Phases are summed in double precision: a minute is some 10^5 turns of the
 * ninth harmonic.
 */
public final class HarmonicSource {
    private static final double SINE = 0.1;
    private static final float NOISE_VOICED = 0.003f, NOISE_UNVOICED = 0.1f / 3;
    /** Frames of one piece, and pieces at a time: a piece of a hop of 512 takes 1.2 MB. */
    private static final int PIECE_FRAMES = 32, MOST_AT_ONCE = 8;

    private final int harmonics, rate, hop;
    private final float[] weight;
    private final float bias;

    /**
     * Takes the merge {@code m_source.l_linear}, whose width is the number of harmonics.
     *
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
        Arrays.fill(weight, 1f / harmonics);
        bias = 0;
    }

    /** A source that merges nine harmonics by their mean. */
    static HarmonicSource random(int rateHz, int hopSamples) {
        return new HarmonicSource(9, rateHz, hopSamples);
    }

    /** K, the number of sines, the fundamental included. */
    public int harmonics() {
        return harmonics;
    }

    /** The merge's weight of each sine, [K]. */
    public float[] weights() {
        return weight.clone();
    }

    /** What the merge adds before its tanh. */
    public float bias() {
        return bias;
    }

    /**
     * The random part of a source.
     *
     * @param phase [B, K] turns in [0, 1); that of the fundamental is not used
     * @param noise [B, L, K] standard normal
     */
    public record Draw(NDArray phase, NDArray noise) {}

    /**
     * Draws phases [B, K] and noise [B, L, K] in the reference's order, so that a seed gives the wave that Python gives
     * after {@code torch.manual_seed(seed)}.
     *
     * @param manager owner of the result
     */
    public Draw draw(NDManager manager, long batch, long frames, long seed) {
        return drawn(manager, batch, frames, RandomSource.inPythonOrder(seed));
    }

    private Draw drawn(NDManager manager, long batch, long frames, RandomSource random) {
        NDArray phase = random.uniform(manager, "phase", 0, new Shape(batch, harmonics));
        return new Draw(phase, random.normal(manager, "noise", 0, new Shape(batch, frames * hop, harmonics)));
    }

    /**
     * Draws phases [B, K] and noise [B, L, K] from a conversion's source. In Python's order the reference's second
     * noise, which it never uses, is drawn too.
     *
     * @param manager owner of the result
     */
    public Draw draw(NDManager manager, long batch, long frames, RandomSource random) {
        if (!random.inPythonOrder()) {
            return draw(manager, batch, frames, random.seed());
        }
        Draw draw = drawn(manager, batch, frames, random);
        random.normal(manager, "unused noise", 0, new Shape(batch, frames * hop, 1))
                .close();
        return draw;
    }

    /**
     * Sines [B, L, K], L = T hop, of F0 [B, T] in Hz, without noise; 0 Hz is unvoiced and silent.
     *
     * @param phase [B, K], turns added at the first sample
     */
    public NDArray sines(NDArray f0Hz, NDArray phase) {
        long b = f0Hz.getShape().get(0);
        int t = (int) f0Hz.getShape().get(1), l = t * hop;
        float[] hz = f0Hz.toFloatArray(),
                first = phase.toFloatArray(),
                out = new float[Math.toIntExact(b * l * harmonics)];
        for (int n = 0; n < b; n++) {
            double[] turns = start(first, n);
            sines(hz, n * t, t, turns, out, n * l * harmonics);
        }
        return f0Hz.getManager().create(out, new Shape(b, l, harmonics));
    }

    /** Turns of each harmonic before the first sample. */
    private double[] start(float[] phase, int n) {
        double[] turns = new double[harmonics];
        for (int k = 1; k < harmonics; k++) {
            turns[k] = phase[n * harmonics + k];
        }
        return turns;
    }

    /** Sines of some frames from {@code first} on, written at {@code at}; it turns the harmonics further. */
    private void sines(float[] hz, int first, int frames, double[] turns, float[] out, int at) {
        for (int k = 0; k < harmonics; k++) {
            double turn = turns[k];
            int place = at + k;
            for (int t = first; t < first + frames; t++) {
                double more = increment(hz[t], k);
                for (int i = 0; i < hop; i++, place += harmonics) {
                    turn += more;
                    // turn - (long) turn is turn % 1, which Java computes much slower
                    out[place] = hz[t] > 0 ? (float) (SINE * Math.sin(2 * Math.PI * (turn - (long) turn))) : 0;
                }
            }
            turns[k] = turn;
        }
    }

    /** Turns of a harmonic from sample to sample, rounded to float32 as the reference's. */
    private float increment(float hz, int k) {
        return hz * (k + 1) / rate % 1f;
    }

    /** Turns the harmonics over some frames, by the same additions as {@link #sines}. */
    private void advance(float[] hz, int first, int frames, double[] turns) {
        double[] more = new double[harmonics];
        for (int t = first; t < first + frames; t++) {
            for (int k = 0; k < harmonics; k++) {
                more[k] = increment(hz[t], k);
            }
            for (int i = 0; i < hop; i++) {
                for (int k = 0; k < harmonics; k++) {
                    turns[k] += more[k];
                }
            }
        }
    }

    /**
     * The sines [B, L, K] with their noise: little in voiced frames, as loud as a third of a sine in unvoiced ones.
     *
     * @param noise [B, L, K], standard normal
     */
    public NDArray withNoise(NDArray sines, NDArray f0Hz, NDArray noise) {
        long b = f0Hz.getShape().get(0), t = f0Hz.getShape().get(1);
        NDArray voiced = f0Hz.gt(0f).toType(DataType.FLOAT32, false).reshape(b, t, 1, 1);
        NDArray amount = voiced.mul(NOISE_VOICED - NOISE_UNVOICED).add(NOISE_UNVOICED);
        return noise.reshape(b, t, hop, harmonics)
                .mul(amount)
                .reshape(b, t * hop, harmonics)
                .addi(sines);
    }

    /** Merges sines: tanh of a weighted sum, [B, L, K] to [B, 1, L]. */
    public NDArray merge(NDArray sines) {
        Axes.of("vocoder").fix("K", harmonics).require("sines", sines, "B L K");
        NDArray w = sines.getManager().create(weight, new Shape(harmonics, 1));
        return sines.matMul(w).add(bias).tanh().transpose(0, 2, 1);
    }

    /**
     * Some frames of a source.
     *
     * @param first of the frames, counted through the batch
     * @param turns of each harmonic before the first sample
     * @param noise [frames hop, K]
     */
    private record Piece(int first, int frames, double[] turns, float[] noise) {}

    /**
     * The source [B, 1, L] of F0 [B, T] in Hz, made piece by piece, as many at a time as the engine has threads: the
     * sines are nine times as long as the wave.
     */
    NDArray of(NDArray f0Hz, RandomSource random) {
        int b = (int) f0Hz.getShape().get(0), t = (int) f0Hz.getShape().get(1);
        float[] hz = f0Hz.toFloatArray(), merged = new float[Math.multiplyExact(b, t * hop)];
        int most = Math.min(MOST_AT_ONCE, EngineThreads.count());
        try (NDManager scratch = f0Hz.getManager().newSubManager()) {
            Draw draw = draw(scratch, b, t, random);
            float[] phase = draw.phase().toFloatArray();
            List<Piece> pieces = new ArrayList<>();
            for (int n = 0; n < b; n++) {
                double[] turns = start(phase, n);
                for (int from = 0; from < t; from += PIECE_FRAMES) {
                    int frames = Math.min(PIECE_FRAMES, t - from);
                    pieces.add(new Piece(n * t + from, frames, turns.clone(), noise(draw, n, from, frames)));
                    advance(hz, n * t + from, frames, turns);
                    if (pieces.size() == most || from + frames == t) {
                        EngineThreads.forEach(pieces.size(), i -> merge(hz, pieces.get(i), merged));
                        pieces.clear();
                    }
                }
            }
        }
        return f0Hz.getManager().create(merged, new Shape(b, 1, (long) t * hop));
    }

    private float[] noise(Draw draw, int n, int from, int frames) {
        try (NDArray piece = draw.noise().get("{}, {}:{}", n, from * hop, (from + frames) * hop)) {
            return piece.toFloatArray();
        }
    }

    private void merge(float[] hz, Piece piece, float[] merged) {
        float[] sines = new float[piece.noise.length];
        sines(hz, piece.first, piece.frames, piece.turns, sines, 0);
        for (int i = 0, j = 0; i < piece.frames * hop; i++) {
            float amount = hz[piece.first + i / hop] > 0 ? NOISE_VOICED : NOISE_UNVOICED, sum = bias;
            for (int k = 0; k < harmonics; k++, j++) {
                sum += weight[k] * (sines[j] + piece.noise[j] * amount);
            }
            merged[piece.first * hop + i] = (float) Math.tanh(sum);
        }
    }

    /** The same with its random part given; {@code tap} receives sines (with noise) and source. */
    NDArray of(NDArray f0Hz, Draw draw, BiConsumer<String, NDArray> tap) {
        NDArray sines = withNoise(sines(f0Hz, draw.phase()), f0Hz, draw.noise());
        tap.accept("sines", sines);
        NDArray merged = merge(sines);
        tap.accept("source", merged);
        return merged;
    }
}
