package diffsvc.evaluate.identity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import diffsvc.audio.Wave;
import diffsvc.check.Axes;
import diffsvc.check.Finite;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.conds.mel.MelFilters;
import diffsvc.evaluate.Sound;
import diffsvc.platform.EngineLock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The speaker encoder of the Python package resemblyzer 0.1.4: which voice speaks in a recording, learned from speech
 * by bringing utterances of one speaker together and those of others apart (GE2E, Wan et al., arXiv:1710.10467). Sizes
 * come from the checkpoint's shapes.
 *
 * <p>samples [N], 16 kHz - volume - parts of 1.6 s - mel [B, 160, M], power, without a logarithm - LSTM layers, the
 * last one's last state [B, H] - linear, ReLU, length 1 - [B, E], one embedding a part - their mean, length 1 - [E]
 *
 * <p>The package's voice detector (webrtcvad), which cuts long silences out before, is left out: pauses stay, and parts
 * of silence count. Its volume normalization belongs to the encoder: a recording below -30 dB of full scale is raised
 * to that level, a louder one stays, and since the mel has no logarithm its level matters.
 */
public final class SpeakerEncoder implements AutoCloseable {
    /** Rate of the samples, Hz. */
    public static final int RATE_HZ = Sound.RATE_HZ;
    /** Samples from mel frame to mel frame. */
    public static final int HOP = 160;
    /** Mel frames of a part. */
    public static final int PART_FRAMES = 160;

    private static final int FFT = 400;
    private static final double LEAST_DB = -30, PARTS_A_SECOND = 1.3, LEAST_COVERAGE = 0.75;
    /** Mel frames from part to part: 77. */
    private static final int STEP = (int) Math.rint(RATE_HZ / PARTS_A_SECOND / HOP);
    /** Parts in one batch: 25 s of sound, whose mel takes some megabytes. */
    private static final int AT_ONCE = 32;

    private final Sizes sizes;
    private final Weights weights;

    /**
     * Widths of the network.
     *
     * @param mels M
     * @param hidden H
     * @param layers of the LSTM
     * @param embedding E
     */
    public record Sizes(int mels, int hidden, int layers, int embedding) {
        /** The sizes of the published file. */
        public static final Sizes PUBLISHED = new Sizes(40, 256, 3, 256);

        /** The sizes that a checkpoint's shapes give. */
        public static Sizes of(StateDict s) {
            int layers = 0;
            while (s.tensors().containsKey("lstm.weight_ih_l" + layers)) {
                layers++;
            }
            return new Sizes(
                    s.size("lstm.weight_ih_l0", 1), s.size("lstm.weight_hh_l0", 1), layers, s.size("linear.weight", 0));
        }
    }

    private SpeakerEncoder(Sizes sizes, Weights weights) {
        this.sizes = sizes;
        this.weights = weights;
    }

    /**
     * Opens the package's pretrained.pt. Its similarity_weight and similarity_bias scale the cosines of the training's
     * loss; embeddings do without them.
     *
     * @param manager owner of the result
     */
    public static SpeakerEncoder load(NDManager manager, Path file) {
        StateDict state = StateDict.read(file);
        Sizes sizes = Sizes.of(state);
        return new SpeakerEncoder(
                sizes,
                Weights.load(
                        manager, "the speaker encoder", table(sizes), state, "similarity_weight", "similarity_bias"));
    }

    /**
     * A network of random weights, to learn its shapes.
     *
     * @param manager owner of the result
     */
    public static SpeakerEncoder random(NDManager manager, Sizes sizes, long seed) {
        return new SpeakerEncoder(sizes, Weights.random(manager, table(sizes), seed));
    }

    /** Checkpoint names and shapes. Each LSTM matrix holds the four gates below one another: in, forget, cell, out. */
    public static Map<String, Shape> table(Sizes s) {
        Map<String, Shape> t = new LinkedHashMap<>();
        for (int i = 0; i < s.layers; i++) {
            t.put("lstm.weight_ih_l" + i, new Shape(4L * s.hidden, i == 0 ? s.mels : s.hidden));
            t.put("lstm.weight_hh_l" + i, new Shape(4L * s.hidden, s.hidden));
            t.put("lstm.bias_ih_l" + i, new Shape(4L * s.hidden));
            t.put("lstm.bias_hh_l" + i, new Shape(4L * s.hidden));
        }
        t.put("linear.weight", new Shape(s.embedding, s.hidden));
        t.put("linear.bias", new Shape(s.embedding));
        return t;
    }

    /** The network's sizes, read off its tensors. */
    public Sizes sizes() {
        return sizes;
    }

    /** The network's tensors under their checkpoint names; the network owns them. */
    public Weights weights() {
        return weights;
    }

    /**
     * Whose voice it is: the direction of the mean of the parts' embeddings. It does not exist for a recording without
     * sound ({@link Wave#isSilent}) or with values that are not finite.
     *
     * @param samples [N], 16 kHz; fewer than a part's are followed by silence
     */
    public Embedding embedding(float[] samples) {
        double[] sum = new double[sizes.embedding];
        if (!sounds(samples)) {
            return Embedding.none(sizes.embedding);
        }
        for (float[] part : parts(samples)) {
            for (int i = 0; i < sum.length; i++) {
                sum[i] += part[i];
            }
        }
        return Embedding.along(sum);
    }

    private static boolean sounds(float[] samples) {
        return Finite.all(samples) && !Wave.mono(samples, RATE_HZ).isSilent();
    }

    /**
     * The embeddings of the parts, [P][E], in the order of {@link #starts}.
     *
     * @param samples [N], 16 kHz, with sound
     */
    public float[][] parts(float[] samples) {
        int[] starts = starts(samples.length);
        float[][] parts = new float[starts.length][];
        float gain = gain(samples);
        try (EngineLock lock = EngineLock.take("evaluate")) {
            for (int from = 0; from < starts.length; from += AT_ONCE) {
                EngineLock.check("evaluate", from, starts.length, "parts");
                int to = Math.min(starts.length, from + AT_ONCE);
                try (NDManager scratch = weights.manager().newSubManager()) {
                    NDArray mel = mel(scratch, samples, gain, starts[from], starts[to - 1] + PART_FRAMES);
                    NDList batch = new NDList();
                    for (int i = from; i < to; i++) {
                        int first = starts[i] - starts[from];
                        batch.add(mel.get(first + ":" + (first + PART_FRAMES)));
                    }
                    float[] out = walk(NDArrays.stack(batch)).toFloatArray(); // [B, 160, M] -> [B, E]
                    for (int i = from; i < to; i++) {
                        parts[i] =
                                Arrays.copyOfRange(out, (i - from) * sizes.embedding, (i - from + 1) * sizes.embedding);
                    }
                }
            }
        }
        return parts;
    }

    /**
     * First mel frames of the parts, one each 77 frames until the recording is covered; a last part that reaches beyond
     * the end by more than a quarter is dropped, unless it is the only one.
     *
     * @param samples N
     */
    public static int[] starts(int samples) {
        int frames = samples / HOP + 1; // ceil((N + 1) / hop)
        int count = (Math.max(1, frames - PART_FRAMES + STEP + 1) + STEP - 1) / STEP;
        double covered = (samples - (count - 1) * STEP * HOP) / (double) (PART_FRAMES * HOP);
        if (count > 1 && covered < LEAST_COVERAGE) {
            count--;
        }
        int[] starts = new int[count];
        for (int i = 0; i < count; i++) {
            starts[i] = i * STEP;
        }
        return starts;
    }

    /** What raises a recording to -30 dB of full scale; 1 for one above it. */
    static float gain(float[] samples) {
        double squares = 0;
        for (float v : samples) {
            squares += v * (double) v;
        }
        double db = 10 * Math.log10(squares / samples.length);
        return db >= LEAST_DB ? 1 : (float) Math.pow(10, (LEAST_DB - db) / 20);
    }

    /**
     * Mel frames [T, M] of a recording with silence around it: the power in bands of Slaney's scale, librosa's
     * melspectrogram for windows of 25 ms centred on each 10 ms.
     *
     * @param from first frame
     * @param to the frame behind the last
     */
    NDArray mel(NDManager manager, float[] samples, float gain, int from, int to) {
        float[] x = new float[(to - from - 1) * HOP + FFT];
        int begin = from * HOP - FFT / 2;
        for (int i = Math.max(0, -begin); i < x.length && begin + i < samples.length; i++) {
            x[i] = samples[begin + i] * gain;
        }
        try (NDManager scratch = manager.newSubManager()) {
            NDArray power = scratch.create(x)
                    .stft(FFT, HOP, false, scratch.hanningWindow(FFT), true)
                    .real() // [F, T, 2]
                    .square()
                    .sum(new int[] {2}); // [F, T]
            NDArray bank = scratch.create(MelFilters.bank(RATE_HZ, FFT, sizes.mels, 0, RATE_HZ / 2.0)); // [M, F]
            return scratch.ret(bank.matMul(power).transpose());
        }
    }

    /**
     * The forward pass: mel [B, T, M] to embeddings [B, E] of length 1, which belong to the mel's manager.
     *
     * @param mel power, without a logarithm; T is 160 in use
     */
    public NDArray walk(NDArray mel) {
        long b = Axes.of("speaker encoder")
                .fix("M", sizes.mels)
                .require("mel", mel, "B T M")
                .size("B");
        NDManager owner = mel.getManager();
        NDArray zeros = owner.zeros(new Shape(sizes.layers, b, sizes.hidden));
        NDArray hidden = mel.getNDArrayInternal()
                .lstm(mel, new NDList(zeros, zeros), lstm(), true, sizes.layers, 0, false, false, true)
                .get(1) // [layers, B, H], the states after the last frame
                .get(sizes.layers - 1); // [B, H]
        NDArray raw = Activation.relu(Linear.linear(hidden, weights.get("linear.weight"), weights.get("linear.bias"))
                .singletonOrThrow()); // [B, E]
        return raw.div(raw.norm(new int[] {1}, true));
    }

    /** The tensors of the LSTM, layer by layer, in the engine's order, which is the table's. */
    private NDList lstm() {
        List<NDArray> tensors = new ArrayList<>();
        weights.inUse().forEach((name, tensor) -> {
            if (name.startsWith("lstm.")) {
                tensors.add(tensor);
            }
        });
        return new NDList(tensors);
    }

    @Override
    public void close() {
        weights.close();
    }
}
