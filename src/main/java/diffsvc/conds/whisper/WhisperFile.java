package diffsvc.conds.whisper;

import diffsvc.check.Problem;
import diffsvc.checkpoint.Safetensors;
import diffsvc.checkpoint.StateDict;
import diffsvc.checkpoint.TorchTensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Whisper's encoder in the files of three programs: openai's .pt, transformers' safetensors or .bin, CTranslate2's
 * model.bin. All become the names of openai's file without "encoder."; the decoder is left out.
 */
public final class WhisperFile {
    private static final String STAGE = "checkpoint", LAYER = "layers.N.";
    /** Module by module: openai's name, transformers', CTranslate2's with points for its slashes. N is a layer. */
    private static final String[][] NAMES = table(
            """
            conv1                conv1                           conv1
            conv2                conv2                           conv2
            blocks.N.attn_ln     layers.N.self_attn_layer_norm   layers.N.self_attention.layer_norm
            blocks.N.attn.query  layers.N.self_attn.q_proj       layers.N.self_attention.query
            blocks.N.attn.key    layers.N.self_attn.k_proj       layers.N.self_attention.key
            blocks.N.attn.value  layers.N.self_attn.v_proj       layers.N.self_attention.value
            blocks.N.attn.out    layers.N.self_attn.out_proj     layers.N.self_attention.linear_1
            blocks.N.mlp_ln      layers.N.final_layer_norm       layers.N.ffn.layer_norm
            blocks.N.mlp.0       layers.N.fc1                    layers.N.ffn.linear_0
            blocks.N.mlp.2       layers.N.fc2                    layers.N.ffn.linear_1
            ln_post              layer_norm                      layer_norm
            """);
    /** The tensors whose names are no module's and parameter's: openai's, transformers', CTranslate2's. */
    private static final String[] POSITIONS = {
        "positional_embedding", "embed_positions.weight", "position_encodings.encodings"
    };

    private static final int OPENAI = 0, TRANSFORMERS = 1, CTRANSLATE2 = 2;

    private WhisperFile() {}

    private static String[][] table(String text) {
        return text.lines().map(line -> line.split(" +")).toArray(String[][]::new);
    }

    /**
     * The encoder's tensors by openai's names without "encoder.".
     *
     * @throws Problem when the file holds no Whisper encoder, or one of whole numbers
     */
    static StateDict encoder(Path file) {
        return encoder(StateDict.read(file));
    }

    static StateDict encoder(StateDict whole) {
        StateDict plain = whole.under("encoder."), wrapped = whole.under("model.encoder.");
        StateDict found;
        if (plain.tensors().containsKey(POSITIONS[OPENAI])) {
            found = plain;
        } else if (plain.tensors().containsKey(POSITIONS[TRANSFORMERS])) {
            found = renamed(plain, TRANSFORMERS);
        } else if (wrapped.tensors().containsKey(POSITIONS[TRANSFORMERS])) {
            found = renamed(wrapped, TRANSFORMERS);
        } else {
            StateDict slashes = whole.under("encoder/");
            if (slashes.tensors().isEmpty()) {
                throw Problem.in(
                        STAGE,
                        whole.file(),
                        "the encoder of Whisper: encoder." + POSITIONS[OPENAI] + ", encoder." + POSITIONS[TRANSFORMERS]
                                + " or encoder/conv1",
                        whole.tensors().size() + " tensors, the first named "
                                + whole.tensors().keySet().iterator().next(),
                        "give a file of openai's, transformers or CTranslate2");
            }
            found = renamed(split(pointed(slashes)), CTRANSLATE2);
        }
        found.tensors().forEach((name, tensor) -> {
            if (!tensor.type().isFloating()) {
                throw Problem.in(
                        STAGE,
                        whole.file(),
                        "floating-point weights",
                        name + " is " + tensor,
                        "take a file that was converted without quantization, or with float16");
            }
        });
        return found;
    }

    /**
     * Writes the encoder of a file alone, as safetensors with openai's names, values and types unchanged.
     *
     * @param whole any of the three layouts
     * @param target not there yet, or ours to replace
     */
    public static void writeEncoder(Path whole, Path target) {
        Map<String, TorchTensor> named = new LinkedHashMap<>();
        encoder(whole).tensors().forEach((name, tensor) -> named.put("encoder." + name, tensor));
        Safetensors.write(target, named, Map.of("format", "pt"));
    }

    /** By openai's names, in the table's order; names that are not in the table stay as they are, at the end. */
    private static StateDict renamed(StateDict theirs, int column) {
        Map<String, TorchTensor> left = new LinkedHashMap<>(theirs.tensors()), ours = new LinkedHashMap<>();
        move(left, POSITIONS[column], ours, POSITIONS[OPENAI]);
        int layers = theirs.layers("layers.");
        for (String[] row : NAMES) {
            for (int i = 0; i < (row[column].startsWith(LAYER) ? layers : 1); i++) {
                for (String parameter : List.of("weight", "bias")) {
                    String end = "." + parameter;
                    move(
                            left,
                            row[column].replace("N", String.valueOf(i)) + end,
                            ours,
                            row[OPENAI].replace("N", String.valueOf(i)) + end);
                }
            }
        }
        ours.putAll(left);
        return new StateDict(theirs.file(), ours);
    }

    private static void move(Map<String, TorchTensor> from, String old, Map<String, TorchTensor> to, String name) {
        TorchTensor tensor = from.remove(old);
        if (tensor != null) {
            to.put(name, tensor);
        }
    }

    /** CTranslate2's names with points, and with torch's words for the parameters of a norm. */
    private static StateDict pointed(StateDict slashes) {
        Map<String, TorchTensor> named = new LinkedHashMap<>();
        slashes.tensors()
                .forEach((name, tensor) -> named.put(
                        name.replace('/', '.')
                                .replaceFirst("^layer_(?=\\d)", "layers.")
                                .replaceFirst("\\.gamma$", ".weight")
                                .replaceFirst("\\.beta$", ".bias"),
                        tensor));
        named.remove("num_heads"); // one for every 64 channels in every Whisper
        return new StateDict(slashes.file(), named);
    }

    /**
     * CTranslate2 stacks query, key and value in one matrix and one bias. Whisper's key has none: its part is zeros.
     */
    private static StateDict split(StateDict stacked) {
        Map<String, TorchTensor> all = new LinkedHashMap<>(stacked.tensors());
        for (int i = 0; i < stacked.layers("layers."); i++) {
            String layer = "layers." + i + ".self_attention.";
            for (String parameter : List.of(".weight", ".bias")) {
                TorchTensor three = all.remove(layer + "linear_0" + parameter);
                if (three == null || three.shape().length == 0 || three.shape()[0] % 3 != 0) {
                    throw Problem.in(
                            STAGE,
                            stacked.file(),
                            "query, key and value stacked in layer " + i,
                            three == null ? "a file without them" : three.toString(),
                            "give a file of Whisper");
                }
                long d = three.shape()[0] / 3;
                all.put(layer + "query" + parameter, three.rows(0, d));
                all.put(layer + "value" + parameter, three.rows(2 * d, 3 * d));
                TorchTensor key = three.rows(d, 2 * d);
                if (parameter.equals(".weight")) {
                    all.put(layer + "key" + parameter, key);
                } else {
                    for (float v : key.toFloats()) {
                        if (v != 0) {
                            throw Problem.in(
                                    STAGE,
                                    stacked.file(),
                                    "a key without a bias in layer " + i,
                                    "a bias of " + v,
                                    "give a file of Whisper");
                        }
                    }
                }
            }
        }
        return new StateDict(stacked.file(), all);
    }
}
