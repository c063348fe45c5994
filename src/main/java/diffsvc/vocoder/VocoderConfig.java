package diffsvc.vocoder;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import diffsvc.check.Problem;
import diffsvc.checkpoint.StateDict;
import diffsvc.hparams.HparamsYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A vocoder's own configuration, the file beside its weights: what no tensor tells, and the front end its mels must
 * come from.
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

    /**
     * T samples of the wave for each frame.
     *
     * @return product of the rates
     */
    public int hopSamples() {
        int hop = 1;
        for (int rate : rates) {
            hop *= rate;
        }
        return hop;
    }

    /**
     * The generator's tensors, weight norm folded in, and their shapes.
     *
     * @return names and shapes
     */
    public Map<String, ai.djl.ndarray.types.Shape> table() {
        return HifiGanNet.table(sizes(true));
    }

    /**
     * The published NSF-HiFiGAN for 44.1 kHz.
     *
     * @return the configuration
     */
    public static VocoderConfig published() {
        return new VocoderConfig(
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
    }

    /**
     * NAME.json or config.json beside the weights.
     *
     * @param weights path of the vocoder
     * @return the configuration
     */
    public static VocoderConfig json(Path weights) {
        Path file = beside(weights, ".json");
        try {
            JsonObject o = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            Reader in = new Reader(file, key -> value(o.get(key)));
            return in.config("sampling_rate", "n_fft", "win_size", "num_mels");
        } catch (JsonParseException | IllegalStateException e) {
            throw Problem.in(STAGE, file, "a JSON object", "a syntax error", "copy the file again");
        } catch (IOException e) {
            throw Problem.in(STAGE, file, "a readable file", e.getClass().getSimpleName(), "check its permissions");
        }
    }

    /**
     * NAME.yaml or config.yaml beside the weights.
     *
     * @param weights path of the vocoder
     * @return the configuration
     */
    public static VocoderConfig yaml(Path weights) {
        Path file = beside(weights, ".yaml");
        Map<String, Object> map = HparamsYaml.map(file);
        return new Reader(file, map::get).config("audio_sample_rate", "fft_size", "win_size", "audio_num_mel_bins");
    }

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

    /** One way to ask either file. */
    private record Reader(Path file, java.util.function.Function<String, Object> values) {
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

    void requireFrames(int values, int bins, int frames) {
        if (values != bins * frames) {
            throw Problem.in(
                    STAGE,
                    "mel and F0 of one frame count, " + bins + " bins",
                    values + " mel values and " + frames + " frames of F0",
                    "pass the two as one stage gave them");
        }
    }
}
