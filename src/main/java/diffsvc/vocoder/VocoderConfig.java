package diffsvc.vocoder;

import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.files.WholeFile;
import diffsvc.hparams.Hparams;
import diffsvc.hparams.HparamsYaml;
import diffsvc.hparams.VocoderKind;
import diffsvc.tensor.Cost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * A vocoder's own configuration, the file beside its weights: what no tensor shows, and the front end of its mels.
 *
 * @param file where it was read, for messages
 * @param rateHz of the wave
 * @param mels M
 * @param channels before the first upsampling
 * @param rates of the upsamplings
 * @param kernels of the upsamplings
 * @param blockKernels of the residual blocks at one scale
 * @param dilations of each residual block
 * @param twoFold residual blocks of kind 1, {@code resblock: '1'}; Python compares with the text, so an unquoted 1 in
 *     YAML means kind 2 there
 */
public record VocoderConfig(
        Path file,
        int rateHz,
        int fftSize,
        int windowSamples,
        double fminHz,
        double fmaxHz,
        int mels,
        int channels,
        int[] rates,
        int[] kernels,
        int[] blockKernels,
        int[][] dilations,
        boolean twoFold) {
    private static final String STAGE = "vocoder";

    /** Samples of the wave for each frame: the product of the rates. */
    public int hopSamples() {
        int hop = 1;
        for (int rate : rates) {
            hop *= rate;
        }
        return hop;
    }

    /** Names and shapes of the generator's tensors, weight norm folded in. */
    public Map<String, Shape> table() {
        return HifiGanNet.table(sizes(true));
    }

    /**
     * The configuration of the published weights.
     *
     * @throws IllegalArgumentException for the vocoder without weights
     */
    public static VocoderConfig published(VocoderKind kind) {
        return switch (kind) {
            case NSF_HIFIGAN ->
                new VocoderConfig(
                        Path.of("config.json"),
                        44100,
                        2048,
                        2048,
                        40,
                        16000,
                        128,
                        512,
                        new int[] {8, 8, 2, 2, 2},
                        new int[] {16, 16, 4, 4, 4},
                        new int[] {3, 7, 11},
                        new int[][] {{1, 3, 5}, {1, 3, 5}, {1, 3, 5}},
                        true);
            case HIFIGAN ->
                new VocoderConfig(
                        Path.of("config.yaml"),
                        24000,
                        512,
                        512,
                        30,
                        12000,
                        80,
                        512,
                        new int[] {8, 4, 2, 2},
                        new int[] {16, 8, 4, 4},
                        new int[] {3, 7, 11},
                        new int[][] {{1, 3, 5}, {1, 3, 5}, {1, 3, 5}},
                        true);
            case SOURCE_FILTER -> throw new IllegalArgumentException(kind.text() + " has no configuration");
        };
    }

    /**
     * The configuration beside a vocoder's weights, NAME.json or config.json, NAME.yaml or config.yaml.
     *
     * @throws Problem when it is missing, or a key is missing or no number
     * @throws IllegalArgumentException for the vocoder without weights
     */
    public static VocoderConfig of(VocoderKind kind, Path weights) {
        return switch (kind) {
            case NSF_HIFIGAN -> json(beside(weights, kind.configEnding()));
            case HIFIGAN -> yaml(beside(weights, kind.configEnding()));
            case SOURCE_FILTER -> throw new IllegalArgumentException(kind.text() + " has no configuration");
        };
    }

    private static VocoderConfig json(Path file) {
        try {
            JsonObject o = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            Reader in = new Reader(file, key -> value(o.get(key)));
            return in.config("sampling_rate", "n_fft", "win_size", "num_mels");
        } catch (JsonParseException | IllegalStateException e) {
            throw Problem.in(STAGE, file, "a JSON object", "a syntax error", "copy the file again");
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a readable file", WholeFile.reason(e), "check its permissions");
        }
    }

    private static VocoderConfig yaml(Path file) {
        Map<String, Object> map = HparamsYaml.map(file);
        return new Reader(file, map::get).config("audio_sample_rate", "fft_size", "win_size", "audio_num_mel_bins");
    }

    /** The mel that the vocoder was trained on; what a mel is clipped to stands in no configuration. */
    Hparams.Audio audio() {
        Hparams.Audio ours = Hparams.defaults().audio();
        return new Hparams.Audio(
                rateHz, hopSamples(), windowSamples, fftSize, mels, fminHz, fmaxHz, ours.melVmin(), ours.melVmax());
    }

    /**
     * Memory over T frames: one part of the wave, and the source and the wave as a whole. Where big blocks come from
     * the system and go back to it, as the launcher sets it for {@code infer}, JShell and notebooks; kept blocks leave
     * gaps.
     *
     * @param kind whose name stands in tables
     */
    public Cost cost(VocoderKind kind) {
        return new Cost(
                kind.text(),
                rateHz / (double) hopSamples(),
                Cost.bytes(table()),
                (b, t) -> PART_BYTES + Cost.FLOAT * 33 * hopSamples() * b * t);
    }

    /**
     * What one part of the wave takes. From 200 to 3000 frames NSF-HiFiGAN took 150 to 367 MiB and HiFiGAN 95 to 195:
     * beside the part, the noise of nine harmonics and the wave grow with the frames.
     */
    private static final double PART_BYTES = 160 * Cost.MIB;

    private static Path beside(Path weights, String ending) {
        String name = weights.getFileName().toString();
        String stem = name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : name;
        Path own = weights.resolveSibling(stem + ending), common = weights.resolveSibling("config" + ending);
        if (Files.isRegularFile(own)) {
            return own;
        }
        if (Files.isRegularFile(common)) {
            return common;
        }
        throw Problem.in(
                STAGE,
                weights,
                stem + ending + " or config" + ending + " beside it",
                "neither",
                "put the configuration that came with the vocoder there");
    }

    private static Object value(JsonElement e) {
        if (e == null || e.isJsonNull()) {
            return null;
        }
        if (e.isJsonArray()) {
            List<Object> list = new ArrayList<>();
            e.getAsJsonArray().forEach(x -> list.add(value(x)));
            return list;
        }
        return e.isJsonPrimitive() && e.getAsJsonPrimitive().isNumber()
                ? (Object) e.getAsDouble()
                : e.isJsonPrimitive() ? e.getAsString() : e;
    }

    /** Reads the keys of either file. */
    private record Reader(Path file, Function<String, Object> values) {
        VocoderConfig config(String rate, String fft, String window, String mels) {
            return new VocoderConfig(
                    file,
                    whole(rate),
                    whole(fft),
                    whole(window),
                    number("fmin"),
                    number("fmax"),
                    whole(mels),
                    whole("upsample_initial_channel"),
                    list("upsample_rates"),
                    list("upsample_kernel_sizes"),
                    list("resblock_kernel_sizes"),
                    lists("resblock_dilation_sizes"),
                    "1".equals(values.apply("resblock")));
        }

        double number(String key) {
            if (values.apply(key) instanceof Number n) {
                return n.doubleValue();
            }
            throw wrong(key, "a number");
        }

        int whole(String key) {
            double n = number(key);
            if (n != Math.rint(n) || n < 1 || n > 1e9) {
                throw wrong(key, "a whole number above 0");
            }
            return (int) n;
        }

        int[] list(String key) {
            if (!(values.apply(key) instanceof List<?> list) || list.isEmpty()) {
                throw wrong(key, "a list of whole numbers");
            }
            return list.stream()
                    .mapToInt(o -> {
                        if (o instanceof Number n && n.doubleValue() == n.intValue() && n.intValue() > 0) {
                            return n.intValue();
                        }
                        throw wrong(key, "a list of whole numbers above 0");
                    })
                    .toArray();
        }

        int[][] lists(String key) {
            if (!(values.apply(key) instanceof List<?> list) || list.isEmpty()) {
                throw wrong(key, "a list of lists");
            }
            return list.stream()
                    .map(inner -> new Reader(file, k -> inner).list(key))
                    .toArray(int[][]::new);
        }

        Problem wrong(String key, String need) {
            return Problem.in(
                    STAGE,
                    file,
                    key + ": " + need,
                    String.valueOf(values.apply(key)),
                    "use the configuration that came with the vocoder");
        }
    }

    HifiGanNet.Sizes sizes(boolean withSource) {
        return new HifiGanNet.Sizes(mels, channels, rates, kernels, blockKernels, dilations, twoFold, withSource);
    }

    /** The sizes of the network in a file; whether it has a source shows in the file. */
    HifiGanNet.Sizes sizes(StateDict state) {
        if (kernels.length != rates.length || dilations.length != blockKernels.length) {
            throw Problem.in(
                    STAGE,
                    file,
                    "as many upsample_kernel_sizes as upsample_rates, and resblock_dilation_sizes as resblock_kernel_sizes",
                    kernels.length + " and " + rates.length + ", " + dilations.length + " and " + blockKernels.length,
                    "use the configuration that came with the vocoder");
        }
        return sizes(state.tensors().containsKey("m_source.l_linear.weight"));
    }
}
